//! Requests that hold a masked value, over real sockets: nothing of them may be taken for whole.

use super::client::{Client, ask, request};
use super::origin::{Origin, json};
use super::proxy::{Proxy, rules, settings};
use super::{KEYS, SHOWN};
use last4::layer::{MaskRule, Mode, WriteBack};
use std::sync::{Arc, Mutex};
use std::time::Duration;
use tokio::io::AsyncReadExt;

fn put(fields: &str, body: &str) -> String {
    request("PUT", KEYS, &format!("{fields}Content-Length: {}\r\n", body.len())) + body
}

fn masked_body() -> String {
    format!("{{\"name\":\"a\",\"token\":\"{SHOWN}\"}}")
}

#[tokio::test]
async fn a_body_with_a_masked_value_is_refused_before_the_upstream_sees_any_of_it() {
    let origin = Origin::answering(|_| json("{}")).await;
    let proxy = Proxy::before(&origin).await;
    let mut client = Client::connect(proxy.address).await;
    for _ in 0..2 {
        client.send(put("", &masked_body())).await;
        let reply = client.read("PUT").await;
        assert_eq!((reply.status, reply.reason().as_deref()), (409, Some("masked-value")));
        assert!(!reply.text().contains(SHOWN), "{reply:?}");
    }
    assert!(origin.seen().is_empty());
    let page = proxy.metrics.page();
    assert!(page.contains("last4_write_backs_refused_total{route=\"app-keys\"} 2\n"), "{page}");
    assert!(page.contains("decision=\"refused\""), "{page}");
}

#[tokio::test]
async fn a_body_without_one_reaches_the_upstream_byte_for_byte() {
    let origin = Origin::answering(|_| json("{}")).await;
    let proxy = Proxy::before(&origin).await;
    let long = format!("{{\"pad\":\"{}\",\"token\":\"a new secret of its own\"}}", "x".repeat(300_000));
    for body in ["{\"token\":\"a new secret of its own\"}", "{'token': '***'}", "not JSON: \"***\"", &long] {
        assert_eq!(ask(proxy.address, put("", body)).await.status, 200);
        assert!(origin.seen().pop().unwrap().body == body.as_bytes());
    }
    let chunked = request("PUT", KEYS, "Transfer-Encoding: chunked\r\n") + "4\r\n{\"a\"\r\n3\r\n:1}\r\n0\r\n\r\n";
    assert_eq!(ask(proxy.address, chunked).await.status, 200);
}

/// The end of a body is held until all of it was read, so the upstream never has a whole request.
#[tokio::test]
async fn a_masked_value_late_in_a_long_body_cuts_the_upstreams_request() {
    let received = Arc::new(Mutex::new(None));
    let log = Arc::clone(&received);
    let origin = Origin::serving(move |mut stream| {
        let log = Arc::clone(&log);
        async move {
            let mut all = Vec::new();
            let _ = stream.read_to_end(&mut all).await;
            *log.lock().unwrap() = Some(all);
        }
    })
    .await;
    for (media_type, body) in [
        ("application/json", format!("{{\"pad\":\"{}\",\"token\":\"{SHOWN}\"}}", "x".repeat(1 << 20))),
        ("application/x-www-form-urlencoded", format!("pad={}&token={SHOWN}", "x".repeat(1 << 20))),
    ] {
        let proxy = Proxy::before(&origin).await;
        let reply = ask(proxy.address, put(&format!("Content-Type: {media_type}\r\n"), &body)).await;
        assert_eq!((reply.status, reply.reason().as_deref()), (409, Some("masked-value")));
        let mut waited = 0;
        while received.lock().unwrap().is_none() && waited < 200 {
            tokio::time::sleep(Duration::from_millis(10)).await;
            waited += 1;
        }
        let all = received.lock().unwrap().take().expect("the upstream's connection is closed");
        let text = String::from_utf8(all).unwrap();
        let (head, part) = text.split_once("\r\n\r\n").unwrap();
        assert!(head.contains(&format!("ontent-length: {}", body.len())) || head.contains(&body.len().to_string()));
        assert!(part.len() < body.len() && !part.contains("token"), "{}", part.len());
    }
}

#[tokio::test]
async fn a_client_that_waits_for_100_continue_is_refused_or_served() {
    let origin = Origin::answering(|_| json("{}")).await;
    let proxy = Proxy::before(&origin).await;
    for (body, status) in [(masked_body(), 409), ("{\"token\":\"a new secret of its own\"}".to_owned(), 200)] {
        let mut client = Client::connect(proxy.address).await;
        let fields = format!("Content-Length: {}\r\nExpect: 100-continue\r\n", body.len());
        client.send(request("PUT", KEYS, &fields)).await;
        client.read_until("HTTP/1.1 100 Continue\r\n\r\n").await;
        client.send(body).await;
        assert_eq!(client.read("PUT").await.status, status);
    }
}

#[tokio::test]
async fn a_slow_body_is_waited_for_and_one_that_stops_is_given_up() {
    let origin = Origin::answering(|_| json("{}")).await;
    let mut settings = settings(origin.address);
    settings.limits.body_timeout = Duration::from_millis(300);
    let proxy = Proxy::with(settings, MaskRule::new(rules())).await;
    let mut client = Client::connect(proxy.address).await;
    client.send(request("PUT", KEYS, "Content-Length: 7\r\n")).await;
    for piece in ["{\"", "a\"", ":1", "}"] {
        tokio::time::sleep(Duration::from_millis(150)).await;
        client.send(piece).await;
    }
    assert_eq!(client.read("PUT").await.status, 200);
    client.send(request("PUT", KEYS, "Content-Length: 7\r\n") + "{\"a\"").await;
    let reply = client.read("PUT").await;
    assert_eq!((reply.status, reply.reason().as_deref()), (408, Some("body-timeout")));
    assert_eq!(origin.seen().len(), 1);
}

#[tokio::test]
async fn a_target_with_a_masked_value_is_refused_on_a_route_and_below_it() {
    let origin = Origin::answering(|_| json("{}")).await;
    let proxy = Proxy::before(&origin).await;
    for target in [format!("{KEYS}/{SHOWN}"), format!("{KEYS}?token={SHOWN}"), format!("{KEYS}/%2a%2a*")] {
        let reply = ask(proxy.address, request("DELETE", &target, "")).await;
        assert_eq!((reply.status, reply.reason().as_deref()), (409, Some("masked-value")), "{target}");
    }
    assert!(origin.seen().is_empty());
    for target in [format!("/compare/{SHOWN}"), format!("{KEYS}/v1...v2"), format!("/x?token={SHOWN}")] {
        assert_eq!(ask(proxy.address, request("DELETE", &target, "")).await.status, 200, "{target}");
    }
    assert!(proxy.metrics.page().contains("last4_write_backs_refused_total{route=\"app-keys\"} 3\n"));
}

#[tokio::test]
async fn where_it_is_switched_off_or_only_observed_a_masked_value_passes() {
    let origin = Origin::answering(|_| json("{}")).await;
    for (rule, counted) in [
        (MaskRule::new(rules()).with_write_back(WriteBack::Pass), 0),
        (MaskRule::new(rules()).with_mode(Mode::Observe), 2),
    ] {
        let proxy = Proxy::with(settings(origin.address), rule).await;
        assert_eq!(ask(proxy.address, put("", &masked_body())).await.status, 200);
        assert_eq!(origin.seen().pop().unwrap().body, masked_body().as_bytes());
        assert_eq!(ask(proxy.address, request("DELETE", &format!("{KEYS}/{SHOWN}"), "")).await.status, 200);
        let page = proxy.metrics.page();
        let line = format!("last4_observed_write_backs_total{{route=\"app-keys\"}} {counted}\n");
        assert!(
            page.contains(&line) && page.contains("last4_write_backs_refused_total{route=\"app-keys\"} 0\n"),
            "{page}"
        );
    }
}
