//! No rendering of anything that has seen a secret shows it.
#![cfg(feature = "proxy")]
#![expect(clippy::unwrap_used, reason = "a test fails by panicking")]

use bytes::{Bytes, BytesMut};
use http::{Method, Request, Response};
use http_body_util::{BodyExt, Full};
use last4::codec::{Codings, Decoder, Encoder};
use last4::layer::{MaskLayer, MaskRule, Report};
use last4::mask::{Masker, Reveal, Rules, Selectors};
use last4::route::{Pattern, Route, RouteSet};
use std::convert::Infallible;
use tower::{ServiceBuilder, ServiceExt, service_fn};

const SECRET: &str = "app-8fK2mQ7vXz31LtPq0RbNcY5d";

/// Fails if the rendering holds any piece of the secret that is not shown.
fn assert_silent(rendering: &str) {
    for window in SECRET.as_bytes()[5..SECRET.len() - 4].windows(6) {
        assert!(!rendering.contains(std::str::from_utf8(window).unwrap()), "{rendering}");
    }
}

fn rules() -> Rules {
    Rules::new(Selectors::compile(["token"], false).unwrap())
}

async fn answer(method: Method, body: String, hold_bytes: usize) {
    let rule = MaskRule::new(rules()).with_reveal([Method::POST], Reveal::TopLevel).with_hold_bytes(hold_bytes);
    let route = Route { name: "keys".to_owned(), pattern: Pattern::template("/keys").unwrap(), rule };
    let layer = MaskLayer::new(RouteSet::compile(vec![route]).unwrap());
    let service = service_fn(move |_: Request<Full<Bytes>>| {
        let response = Response::new(Full::new(Bytes::from(body.clone())));
        async { Ok::<_, Infallible>(response) }
    });
    let request = Request::builder().method(method).uri(format!("/keys?token={SECRET}"));
    let request = request.header("authorization", format!("Bearer {SECRET}")).body(Full::default()).unwrap();
    let response = ServiceBuilder::new().layer(layer).service(service).oneshot(request).await.unwrap();
    assert_silent(&format!("{response:?}"));
    assert_silent(&format!("{:?}", response.extensions().get::<Report>()));
    if let Err(error) = response.into_body().collect().await {
        assert_silent(&format!("{error} {error:?}"));
    }
}

#[tokio::test]
async fn answers_and_their_errors_are_silent() {
    let whole = format!("{{\"token\":\"{SECRET}\"}}");
    let broken = format!("[{{\"token\":\"{SECRET}\"}},{{\"{SECRET}\":{SECRET}}}");
    for method in [Method::GET, Method::POST] {
        for body in [&whole, &broken] {
            for hold_bytes in [0, 10, 64 * 1024] {
                answer(method.clone(), body.clone(), hold_bytes).await;
            }
        }
    }
}

#[test]
fn the_engines_errors_are_silent() {
    for text in [
        format!("\"{SECRET}"),
        format!("{{{SECRET}}}"),
        format!("[\"{SECRET}\\x\"]"),
        format!("{{\"token\":\"{SECRET}\u{1}"),
    ] {
        let mut masker = Masker::new(rules().into());
        let mut output = Vec::new();
        let error = masker.write(text.as_bytes(), &mut output).and_then(|()| masker.finish().map(|_| ())).unwrap_err();
        assert_silent(&format!("{error} {error:?}"));
    }
}

#[test]
fn coders_are_silent() {
    for name in ["gzip", "deflate", "br", "zstd", "identity"] {
        let codings = Codings::parse([name.as_bytes()]).unwrap();
        let (mut encoder, mut out) = (Encoder::new(&codings).unwrap(), BytesMut::new());
        encoder.write(SECRET.as_bytes(), &mut out).unwrap();
        assert_silent(&format!("{encoder:?}"));
        encoder.finish(&mut out).unwrap();
        let mut decoder = Decoder::new(&codings, None);
        decoder.feed(out.freeze());
        assert_silent(&format!("{:?}", decoder.next().unwrap()));
        assert_silent(&format!("{decoder:?}"));
        decoder.feed(Bytes::from_static(SECRET.as_bytes()));
        while let Ok(progress) = decoder.next() {
            if progress == last4::codec::Progress::NeedInput {
                break;
            }
        }
        assert_silent(&format!("{decoder:?} {:?}", decoder.next().err()));
    }
    let unknown = Codings::parse([SECRET.as_bytes()]).unwrap_err();
    assert_silent(&format!("{unknown} {unknown:?}"));
}
