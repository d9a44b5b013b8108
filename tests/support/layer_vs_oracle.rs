//! Answers of an upstream made of any bytes, and the word of the oracle on what a client may get of them (spec 5).

use super::documents;
use super::engine_vs_oracle::{FIELDS, compile};
use super::fuzz_input::Choices;
use super::oracle::{self, Fault, Masked, Revealed, RuleSet};
use bytes::{Bytes, BytesMut};
use http::header::{ACCEPT_ENCODING, CACHE_CONTROL, CONTENT_ENCODING, CONTENT_LENGTH, CONTENT_TYPE};
use http::{HeaderMap, HeaderName, HeaderValue, Method, Request, Response, StatusCode};
use http_body::{Body, Frame};
use http_body_util::Full;
use last4::codec::{Codings, DecodeError, Decoder, Encoder, Progress};
use last4::layer::{InspectedBody, MaskLayer, MaskRule, Outcome, Report};
use last4::mask::{ErrorKind, Reveal};
use last4::route::{Pattern, Route, RouteSet};
use std::collections::VecDeque;
use std::convert::Infallible;
use std::pin::{Pin, pin};
use std::sync::LazyLock;
use std::task::{Context, Poll, Waker};
use tower::{Layer, Service};

/// The layer shows a client no more than the oracle allows, and all that it requires.
pub(crate) fn no_answer_leaks(data: &[u8]) {
    let exchange = Exchange::from(&mut Choices::new(data));
    let got = exchange.run();
    exchange.judge(&got);
}

/// One input for each choice at each of the first places, the others being those of an ordinary list or of an ordinary created
/// object; the order is that of [`Exchange::from`].
pub(crate) fn seeds() -> Vec<Vec<u8>> {
    let list: [u8; 20] = [0, 1, 0, 0, 0, 0, 0, 0, 0, 0, 0, 0, 0, 0, 0, 0, 1, 2, 0, 0];
    let created: [u8; 20] = [1, 1, 3, 0, 0, 0, 0, 0, 0, 0, 0, 0, 0, 0, 0, 0, 2, 0, 0, 0];
    let mut seeds = Vec::new();
    for ordinary in [list, created] {
        for at in 0..ordinary.len() {
            for byte in 0..64 {
                let mut seed = ordinary;
                seed[at] = byte;
                seeds.push(seed.to_vec());
            }
        }
    }
    seeds
}

const METHODS: [&str; 10] = ["GET", "POST", "GET", "POST", "HEAD", "PUT", "DELETE", "OPTIONS", "get", "post"];

const STATUSES: [u16; 20] =
    [200, 200, 200, 201, 202, 204, 206, 207, 226, 301, 304, 307, 400, 401, 404, 416, 500, 503, 101, 102];

/// Values of `Accept-Encoding`, and the codings that they admit.
const ACCEPTED: [(&[&str], &[&str]); 10] = [
    (&[], &[]),
    (&["gzip, deflate, br, zstd"], &["gzip", "deflate", "br", "zstd"]),
    (&["gzip"], &["gzip"]),
    (&["br;q=0.5", "zstd"], &["br", "zstd"]),
    (&["*"], &["gzip", "deflate", "br", "zstd"]),
    (&["gzip;q=0, *"], &["deflate", "br", "zstd"]),
    (&["identity"], &[]),
    (&["*;q=0"], &[]),
    (&["gzip;q=2, dcz"], &[]),
    (&["X-GZIP, deflate;q=0.001"], &["gzip", "deflate"]),
];

/// Values of `Content-Encoding`, and the codings that they name; `None` for codings that cannot be undone.
const CODED: [(&[&str], Option<&[&str]>); 19] = [
    (&[], Some(&[])),
    (&[], Some(&[])),
    (&["gzip"], Some(&["gzip"])),
    (&["br"], Some(&["br"])),
    (&["zstd"], Some(&["zstd"])),
    (&["deflate"], Some(&["deflate"])),
    (&["X-GZip"], Some(&["gzip"])),
    (&["identity"], Some(&[])),
    (&["gzip, gzip"], Some(&["gzip", "gzip"])),
    (&["br", "gzip"], Some(&["br", "gzip"])),
    (&["zstd, identity, , deflate"], Some(&["zstd", "deflate"])),
    (&["gzip, gzip, gzip, gzip, gzip"], None),
    (&["compress"], None),
    (&["gzip", "dcz"], None),
    (&["gzip;q=1"], None),
    (&["aws-chunked"], None),
    (&[""], Some(&[])),
    (&["none"], Some(&[])),
    (&["UTF-8", "gzip"], Some(&["gzip"])),
];

#[derive(Clone, Copy, PartialEq)]
enum Kind {
    Json,
    Any,
    Never,
    Charset,
}

const TYPES: [(&str, Kind); 20] = [
    ("application/json", Kind::Json),
    ("Application/JSON; Charset=\"UTF-8\"", Kind::Json),
    ("text/json", Kind::Json),
    ("application/problem+json", Kind::Json),
    ("text/plain", Kind::Any),
    ("text/html; charset=utf-8", Kind::Any),
    ("application/octet-stream", Kind::Any),
    ("", Kind::Any),
    ("nonsense", Kind::Any),
    ("multipart/mixed; boundary=x", Kind::Never),
    ("text/event-stream", Kind::Never),
    ("application/json; charset=utf-16", Kind::Charset),
    ("text/plain;charset=latin1", Kind::Charset),
    ("application/json;charset='utf-7'", Kind::Charset),
    ("application/x-ndjson", Kind::Any),
    ("image/png", Kind::Any),
    ("application/json; charset*=us-ascii''utf-7", Kind::Charset),
    ("application/json; charset*0=utf; charset*1=-7", Kind::Charset),
    ("application/json charset=utf-7", Kind::Charset),
    ("application/json, multipart/mixed; boundary=x", Kind::Never),
];

/// What speaks of the body's bytes, and is false or tells of the secret once they changed.
const ABOUT_BYTES: [&str; 9] = [
    "etag", "last-modified", "digest", "content-digest", "repr-digest", "content-md5", "accept-ranges", "signature",
    "trailer",
];

static DOCUMENTS: LazyLock<Vec<documents::Document>> = LazyLock::new(documents::all);

/// One piece of what an upstream's body does.
#[derive(Clone, Debug)]
enum Event {
    Data(Bytes),
    Waits,
    Trailers,
    Fails,
}

#[derive(Debug)]
struct Upstream(VecDeque<Event>);

impl Body for Upstream {
    type Data = Bytes;
    type Error = &'static str;

    fn poll_frame(mut self: Pin<&mut Self>, cx: &mut Context<'_>) -> Poll<Option<Result<Frame<Bytes>, &'static str>>> {
        match self.0.pop_front() {
            Some(Event::Data(data)) => Poll::Ready(Some(Ok(Frame::data(data)))),
            Some(Event::Waits) => {
                cx.waker().wake_by_ref();
                Poll::Pending
            }
            Some(Event::Trailers) => {
                let trailers = [(HeaderName::from_static("x-secret"), HeaderValue::from_static("app-in-a-trailer"))];
                Poll::Ready(Some(Ok(Frame::trailers(trailers.into_iter().collect()))))
            }
            Some(Event::Fails) => {
                self.0.clear();
                Poll::Ready(Some(Err("the upstream went away")))
            }
            None => Poll::Ready(None),
        }
    }

    fn is_end_stream(&self) -> bool {
        self.0.is_empty()
    }
}

/// A request, the upstream's answer to it, and the rule of its route.
#[derive(Debug)]
struct Exchange {
    method: Method,
    target: &'static str,
    overridden: bool,
    accepts: usize,
    status: StatusCode,
    codings: usize,
    types: Vec<usize>,
    partial: bool,
    transfer_coded: bool,
    headers: HeaderMap,
    events: Vec<Event>,
    rules: RuleSet,
    hold_bytes: usize,
    max_body_bytes: Option<u64>,
}

/// What a client got.
#[derive(Debug)]
struct Got {
    head: http::response::Parts,
    pieces: Vec<Bytes>,
    trailers: bool,
    /// Why the body ended before its end.
    cut: Option<&'static str>,
}

impl Exchange {
    fn from(choices: &mut Choices<'_>) -> Self {
        let method = Method::from_bytes(choices.one_of(&METHODS).as_bytes()).unwrap();
        let accepts = choices.below(ACCEPTED.len());
        let status = StatusCode::from_u16(choices.one_of(&STATUSES)).unwrap();
        let codings = choices.below(CODED.len());
        let types: Vec<usize> = (0..[1, 1, 1, 0, 2, 1][choices.below(6)]).map(|_| choices.below(TYPES.len())).collect();
        let rare = choices.byte();
        let (overridden, partial, transfer_coded) = (rare & 15 == 1, rare & 15 == 2, rare & 15 == 3);
        let target = if rare & 16 == 16 { "/keys?_method=GET" } else { "/keys?page=1" };
        let hold_bytes = choices.one_of(&[65_536, 0, 1, 40, 300]);
        let max_body_bytes = choices.one_of(&[Some(1 << 20), None, Some(30), Some(200)]);
        let rules = RuleSet {
            fields: FIELDS[[0, 0, 0, 1, 2, 3, 6][choices.below(7)]].iter().map(|&field| field.to_owned()).collect(),
            reveal: match choices.below(3) {
                0 | 1 => Revealed::TopLevel,
                _ => Revealed::Fields(vec!["$.token".to_owned(), "$.data.token".to_owned()]),
            },
            ndjson: choices.seldom(5),
            max_depth: if choices.seldom(7) { 3 } else { 512 },
            ..RuleSet::default()
        };
        let (labelled, spoiling, framing) = (!choices.seldom(9), choices.byte(), choices.byte());
        let coded_in = if labelled { codings } else { choices.below(CODED.len()) };
        let plain = plain_body(choices);
        let mut body = encode(CODED[coded_in].1.unwrap_or(&[]), &plain);
        spoil(&mut body, spoiling, choices);
        let events = events(&body, framing);
        let mut exchange = Self {
            method,
            target,
            overridden: overridden || rare & 16 == 16,
            accepts,
            status,
            codings,
            types,
            partial,
            transfer_coded,
            headers: HeaderMap::new(),
            events,
            rules,
            hold_bytes,
            max_body_bytes,
        };
        exchange.headers = exchange.upstream_headers(body.len());
        exchange
    }

    fn upstream_headers(&self, length: usize) -> HeaderMap {
        let mut headers = HeaderMap::new();
        for name in ABOUT_BYTES {
            headers.insert(HeaderName::from_static(name), HeaderValue::from_static("of the upstream"));
        }
        for (name, value) in
            [("set-cookie", "a=1"), ("access-control-allow-origin", "https://a"), ("x-request-id", "7")]
        {
            headers.insert(HeaderName::from_static(name), HeaderValue::from_static(value));
        }
        headers.insert(CONTENT_LENGTH, HeaderValue::from(length));
        for &number in &self.types {
            headers.append(CONTENT_TYPE, HeaderValue::from_static(TYPES[number].0));
        }
        for value in CODED[self.codings].0 {
            headers.append(CONTENT_ENCODING, HeaderValue::from_static(value));
        }
        if self.partial {
            headers.insert("content-range", HeaderValue::from_static("bytes 0-9/100"));
        }
        if self.transfer_coded {
            headers.insert("transfer-encoding", HeaderValue::from_static("gzip, chunked"));
        }
        headers
    }

    fn run(&self) -> Got {
        let reveal = match &self.rules.reveal {
            Revealed::Fields(fields) => Reveal::paths(fields).unwrap(),
            _ => Reveal::TopLevel,
        };
        let rule = MaskRule::new(compile(&self.rules))
            .with_reveal([Method::POST], reveal)
            .with_hold_bytes(self.hold_bytes)
            .with_max_body_bytes(self.max_body_bytes);
        let route = Route { name: "keys".to_owned(), pattern: Pattern::template("/keys").unwrap(), rule };
        let in_body = self.overridden && self.method == Method::POST && self.hold_bytes.is_multiple_of(2);
        let text = if in_body { "a=1&_method=GET" } else { "" };
        let mut request = Request::new(Full::new(Bytes::from_static(text.as_bytes())));
        *request.method_mut() = self.method.clone();
        *request.uri_mut() = self.target.parse().unwrap();
        for value in ACCEPTED[self.accepts].0 {
            request.headers_mut().append(ACCEPT_ENCODING, HeaderValue::from_static(value));
        }
        if self.overridden && !in_body && !self.target.contains("_method") {
            request.headers_mut().insert("x-http-method-override", HeaderValue::from_static("GET"));
        }
        let answer = |request: Request<InspectedBody<Full<Bytes>>>| {
            let mut body = pin!(request.into_body());
            while until_ready(|cx| body.as_mut().poll_frame(cx)).is_some() {}
            let mut response = Response::new(Upstream(self.events.iter().cloned().collect()));
            *response.status_mut() = self.status;
            *response.headers_mut() = self.headers.clone();
            std::future::ready(Ok::<_, Infallible>(response))
        };
        let mut service = MaskLayer::new(RouteSet::compile(vec![route]).unwrap()).layer(tower::service_fn(answer));
        let mut future = pin!(service.call(request));
        let Ok(response) = until_ready(|cx| future.as_mut().poll(cx));
        let (head, body) = response.into_parts();
        let mut got = Got { head, pieces: Vec::new(), trailers: false, cut: None };
        let mut body = pin!(body);
        loop {
            match until_ready(|cx| body.as_mut().poll_frame(cx)) {
                Some(Ok(frame)) => match frame.into_data() {
                    Ok(data) => got.pieces.push(data),
                    Err(_) => got.trailers = true,
                },
                Some(Err(last4::body::BodyError::Withheld(reason))) => {
                    got.cut = Some(reason.as_str());
                    break;
                }
                Some(Err(error)) => panic!("{error} on a masked route, {self:?}"),
                None => break,
            }
        }
        got
    }

    fn judge(&self, got: &Got) {
        assert!(!got.trailers, "a trailer passed, {self:?}");
        let outcome = got.head.extensions.get::<Report>().expect("every answer of a masked route has a report").outcome;
        let (must, may) = self.verdict();
        match outcome {
            Outcome::Bodiless => {
                assert!(must == Some(Must::Bodiless), "{must:?}, not bodiless, {self:?}");
                assert!(got.pieces.is_empty() && got.cut.is_none(), "{got:?}, {self:?}");
                let mut headers = self.headers.clone();
                if self.method == Method::HEAD {
                    headers.remove(CONTENT_LENGTH);
                }
                assert_eq!((got.head.status, &got.head.headers), (self.status, &headers), "{self:?}");
            }
            Outcome::Withheld(reason) => {
                assert!(must == Some(Must::Withhold(reason.as_str())), "{must:?}, not {reason}, {self:?}");
                self.check_withheld(got, reason.as_str());
            }
            Outcome::Masked(_) => {
                assert!(must.is_none(), "{must:?}, not masked, {self:?}");
                assert_eq!(got.cut, None, "{self:?}");
                self.check_masked(got, &may);
            }
            Outcome::Streaming => {
                assert!(may.given_out.len() > self.hold_bytes, "nothing had to be streamed yet, {self:?}");
                let expected = match must {
                    None => None,
                    Some(Must::Withhold(reason)) => Some(reason),
                    Some(Must::Bodiless) => panic!("a body where none may be, {self:?}"),
                };
                assert_eq!(got.cut, expected, "{self:?}");
                self.check_changed(got, &may);
                assert!(!got.head.headers.contains_key(CONTENT_LENGTH), "a length nobody knows, {self:?}");
            }
            _ => panic!("{outcome:?}, {self:?}"),
        }
    }

    /// What must become of the answer, `None` for masked; and what of its body may be given out.
    fn verdict(&self) -> (Option<Must>, May) {
        let withheld = |reason| (Some(Must::Withhold(reason)), May::default());
        if self.status.is_informational() {
            return withheld("upgrade");
        }
        if self.method == Method::HEAD || matches!(self.status.as_u16(), 204 | 304) || self.events.is_empty() {
            return (Some(Must::Bodiless), May::default());
        }
        if self.status.as_u16() == 206 || self.partial {
            return withheld("partial-content");
        }
        let Some(codings) = CODED[self.codings].1.filter(|_| !self.transfer_coded) else {
            return withheld("unknown-encoding");
        };
        let kinds: Vec<Kind> = self.types.iter().map(|&number| TYPES[number].1).collect();
        match kinds.iter().find(|kind| matches!(kind, Kind::Never | Kind::Charset)) {
            Some(Kind::Never) => return withheld("not-json"),
            Some(_) => return withheld("charset"),
            None => {}
        }
        let announced: Option<u64> = self.headers[CONTENT_LENGTH].to_str().unwrap().parse().ok();
        if codings.is_empty() && announced.zip(self.max_body_bytes).is_some_and(|(length, most)| length > most) {
            return withheld("too-large");
        }
        let (plain, fault) = self.decoded(codings);
        if plain.is_empty() && fault.is_none() {
            return (None, May { whole: true, ..May::default() });
        }
        let mut rules = self.rules.clone();
        if !self.reveals() {
            rules.reveal = Revealed::Nothing;
        }
        let not_json = if kinds.contains(&Kind::Json) { "invalid-json" } else { "not-json" };
        let (given_out, masked, json_fault) = match oracle::mask(&rules, &plain) {
            Ok(Masked { output, counts }) => (output, counts.masked, None),
            Err(Fault { kind: ErrorKind::TooDeep, readable, .. }) => (readable, 0, Some("too-deep")),
            // If decoding failed, the text is incomplete for that reason.
            Err(Fault { kind: ErrorKind::Incomplete, readable, .. }) => (readable, 0, fault.or(Some(not_json))),
            Err(Fault { readable, .. }) => (readable, 0, Some(not_json)),
        };
        let must = json_fault.or(fault).map(Must::Withhold);
        (must, May { given_out, masked, whole: must.is_none() })
    }

    fn reveals(&self) -> bool {
        self.method == Method::POST && self.status.is_success() && !self.overridden
    }

    /// The upstream's body decoded, or what of it can be, and why not all.
    fn decoded(&self, codings: &[&str]) -> (Vec<u8>, Option<&'static str>) {
        let mut decoder = Decoder::new(&stack(codings), self.max_body_bytes);
        let mut plain = Vec::new();
        for event in &self.events {
            match event {
                Event::Data(data) => decoder.feed(data.clone()),
                Event::Fails => return (plain, Some("incomplete")),
                Event::Waits | Event::Trailers => continue,
            }
            if let Err(fault) = drain(&mut decoder, &mut plain) {
                return (plain, Some(fault));
            }
        }
        decoder.finish();
        let fault = drain(&mut decoder, &mut plain).err();
        (plain, fault)
    }

    fn check_withheld(&self, got: &Got, reason: &str) {
        let reads = ["GET", "HEAD"].contains(&self.method.as_str());
        let replaced = self.status.is_informational() || self.status.is_success() && reads;
        let status = if replaced { StatusCode::BAD_GATEWAY } else { self.status };
        assert_eq!(got.head.status, status, "{self:?}");
        let body = got.pieces.concat();
        if status.is_client_error() || status.is_server_error() {
            let problem: serde_json::Value = serde_json::from_slice(&body).expect("a problem document");
            assert_eq!(problem["reason"], reason, "{self:?}");
            assert_eq!(problem["status"], status.as_u16(), "{self:?}");
            assert_eq!(problem.as_object().unwrap().len(), 6, "{self:?}");
            assert_eq!(got.head.headers[CONTENT_TYPE], "application/problem+json", "{self:?}");
        } else {
            assert!(body.is_empty(), "{got:?}, {self:?}");
            assert!(!got.head.headers.contains_key(CONTENT_TYPE), "{got:?}, {self:?}");
        }
        assert_eq!(got.cut, None, "{self:?}");
        assert_eq!(got.head.headers.contains_key("set-cookie"), !replaced, "{self:?}");
        assert!(!got.head.headers.contains_key(CONTENT_ENCODING), "{got:?}, {self:?}");
        self.check_length(got);
        self.check_head(got);
    }

    fn check_masked(&self, got: &Got, may: &May) {
        assert!(may.given_out.len() <= self.hold_bytes, "held more than it may, {self:?}");
        let original: Vec<u8> = self.data().concat();
        if self.reveals() && may.masked == 0 && original.len() <= 2 * self.hold_bytes {
            assert_eq!(got.pieces.concat(), original, "{self:?}");
            let mut headers = self.headers.clone();
            headers.remove("trailer");
            assert_eq!((got.head.status, &got.head.headers), (self.status, &headers), "{self:?}");
            return;
        }
        self.check_length(got);
        self.check_changed(got, may);
    }

    /// An answer whose body went through the engine.
    fn check_changed(&self, got: &Got, may: &May) {
        assert_eq!(got.head.status, self.status, "{self:?}");
        assert_eq!(got.head.headers["set-cookie"], "a=1", "{self:?}");
        let types = |headers: &HeaderMap| headers.get_all(CONTENT_TYPE).iter().cloned().collect::<Vec<_>>();
        assert_eq!(types(&got.head.headers), types(&self.headers), "{self:?}");
        self.check_head(got);

        let codings = CODED[self.codings].1.unwrap();
        let accepted = codings.iter().all(|coding| ACCEPTED[self.accepts].1.contains(coding));
        let is_empty = may.given_out.is_empty() && may.whole;
        let given_back = if accepted && !is_empty { codings } else { &[] };
        let named = got.head.headers.get(CONTENT_ENCODING).map(|value| value.to_str().unwrap().to_owned());
        assert_eq!(named.unwrap_or_default(), given_back.join(", "), "{self:?}");

        let mut decoder = Decoder::new(&stack(given_back), None);
        let mut plain = Vec::new();
        for piece in &got.pieces {
            decoder.feed(piece.clone());
            drain(&mut decoder, &mut plain).expect("what a client gets can be decoded");
        }
        if got.cut.is_none() {
            decoder.finish();
            assert_eq!(drain(&mut decoder, &mut plain), Ok(true), "a clean end of half a body, {self:?}");
            assert_eq!(plain.escape_ascii().to_string(), may.given_out.escape_ascii().to_string(), "{self:?}");
        }
        assert!(
            may.given_out.starts_with(&plain),
            "b\"{}\" is no beginning of b\"{}\", {self:?}",
            plain.escape_ascii(),
            may.given_out.escape_ascii()
        );
    }

    /// The head has no field that describes the upstream's bytes, and the answer may not be stored.
    fn check_head(&self, got: &Got) {
        for name in ABOUT_BYTES.into_iter().chain(["content-range", "transfer-encoding"]) {
            assert!(!got.head.headers.contains_key(name), "{name} is left, {self:?}");
        }
        assert_eq!(got.head.headers[CACHE_CONTROL], "no-store", "{self:?}");
        assert_eq!(got.head.headers["access-control-allow-origin"], "https://a", "{self:?}");
    }

    fn check_length(&self, got: &Got) {
        let lengths: Vec<_> = got.head.headers.get_all(CONTENT_LENGTH).iter().collect();
        assert_eq!(lengths, [got.pieces.concat().len().to_string().as_str()], "{self:?}");
    }

    fn data(&self) -> Vec<Bytes> {
        let data = |event: &Event| if let Event::Data(data) = event { Some(data.clone()) } else { None };
        self.events.iter().filter_map(data).collect()
    }
}

#[derive(Clone, Copy, Debug, PartialEq)]
enum Must {
    Bodiless,
    Withhold(&'static str),
}

/// What of a body may be given out.
#[derive(Default)]
struct May {
    given_out: Vec<u8>,
    masked: u64,
    /// Whether this is all of it.
    whole: bool,
}

fn until_ready<T>(mut poll: impl FnMut(&mut Context<'_>) -> Poll<T>) -> T {
    for _ in 0..1_000_000 {
        if let Poll::Ready(value) = poll(&mut Context::from_waker(Waker::noop())) {
            return value;
        }
    }
    panic!("it never gets ready");
}

fn stack(codings: &[&str]) -> Codings {
    Codings::parse(codings.iter().map(|coding| coding.as_bytes())).unwrap()
}

fn encode(codings: &[&str], plain: &[u8]) -> Vec<u8> {
    let mut encoder = Encoder::new(&stack(codings)).unwrap();
    let mut out = BytesMut::new();
    encoder.write(plain, &mut out).unwrap();
    encoder.finish(&mut out).unwrap();
    out.to_vec()
}

/// Takes what the decoder has; whether that was all.
fn drain(decoder: &mut Decoder, plain: &mut Vec<u8>) -> Result<bool, &'static str> {
    loop {
        match decoder.next() {
            Ok(Progress::Data(data)) => plain.extend_from_slice(data),
            Ok(Progress::NeedInput) => return Ok(false),
            Ok(Progress::End) => return Ok(true),
            Err(DecodeError::Corrupt) => return Err("decode-failed"),
            Err(DecodeError::Incomplete) => return Err("incomplete"),
            Err(DecodeError::TooLarge) => return Err("too-large"),
        }
    }
}

/// A text, mostly JSON.
fn plain_body(choices: &mut Choices<'_>) -> Vec<u8> {
    let kind = choices.below(8);
    let mut text = match kind {
        0 => return choices.rest().to_vec(),
        1 => {
            let item = r#"{"id":"1","type":"app","token":"app-8fK2mQ7vXz31LtPq0RbNcY5d","created_at":1}"#;
            format!("{{\"data\":[{}]}}", vec![item; 1 + choices.below(90)].join(",")).into_bytes()
        }
        2 => br#"{"id":"1","type":"app","token":"app-8fK2mQ7vXz31LtPq0RbNcY5d","created_at":1}"#.to_vec(),
        _ => DOCUMENTS[choices.below(DOCUMENTS.len().max(257)) % DOCUMENTS.len()].text.clone(),
    };
    for _ in 0..choices.below(4) {
        if choices.seldom(3) {
            mutate(&mut text, choices);
        }
    }
    text
}

fn mutate(text: &mut Vec<u8>, choices: &mut Choices<'_>) {
    let at = choices.below(text.len().clamp(257, 65_536)) % text.len().max(1);
    match choices.below(5) {
        0 => text.truncate(at),
        1 if at < text.len() => text[at] = choices.byte(),
        2 if at < text.len() => drop(text.remove(at)),
        3 => text.insert(at.min(text.len()), choices.one_of(b"\"\\{}[],:\0\n \xff1")),
        _ => text.extend_from_within(at.min(text.len())..),
    }
}

/// What may happen to a body once it is coded.
fn spoil(body: &mut Vec<u8>, how: u8, choices: &mut Choices<'_>) {
    match how % 16 {
        1 => body.truncate(choices.below(body.len().clamp(257, 65_536))),
        2 => body.extend_from_slice(b"{\"token\":\"app-8fK2mQ7vXz31LtPq0RbNcY5d\"}"),
        3 => body.push(choices.byte()),
        4 => body.extend_from_within(..),
        5 => mutate(body, choices),
        6 => body.clear(),
        _ => {}
    }
}

/// The body in frames, with waits between them, and its end.
fn events(body: &[u8], framing: u8) -> Vec<Event> {
    let size = [usize::MAX, 1, 7, 100][usize::from(framing & 3)];
    let waits = framing & 4 == 4;
    let mut events = Vec::new();
    for piece in body.chunks(size.min(body.len().max(1))) {
        if waits {
            events.push(Event::Waits);
        }
        events.push(Event::Data(Bytes::copy_from_slice(piece)));
    }
    match framing >> 3 & 7 {
        1 => events.push(Event::Fails),
        2 => events.push(Event::Trailers),
        3 => events.insert(events.len() / 2, Event::Fails),
        4 => events.push(Event::Data(Bytes::new())),
        5 => events.push(Event::Waits),
        _ => {}
    }
    events
}
