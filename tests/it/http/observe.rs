//! Observe mode: nothing changes, and what would have been done is counted.

use super::client::{Reply, ask, request};
use super::gzip::gzip;
use super::metrics::{samples, until};
use super::origin::{Origin, answer, json};
use super::proxy::{Proxy, rules, settings};
use super::{KEYS, SECRET, SHOWN};
use last4::layer::{MaskRule, Mode};

async fn observing(origin: &Origin) -> Proxy {
    Proxy::with(settings(origin.address), MaskRule::new(rules()).with_mode(Mode::Observe)).await
}

fn list() -> String {
    format!("[{{\"token\":\"{SECRET}\"}}, {{\"token\":\"{SHOWN}\"}}, {{\"token\":null}}]")
}

fn would_mask(treatment: &str) -> String {
    format!("last4_observed_values_total{{route=\"app-keys\",treatment=\"{treatment}\"}}")
}

fn would_withhold(reason: &str) -> String {
    format!("last4_observed_withheld_total{{route=\"app-keys\",reason=\"{reason}\"}}")
}

/// Asks the origin itself and through the proxy, and compares all that a client sees.
async fn same(origin: &Origin, proxy: &Proxy, request: String) -> Reply {
    let direct = ask(origin.address, &request).await;
    let through = ask(proxy.address, &request).await;
    // `Connection` is each hop's own.
    let headers = |reply: &Reply| -> Vec<_> {
        reply.headers.iter().filter(|(name, _)| !name.eq_ignore_ascii_case("connection")).cloned().collect()
    };
    assert_eq!((through.status, headers(&through)), (direct.status, headers(&direct)), "{request}");
    assert_eq!((&through.body, through.clean), (&direct.body, direct.clean), "{request}");
    through
}

#[tokio::test]
async fn no_byte_of_an_answer_changes_and_the_values_are_counted() {
    let coded = gzip(list().as_bytes());
    let origin = Origin::answering(move |seen| match seen.header("x-want") {
        Some("gzip") => answer("200 OK", "Content-Type: application/json\r\nContent-Encoding: gzip\r\n", &coded),
        Some("chunks") => format!(
            "HTTP/1.1 200 OK\r\nETag: \"1\"\r\nTransfer-Encoding: chunked\r\n\r\n{:x}\r\n{}\r\n0\r\n\r\n",
            list().len(),
            list()
        )
        .into_bytes(),
        Some("bodiless") => b"HTTP/1.1 304 Not Modified\r\nETag: \"1\"\r\n\r\n".to_vec(),
        _ => answer("200 OK", "Content-Type: application/json\r\nETag: \"1\"\r\nX-Odd: a\r\n", list()),
    })
    .await;
    let proxy = observing(&origin).await;
    for (want, seen) in [("plain", 1.0), ("gzip", 2.0), ("chunks", 3.0), ("bodiless", 3.0)] {
        same(&origin, &proxy, request("GET", KEYS, &format!("X-Want: {want}\r\n"))).await;
        until(&proxy, &would_mask("masked"), seen).await;
        until(&proxy, &would_mask("unchanged"), seen).await;
    }
    until(&proxy, "last4_requests_total{route=\"app-keys\",decision=\"observed\",status_class=\"2xx\"}", 3.0).await;
    until(&proxy, "last4_route_observing{route=\"app-keys\"}", 1.0).await;
    let page = samples(&proxy.metrics.page());
    assert_eq!(page["last4_values_total{route=\"app-keys\",treatment=\"masked\"}"], 0.0);
}

#[tokio::test]
async fn a_create_would_have_been_revealed() {
    let origin = Origin::answering(|_| json(format!("{{\"token\":\"{SECRET}\"}}"))).await;
    let proxy = observing(&origin).await;
    same(&origin, &proxy, request("POST", KEYS, "Content-Length: 0\r\n")).await;
    until(&proxy, &would_mask("revealed"), 1.0).await;
}

#[tokio::test]
async fn what_would_have_been_withheld_passes_and_is_counted_with_its_reason() {
    let origin = Origin::answering(|seen| match seen.header("x-want").unwrap() {
        "not-json" => answer("200 OK", "Content-Type: text/html\r\n", format!("<p>{SECRET}")),
        "invalid-json" => json(format!("[{{\"token\":\"{SECRET}\"}}")),
        "charset" => answer("200 OK", "Content-Type: application/json; charset=utf-16\r\n", "x"),
        "unknown-encoding" => answer("200 OK", "Content-Encoding: exi\r\n", "x"),
        "decode-failed" => answer("200 OK", "Content-Encoding: gzip\r\n", "not gzip at all, and long"),
        "partial-content" => answer("206 Partial Content", "Content-Range: bytes 0-0/9\r\n", "["),
        "too-deep" => json("[".repeat(600)),
        "incomplete" => {
            b"HTTP/1.1 200 OK\r\nConnection: close\r\nTransfer-Encoding: chunked\r\n\r\n2\r\n[1\r\n".to_vec()
        }
        _ => panic!("{seen:?}"),
    })
    .await;
    let proxy = observing(&origin).await;
    for reason in [
        "not-json", "invalid-json", "charset", "unknown-encoding", "decode-failed", "partial-content", "too-deep",
        "incomplete",
    ] {
        same(&origin, &proxy, request("GET", KEYS, &format!("X-Want: {reason}\r\n"))).await;
        until(&proxy, &would_withhold(reason), 1.0).await;
    }
}

#[tokio::test]
async fn a_body_beyond_the_limit_is_watched_no_further_and_passes() {
    let unfolded = format!("[\"{}\"]", "a".repeat(3_000_000));
    let coded = gzip(unfolded.as_bytes());
    let body = coded.clone();
    let origin = Origin::answering(move |_| answer("200 OK", "Content-Encoding: gzip\r\n", &coded)).await;
    let rule = MaskRule::new(rules()).with_mode(Mode::Observe);
    let proxy = Proxy::with(settings(origin.address), rule.clone().with_max_body_bytes(Some(100_000))).await;
    assert_eq!(ask(proxy.address, request("GET", KEYS, "")).await.body, body);
    until(&proxy, &would_withhold("too-large"), 1.0).await;

    // With a higher limit all of it is read, although the last compressed chunk decodes to many.
    let proxy = Proxy::with(settings(origin.address), rule).await;
    assert_eq!(ask(proxy.address, request("GET", KEYS, "")).await.body, body);
    until(&proxy, "last4_requests_total{route=\"app-keys\",decision=\"observed\",status_class=\"2xx\"}", 1.0).await;
    assert_eq!(samples(&proxy.metrics.page())[&would_withhold("incomplete")], 0.0);
}

#[tokio::test]
async fn the_upstream_is_asked_what_the_client_asked() {
    let origin = Origin::answering(|_| json(list())).await;
    let proxy = observing(&origin).await;
    let fields = [
        ("Accept-Encoding", "exi, br"),
        ("If-None-Match", "\"1\""),
        ("Range", "bytes=0-1"),
        ("X-Original-URL", "/elsewhere"),
        ("SCRIPT_NAME", "/x"),
    ];
    let headers: String = fields.iter().map(|(name, value)| format!("{name}: {value}\r\n")).collect();
    ask(proxy.address, request("GET", KEYS, &headers)).await;
    for (name, value) in fields {
        assert_eq!(origin.only().header(name), Some(value), "{name}");
    }
    let strange = ask(proxy.address, request("GET", "/a/%00", "")).await;
    assert_eq!(strange.text(), list());
    until(&proxy, "last4_observed_withheld_total{route=\"-\",reason=\"ambiguous-path\"}", 1.0).await;
}

#[tokio::test]
async fn a_masked_route_beside_one_that_observes_stays_masked() {
    let origin = Origin::answering(|_| json(list())).await;
    let proxy = Proxy::with_each(settings(origin.address), |name| {
        let mode = if name == "app-keys" { Mode::Observe } else { Mode::Enforce };
        MaskRule::new(rules()).with_mode(mode)
    })
    .await;
    assert_eq!(ask(proxy.address, request("GET", KEYS, "")).await.text(), list());
    let masked = ask(proxy.address, request("GET", "/console/api/datasets/api-keys", "X-Original-URL: /a\r\n")).await;
    assert_eq!(masked.text(), list().replace(SECRET, SHOWN));
    assert!(origin.seen().iter().all(|seen| seen.header("x-original-url").is_none()));
    // On both by different readings of its path: the one that masks decides.
    let both = "/console/api/datasets/api-keys;/../../apps/7/api-keys";
    assert!(!ask(proxy.address, request("GET", both, "")).await.text().contains(SECRET));
    assert_eq!(ask(proxy.address, request("GET", "/a/%00", "")).await.status, 400);
}
