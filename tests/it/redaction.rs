//! No rendering of anything that has seen a secret shows it.

use bytes::{Bytes, BytesMut};
use futures_util::stream;
use http::{Method, Request, Response};
use http_body_util::{BodyExt, Either, Full, StreamBody};
use hyper::body::{Frame, Incoming};
use hyper::service::{Service, service_fn as hyper_service};
use hyper_util::rt::TokioIo;
use last4::body::BodyError;
use last4::codec::{AcceptEncoding, Codings, Decoder, Encoder, Progress};
use last4::layer::{InspectedBody, MaskLayer, MaskRule, Outcome, PageReport, Report};
use last4::mask::{Masker, Reveal, Rules, Selectors};
use last4::metrics::Metrics;
use last4::page::PageRule;
use last4::proxy::{ForwardError, ProxyService, Settings, Snapshot, Transport, Upstream, UpstreamClient};
use last4::route::{Pattern, Route, RouteSet};
use std::any::type_name;
use std::collections::BTreeSet;
use std::convert::Infallible;
use std::fmt::Debug;
use std::net::SocketAddr;
use std::path::Path;
use std::sync::{Arc, Mutex, PoisonError};
use tokio::io::{AsyncReadExt, AsyncWriteExt};
use tower::{ServiceBuilder, ServiceExt, service_fn};

const SECRET: &str = "app-8fK2mQ7vXz31LtPq0RbNcY5d";

/// The parts of the crate that bytes of requests and answers pass through.
const PARTS: [&str; 8] = ["body", "codec", "layer", "mask", "metrics", "page", "proxy", "route"];

/// Types that are rendered by nothing here, and why they need not be.
const SEE_NONE: &[(&str, &[&str])] = &[
    (
        "holds what the operator configured",
        &[
            "Policy", "PolicyParts", "PolicyError", "Reveal", "Program", "Rules", "RulesError", "Selectors",
            "SelectorError", "SelectorList", "PageRule", "PageRuleError", "RefusedSelector", "MaskLayer", "MaskRule",
            "MaskService", "Mode", "WriteBack", "Pattern", "PatternError", "Route", "RouteSet", "RouteSetError",
            "Forwarded", "Limits", "Settings", "Snapshot", "Transport", "Upstream",
        ],
    ),
    ("holds sockets, from which nothing was read", &["Listener", "SharedPort"]),
    ("where somebody listens, or who connects", &["ListenAddress", "PeerAddress"]),
    (
        "holds the configuration, connections and counts",
        &[
            "AdmissionService", "ConnectionService", "PrepareService", "ProxyService", "RecordService", "Status",
            "UpstreamClient", "Workers",
        ],
    ),
    ("hyper's word on a connection, which holds nothing that came on it", &["RequestBodyError", "UpstreamError"]),
    ("numbers, and names of routes", &["Metrics", "Worker", "WriteBackFound"]),
    ("one of a few names", &["Coding", "Family", "Instructions", "Kind", "PortSharing"]),
    ("of a target, before there is an answer", &["AmbiguousPath", "CanonicalPath", "RouteMatch"]),
    ("a library's refusal, which no body provokes", &["EncodeError"]),
    ("the body around it is rendered without it", &["AdmittedBody"]),
];

/// The types of which something was rendered that has seen the secret.
#[derive(Default)]
struct Rendered(Mutex<BTreeSet<&'static str>>);

impl Rendered {
    fn add<T: Debug>(&self, value: &T) {
        assert_silent(&format!("{value:?} {value:#?}"));
        let path = type_name::<T>().split('<').next().unwrap();
        self.0.lock().unwrap_or_else(PoisonError::into_inner).insert(path.rsplit("::").next().unwrap());
    }
}

/// Fails if the rendering holds any piece of the secret that is not shown.
fn assert_silent(rendering: &str) {
    for window in SECRET.as_bytes()[5..SECRET.len() - 4].windows(6) {
        assert!(!rendering.contains(std::str::from_utf8(window).unwrap()), "{rendering}");
    }
}

fn rules() -> Rules {
    Rules::new(Selectors::compile(["token"], false).unwrap())
}

#[tokio::test]
async fn every_type_that_may_see_a_secret_is_silent_about_it() {
    let rendered = Rendered::default();
    answers(&rendered).await;
    page(&rendered, "text/html").await;
    page(&rendered, "text/html; charset=utf-16").await;
    engine(&rendered);
    coders(&rendered);
    let rendered = Arc::new(rendered);
    proxy(&rendered).await;

    let rendered = rendered.0.lock().unwrap_or_else(PoisonError::into_inner);
    let none: BTreeSet<&str> = SEE_NONE.iter().flat_map(|(_, names)| *names).copied().collect();
    let all = debug_types();
    let forgotten: Vec<_> =
        all.iter().filter(|name| !rendered.contains(&***name) && !none.contains(&***name)).collect();
    assert!(forgotten.is_empty(), "render these here, or say why they see no secret: {forgotten:?}");
    let gone: Vec<_> = none.iter().filter(|name| !all.contains(**name)).collect();
    assert!(gone.is_empty(), "there are no such types: {gone:?}");
}

/// The public types with a `Debug`, by the crate's source.
fn debug_types() -> BTreeSet<String> {
    let mut files = Vec::new();
    for part in PARTS {
        collect(&Path::new(env!("CARGO_MANIFEST_DIR")).join("src").join(part), &mut files);
    }
    let mut found = BTreeSet::new();
    for source in files {
        let mut derives = false;
        for line in source.lines() {
            let declared = ["pub struct ", "pub enum "].iter().find_map(|start| line.trim_start().strip_prefix(start));
            if line.starts_with("#[derive(") {
                derives = line.contains("Debug");
            } else if let Some(name) = declared.map(identifier) {
                if derives || source.contains(&format!("Debug for {name}")) {
                    found.insert(name);
                }
                derives = false;
            } else if !line.trim_start().starts_with(['#', '/']) {
                derives = false;
            }
        }
    }
    assert!(found.contains("Decoder") && found.contains("Report"), "{found:?}");
    found
}

fn identifier(text: &str) -> String {
    text.chars().take_while(char::is_ascii_alphanumeric).collect()
}

fn collect(under: &Path, sources: &mut Vec<String>) {
    for entry in std::fs::read_dir(under).unwrap() {
        let path = entry.unwrap().path();
        if path.is_dir() {
            collect(&path, sources);
        } else {
            sources.push(std::fs::read_to_string(path).unwrap());
        }
    }
}

async fn answer(rendered: &Rendered, method: Method, body: String, hold_bytes: usize) {
    let rule = MaskRule::new(rules()).with_reveal([Method::POST], Reveal::TopLevel).with_hold_bytes(hold_bytes);
    let route = Route { name: "keys".to_owned(), pattern: Pattern::template("/keys").unwrap(), rule };
    let layer = MaskLayer::new(RouteSet::compile(vec![route]).unwrap());
    let service = service_fn(move |request: Request<InspectedBody<Full<Bytes>>>| {
        assert_silent(&format!("{:?}", request.body()));
        // In pieces, so that a fault is found once others have been given out.
        let pieces: Vec<_> = body
            .as_bytes()
            .chunks(50)
            .map(|piece| Ok::<_, Infallible>(Frame::data(Bytes::copy_from_slice(piece))))
            .collect();
        let response = Response::new(StreamBody::new(stream::iter(pieces)));
        async { Ok::<_, Infallible>(response) }
    });
    let request = Request::builder().method(method).uri(format!("/keys?token={SECRET}"));
    let request = request.header("authorization", format!("Bearer {SECRET}"));
    let request = request.body(Full::<Bytes>::from(format!("{{\"token\":\"{SECRET}\"}}"))).unwrap();
    rendered.add(&InspectedBody::unread(request.body().clone()));
    let response = ServiceBuilder::new().layer(layer).service(service).oneshot(request).await.unwrap();
    assert_silent(&format!("{response:?}"));
    rendered.add(response.body());
    if let Some(reading) = response.body().reading() {
        rendered.add(&reading);
    }
    let report = response.extensions().get::<Report>().unwrap();
    rendered.add(report);
    rendered.add(&report.outcome);
    if let Outcome::Masked(summary) = &report.outcome {
        rendered.add(summary);
    }
    if let Err(error) = response.into_body().collect().await {
        assert_silent(&error.to_string());
        rendered.add::<BodyError<Infallible>>(&error);
    }
}

/// A page that shows a secret is not last4's to hide, but nothing that renders it tells.
async fn page(rendered: &Rendered, content_type: &'static str) {
    let rule = Arc::new(PageRule::new(&[".copy"], &["video"]).unwrap());
    let route = Route { name: "page".to_owned(), pattern: Pattern::template("/page").unwrap(), rule };
    let pages = RouteSet::compile(vec![route]).unwrap();
    let layer = MaskLayer::new(RouteSet::compile(Vec::new()).unwrap()).with_pages(pages);
    let service = service_fn(move |_: Request<InspectedBody<Full<Bytes>>>| async move {
        let body = Full::<Bytes>::from(format!("<p title='{SECRET}'>{SECRET}"));
        Ok::<_, Infallible>(Response::builder().header("content-type", content_type).body(body).unwrap())
    });
    let request = Request::builder().uri(format!("/page?token={SECRET}")).body(Full::default()).unwrap();
    let mut response = ServiceBuilder::new().layer(layer).service(service).oneshot(request).await.unwrap();
    let _ = response.body_mut().frame().await;
    assert_silent(&format!("{response:?}"));
    rendered.add(response.body());
    let report = response.extensions().get::<PageReport>().unwrap();
    rendered.add(report);
    rendered.add(&report.outcome);
}

async fn answers(rendered: &Rendered) {
    let whole = format!("{{\"token\":\"{SECRET}\"}}");
    let broken = format!("[{{\"token\":\"{SECRET}\"}},{{\"{SECRET}\":{SECRET}}}");
    let begun = format!("[{}{SECRET}", format!("{{\"token\":\"{SECRET}\"}},").repeat(3_000));
    for method in [Method::GET, Method::POST] {
        for body in [&whole, &broken, &begun] {
            for hold_bytes in [0, 10, 64 * 1024] {
                answer(rendered, method.clone(), body.clone(), hold_bytes).await;
            }
        }
    }
}

fn engine(rendered: &Rendered) {
    for text in [
        format!("\"{SECRET}"),
        format!("{{{SECRET}}}"),
        format!("[\"{SECRET}\\x\"]"),
        format!("{{\"token\":\"{SECRET}\u{1}"),
    ] {
        let mut masker = Masker::new(rules().into());
        let mut output = Vec::new();
        let error = masker.write(text.as_bytes(), &mut output).and_then(|()| masker.finish().map(|_| ())).unwrap_err();
        assert_silent(&error.to_string());
        rendered.add(&error);
        rendered.add(&error.kind());
    }
}

fn coders(rendered: &Rendered) {
    rendered.add(&AcceptEncoding::parse([SECRET.as_bytes()]));
    for name in ["gzip", "deflate", "br", "zstd", "identity"] {
        let codings = Codings::parse([name.as_bytes()]).unwrap();
        let (mut encoder, mut out) = (Encoder::new(&codings).unwrap(), BytesMut::new());
        encoder.write(SECRET.as_bytes(), &mut out).unwrap();
        rendered.add(&codings);
        rendered.add(&encoder);
        encoder.finish(&mut out).unwrap();
        let mut decoder = Decoder::new(&codings, None);
        decoder.feed(out.freeze());
        rendered.add(&decoder.next().unwrap());
        rendered.add(&decoder);
        decoder.feed(Bytes::from_static(SECRET.as_bytes()));
        while let Ok(progress) = decoder.next() {
            if progress == Progress::NeedInput {
                break;
            }
        }
        rendered.add(&decoder);
        if let Err(error) = decoder.next() {
            rendered.add(&error);
        }
    }
    let unknown = Codings::parse([SECRET.as_bytes()]).unwrap_err();
    assert_silent(&unknown.to_string());
    rendered.add(&unknown);
}

/// What the proxy makes of requests that go to an upstream, on a masked route, off it, and to one that speaks no HTTP.
async fn proxy(rendered: &Arc<Rendered>) {
    let list = format!("[{{\"token\":\"{SECRET}\"}}]");
    let http = format!("HTTP/1.1 200 OK\r\nContent-Length: {}\r\nX-Key: a\r\n\r\n{list}", list.len());
    for answer in [
        http,
        format!("{SECRET} {SECRET}\r\n\r\n"),
        format!("HTTP/1.1 200 {SECRET}\r\nContent-Length: 1\r\nContent-Length: 2\r\n\r\n"),
    ] {
        let settings = Arc::new(settings(upstream(answer).await));
        for target in ["/keys", "/elsewhere"] {
            through(Arc::clone(rendered), Arc::clone(&settings), target).await;
        }
    }
}

async fn through(rendered: Arc<Rendered>, settings: Arc<Settings>, target: &str) {
    let layer = MaskLayer::new(
        RouteSet::compile(vec![Route {
            name: "keys".to_owned(),
            pattern: Pattern::template("/keys").unwrap(),
            rule: MaskRule::new(rules()),
        }])
        .unwrap(),
    );
    let worker = Metrics::default().worker();
    let (front, forward) = (
        ProxyService::new(&Snapshot::new(Arc::clone(&settings), layer), Arc::clone(&worker)),
        UpstreamClient::new(&settings, worker),
    );
    let service = hyper_service(move |request: Request<Incoming>| {
        let (rendered, front, forward) = (Arc::clone(&rendered), front.clone(), forward.clone());
        async move {
            if request.headers().contains_key("x-bare") {
                match forward.oneshot(request.map(InspectedBody::unread)).await {
                    Ok(response) => rendered.add(response.body()),
                    Err(error) => {
                        assert_silent(&error.to_string());
                        rendered.add::<ForwardError>(&error);
                    }
                }
                return Ok::<_, Infallible>(Response::new(Either::Right(Full::<Bytes>::default())));
            }
            let response = front.for_peer(SocketAddr::from(([127, 0, 0, 1], 1))).call(request).await?;
            assert_silent(&format!("{response:?}"));
            if let Either::Left(observed) = response.body() {
                rendered.add(observed);
            }
            Ok(response.map(Either::Left))
        }
    });
    let (mut client, server) = tokio::io::duplex(64 * 1024);
    let serving =
        tokio::spawn(hyper::server::conn::http1::Builder::new().serve_connection(TokioIo::new(server), service));
    let request =
        |more: &str| format!("GET {target} HTTP/1.1\r\nHost: a\r\nAuthorization: Bearer {SECRET}\r\n{more}\r\n");
    client.write_all((request("X-Bare: 1\r\n") + &request("Connection: close\r\n")).as_bytes()).await.unwrap();
    let mut answers = Vec::new();
    client.read_to_end(&mut answers).await.unwrap();
    if let Err(error) = serving.await.unwrap() {
        assert_silent(&format!("{error} {error:?}"));
    }
}

fn settings(upstream: SocketAddr) -> Settings {
    Settings {
        upstream: Upstream::new(Transport::Tcp, upstream.to_string().parse().unwrap()),
        tls: None,
        forwarded: Default::default(),
        limits: Default::default(),
        allowed_rerouting_headers: Vec::new(),
        log_paths: false,
    }
}

/// Gives one answer to whatever comes first on a connection, and then closes.
async fn upstream(answer: String) -> SocketAddr {
    let listener = tokio::net::TcpListener::bind("127.0.0.1:0").await.unwrap();
    let address = listener.local_addr().unwrap();
    tokio::spawn(async move {
        while let Ok((mut stream, _)) = listener.accept().await {
            let _ = stream.read(&mut [0; 4096]).await;
            let _ = stream.write_all(answer.as_bytes()).await;
        }
    });
    address
}
