//! Requests that hold a masked value, against lists of them and as a property: what a client got masked, it can never store.

use crate::random_documents;
use crate::support::engine_vs_oracle::compile;
use crate::support::oracle::{self, Revealed};
use bytes::Bytes;
use futures_util::stream;
use http::header::CONTENT_TYPE;
use http::{HeaderMap, Request, Response, StatusCode};
use http_body::Frame;
use http_body_util::{BodyExt, Full, StreamBody};
use last4::layer::{InspectedBody, MaskLayer, MaskRule, body_holds_masked_value};
use last4::mask::{Masker, Rules, Selectors};
use last4::route::{Pattern, Route, RouteSet};
use proptest::prelude::*;
use serde_json::Value;
use std::convert::Infallible;
use std::sync::{Arc, Mutex};
use tower::{Layer, ServiceExt, service_fn};

/// A line of the lists in `tests/fixtures/write_backs`.
#[derive(Debug)]
struct Line {
    method: String,
    target: String,
    media_type: String,
    body: String,
    why: String,
}

fn lines(text: &str) -> Vec<Line> {
    let line = |line| {
        let line: Value = serde_json::from_str(line).unwrap();
        let text = |key: &str| line[key].as_str().unwrap().to_owned();
        let (method, target, body, why) = (text("method"), text("target"), text("body"), text("why"));
        Line { method, target, media_type: text("type"), body, why }
    };
    text.lines().map(line).collect()
}

fn rule() -> MaskRule {
    MaskRule::new(Rules::new(Selectors::compile(["token", "$.user.secret"], false).unwrap()))
}

/// What the service inside the layer got of a request whose body came in these pieces: the status of the answer, and the body if
/// it came to its end.
async fn send(line: &Line, rule: MaskRule, pieces: &[&[u8]]) -> (StatusCode, Option<Vec<u8>>) {
    type Pieces = StreamBody<stream::Iter<std::vec::IntoIter<Result<Frame<Bytes>, Infallible>>>>;
    let route = Route { name: "keys".to_owned(), pattern: Pattern::template("/apps/{id}/keys").unwrap(), rule };
    let received = Arc::new(Mutex::new(None));
    let log = Arc::clone(&received);
    let api = service_fn(move |request: Request<InspectedBody<Pieces>>| {
        let log = Arc::clone(&log);
        async move {
            if let Ok(body) = request.into_body().collect().await {
                *log.lock().unwrap() = Some(body.to_bytes().to_vec());
            }
            Ok::<_, Infallible>(Response::new(Full::<Bytes>::from("{}")))
        }
    });
    let layer = MaskLayer::new(RouteSet::compile(vec![route]).unwrap());
    let frames: Vec<_> = pieces.iter().map(|piece| Ok(Frame::data(Bytes::copy_from_slice(piece)))).collect();
    let mut request = Request::builder().method(&*line.method).uri(&*line.target);
    if !line.media_type.is_empty() {
        request = request.header(CONTENT_TYPE, &*line.media_type);
    }
    let request = request.body(StreamBody::new(stream::iter(frames))).unwrap();
    let status = layer.layer(api).oneshot(request).await.unwrap().status();
    let received = received.lock().unwrap().take();
    (status, received)
}

#[tokio::test]
async fn each_request_of_the_list_is_refused_however_its_body_is_cut() {
    let list = lines(include_str!("../fixtures/write_backs/refused.jsonl"));
    assert!(list.len() >= 200);
    for line in &list {
        for cut in 0..=line.body.len() {
            let (one, two) = line.body.as_bytes().split_at(cut);
            // Without a hold, so that only the end of the body is held back.
            for rule in [rule(), rule().with_hold_bytes(0)] {
                assert_eq!(send(line, rule, &[one, two]).await, (StatusCode::CONFLICT, None), "{cut}: {line:?}");
            }
        }
    }
}

#[tokio::test]
async fn each_request_that_only_looks_alike_passes_byte_for_byte() {
    let list = lines(include_str!("../fixtures/write_backs/passes.jsonl"));
    assert!(list.len() >= 200);
    for line in &list {
        for cut in 0..=line.body.len() {
            let (one, two) = line.body.as_bytes().split_at(cut);
            let passed = (StatusCode::OK, Some(line.body.clone().into_bytes()));
            assert_eq!(send(line, rule(), &[one, two]).await, passed, "{cut}, {}: {line:?}", line.why);
        }
    }
}

proptest! {
    #[test]
    fn what_a_client_got_masked_it_can_never_store(mut rules in random_documents::rules(), text in random_documents::text()) {
        rules.reveal = Revealed::Nothing;
        if rules.policy.short.is_empty() {
            // An empty text is no sign of a mask.
            rules.policy.short = "***".to_owned();
        }
        let Ok(masked) = oracle::mask(&rules, text.as_bytes()) else { return Ok(()) };
        let rule = MaskRule::new(compile(&rules));
        let holds = |body: &[u8]| body_holds_masked_value(&rule, &HeaderMap::new(), body);
        if masked.counts.masked > 0 {
            prop_assert!(holds(&masked.output), "{:?}", String::from_utf8_lossy(&masked.output));
        }
        if masked.counts.unchanged == 0 {
            prop_assert!(!holds(text.as_bytes()), "{text}");
        }
        // And what the engine itself gave out is what the oracle says.
        let mut output = Vec::new();
        let mut masker = Masker::new(compile(&rules).into());
        masker.write(text.as_bytes(), &mut output).unwrap();
        prop_assert_eq!(output, masked.output);
    }
}
