//! Off the masked routes: as it came, both ways.

use super::SECRET;
use super::client::{Client, ask, get, request};
use super::origin::{Origin, answer, json};
use super::proxy::{Proxy, rules, settings};
use last4::layer::MaskRule;
use std::time::Duration;

#[tokio::test]
async fn an_answer_off_the_masked_routes_is_untouched() {
    let fields = "Content-Type: application/json\r\nETag: \"a\"\r\nX-Odd-CASE: x\r\nSet-Cookie: a=1\r\nSet-Cookie: b=2\r\nCache-Control: public\r\n";
    let body = format!("{{\"token\":\"{SECRET}\"}} nonsense");
    let sent = answer("203 Odd Phrase", fields, &body);
    let origin = Origin::answering(move |_| sent.clone()).await;
    let proxy = Proxy::before(&origin).await;
    let mut client = Client::connect(proxy.address).await;
    client.send(request("GET", "/console/api/apps", "Range: bytes=0-1\r\nIf-None-Match: \"a\"\r\n")).await;
    let head = String::from_utf8(client.read_until("\r\n\r\n").await).unwrap();
    assert_eq!(head, format!("HTTP/1.1 203 Odd Phrase\r\nContent-Length: {}\r\n{}", body.len(), fields.trim_end()));
    client.read_until(&body).await;
    let seen = origin.only();
    assert_eq!((seen.header("range"), seen.header("if-none-match")), (Some("bytes=0-1"), Some("\"a\"")));
}

#[tokio::test]
async fn a_request_reaches_the_upstream_as_it_was_sent() {
    let origin = Origin::answering(|_| json("{}")).await;
    let proxy = Proxy::before(&origin).await;
    let body = "x".repeat(3000);
    let raw = format!(
        "PROPFIND /a%2Fb/../c;d?q=%zz&r=a+b HTTP/1.1\r\nhost: api.example\r\nX-Odd-CASE: 1\r\nCookie: a=1; b=2\r\nContent-Length: 3000\r\n\r\n{body}"
    );
    assert_eq!(ask(proxy.address, raw).await.status, 200);
    let seen = origin.only();
    assert_eq!(seen.request_line(), "PROPFIND /a%2Fb/../c;d?q=%zz&r=a+b HTTP/1.1");
    assert!(seen.head.contains("\r\nhost: api.example") && seen.head.contains("\r\nX-Odd-CASE: 1"), "{}", seen.head);
    assert_eq!((seen.header("x-forwarded-for"), seen.header("x-forwarded-proto")), (Some("127.0.0.1"), Some("http")));
    assert_eq!((seen.header("x-forwarded-host"), seen.body.len()), (Some("api.example"), 3000));
}

#[tokio::test]
async fn connections_to_the_upstream_are_kept_and_used_again() {
    let origin = Origin::answering(|_| json("{}")).await;
    let proxy = Proxy::before(&origin).await;
    for _ in 0..5 {
        assert_eq!(get(proxy.address, "/x").await.status, 200);
    }
    assert!(origin.seen().iter().all(|seen| seen.connection == 0), "{:?}", origin.seen());
}

#[tokio::test]
async fn a_request_on_a_connection_that_the_upstream_has_closed_is_sent_again() {
    let origin = Origin::serving(|mut stream| async move {
        // Answers one request, then closes without having said so.
        let mut buffer = Vec::new();
        if super::origin::read_request(&mut stream, &mut buffer, 0).await.is_some() {
            tokio::io::AsyncWriteExt::write_all(&mut stream, &json("{}")).await.unwrap();
        }
    })
    .await;
    let proxy = Proxy::before(&origin).await;
    for _ in 0..20 {
        assert_eq!(get(proxy.address, "/x").await.status, 200);
    }
}

#[tokio::test]
async fn an_answer_with_two_lengths_is_refused_and_its_connection_not_used_again() {
    let smuggled = "HTTP/1.1 200 OK\r\nContent-Length: 5\r\nTransfer-Encoding: chunked\r\n\r\n0\r\n\r\n";
    let origin = Origin::answering(move |seen| match seen.request_line() {
        "GET /bad HTTP/1.1" => smuggled.as_bytes().to_vec(),
        _ => json("{}"),
    })
    .await;
    let proxy = Proxy::before(&origin).await;
    let reply = get(proxy.address, "/bad").await;
    assert_eq!((reply.status, reply.reason().as_deref()), (502, Some("upstream-protocol")));
    assert_eq!(get(proxy.address, "/good").await.status, 200);
    assert_eq!(origin.seen().iter().map(|seen| seen.connection).collect::<Vec<_>>(), [0, 1]);
}

#[tokio::test]
async fn an_answer_leaves_with_one_length() {
    for (lengths, status) in [
        ("Content-Length: 2\r\nContent-Length: 2\r\n", 200),
        ("Content-Length: 2\r\nContent-Length: 1\r\n", 502),
        ("Content-Length: 2, 2\r\n", 502),
        ("Content-Length: +2\r\n", 502),
        ("Transfer-Encoding: gzip\r\n", 502),
        ("Transfer-Encoding: gzip, chunked\r\n", 502),
        ("Transfer-Encoding: chunked\r\nTransfer-Encoding: chunked\r\n", 502),
    ] {
        let sent = format!("HTTP/1.1 200 OK\r\nConnection: close\r\n{lengths}\r\n{{}}");
        let origin = Origin::answering(move |_| sent.clone()).await;
        let proxy = Proxy::before(&origin).await;
        let reply = get(proxy.address, "/x").await;
        assert_eq!(reply.status, status, "{lengths}");
        assert!(reply.header("content-length").is_some(), "{lengths}");
    }
}

#[tokio::test]
async fn bytes_behind_an_answer_are_never_taken_for_the_next_one() {
    let origin = Origin::answering(|seen| match seen.request_line() {
        "GET /bad HTTP/1.1" => [json("{}"), json(format!("\"{SECRET}\""))].concat(),
        _ => json("\"good\""),
    })
    .await;
    let proxy = Proxy::before(&origin).await;
    for _ in 0..10 {
        get(proxy.address, "/bad").await;
        assert_eq!(get(proxy.address, "/good").await.text(), "\"good\"");
    }
}

#[tokio::test]
async fn what_is_not_http_is_a_bad_gateway() {
    for nonsense in
        ["SSH-2.0-x\r\n\r\n", "HTTP/9.9 nonsense\r\n\r\n", "HTTP/1.1 200 OK\r\nContent-Length: x\r\n\r\n", "{}"]
    {
        let origin = Origin::answering(move |_| nonsense).await;
        let proxy = Proxy::before(&origin).await;
        let reply = get(proxy.address, "/x").await;
        assert_eq!((reply.status, reply.reason().is_some()), (502, true), "{nonsense}");
    }
}

#[tokio::test]
async fn an_upstream_that_closes_at_once_is_a_bad_gateway() {
    let origin = Origin::serving(|stream| async move { drop(stream) }).await;
    let proxy = Proxy::before(&origin).await;
    let reply = get(proxy.address, "/x").await;
    assert_eq!((reply.status, reply.reason().as_deref()), (502, Some("upstream-closed")));
}

#[tokio::test]
async fn an_upstream_that_is_down_is_a_bad_gateway_until_it_is_back() {
    let origin = Origin::answering(|_| json("{}")).await;
    let address = origin.address;
    drop(origin);
    let proxy = Proxy::with(settings(address), MaskRule::new(rules())).await;
    let reply = get(proxy.address, "/x").await;
    assert_eq!((reply.status, reply.reason().as_deref()), (502, Some("upstream-unreachable")));
    assert!(!reply.text().contains("127.0.0.1") && !reply.text().contains("os error"), "{}", reply.text());
}

#[tokio::test]
async fn an_upstream_that_does_not_answer_is_a_gateway_timeout() {
    let origin = Origin::serving(|stream| async move {
        tokio::time::sleep(Duration::from_secs(60)).await;
        drop(stream);
    })
    .await;
    let mut settings = settings(origin.address);
    settings.upstream.response_timeout = Duration::from_millis(200);
    let proxy = Proxy::with(settings, MaskRule::new(rules())).await;
    let reply = get(proxy.address, "/x").await;
    assert_eq!((reply.status, reply.reason().as_deref()), (504, Some("upstream-timeout")));
}

#[tokio::test]
async fn trailers_survive_off_the_masked_routes() {
    let chunked =
        "HTTP/1.1 200 OK\r\nTrailer: X-Sum\r\nTransfer-Encoding: chunked\r\n\r\n2\r\nab\r\n0\r\nX-Sum: 7\r\n\r\n";
    let origin = Origin::answering(move |_| chunked).await;
    let proxy = Proxy::before(&origin).await;
    let reply = ask(proxy.address, request("GET", "/x", "TE: trailers\r\nConnection: te\r\n")).await;
    assert_eq!(reply.text().to_lowercase(), "ab<x-sum: 7>");
    assert_eq!(origin.only().header("te"), Some("trailers"));
}

#[tokio::test]
async fn trailers_over_http_1_1_pass_where_they_were_announced_to_a_client_that_wants_them() {
    for (announced, wanted, passes) in
        [("Trailer: X-Sum\r\n", true, true), ("Trailer: X-Sum\r\n", false, false), ("", true, false)]
    {
        let chunked =
            format!("HTTP/1.1 200 OK\r\n{announced}Transfer-Encoding: chunked\r\n\r\n2\r\nab\r\n0\r\nX-Sum: 7\r\n\r\n");
        let origin = Origin::answering(move |_| chunked.clone()).await;
        let proxy = Proxy::before(&origin).await;
        for _ in 0..2 {
            let fields = if wanted { "TE: trailers\r\nConnection: te\r\n" } else { "" };
            let reply = ask(proxy.address, request("GET", "/x", fields)).await;
            let body = if passes { "ab<x-sum: 7>" } else { "ab" };
            assert_eq!((reply.text().to_lowercase().as_str(), reply.clean), (body, true), "{announced} {wanted}");
        }
        assert!(origin.seen().iter().all(|seen| seen.connection == 0), "the connection is kept");
    }
}

#[tokio::test]
async fn expect_100_continue_is_answered_before_the_body_is_sent() {
    let origin = Origin::answering(|seen| json(format!("{}", seen.body.len()))).await;
    let proxy = Proxy::before(&origin).await;
    let mut client = Client::connect(proxy.address).await;
    client.send("POST /x HTTP/1.1\r\nHost: a\r\nExpect: 100-continue\r\nContent-Length: 5\r\n\r\n").await;
    client.read_until("HTTP/1.1 100 Continue\r\n\r\n").await;
    client.send("hello").await;
    assert_eq!(client.read("POST").await.text(), "5");
}

#[tokio::test]
async fn pipelined_requests_are_answered_in_order() {
    let origin = Origin::answering(|seen| json(seen.request_line())).await;
    let proxy = Proxy::before(&origin).await;
    let mut client = Client::connect(proxy.address).await;
    client.send(["/1", "/2", "/3"].map(|target| request("GET", target, "")).concat()).await;
    for target in ["/1", "/2", "/3"] {
        assert_eq!(client.read("GET").await.text(), format!("GET {target} HTTP/1.1"));
    }
}

#[tokio::test]
async fn an_http_1_0_client_is_served_and_its_connection_closed() {
    let origin = Origin::answering(|_| json("{}")).await;
    let proxy = Proxy::before(&origin).await;
    let mut client = Client::connect(proxy.address).await;
    client.send("GET /x HTTP/1.0\r\n\r\n").await;
    let answer = client.read_rest().await;
    assert!(answer.starts_with(b"HTTP/1.0 200") || answer.starts_with(b"HTTP/1.1 200"));
    assert!(answer.ends_with(b"{}"));
    assert_eq!(origin.only().header("host"), Some(origin.address.to_string().as_str()));
}

#[tokio::test]
async fn stopping_lets_requests_in_flight_finish() {
    let origin = Origin::answering(|_| {
        std::thread::sleep(Duration::from_millis(300));
        json("{}")
    })
    .await;
    let mut proxy = Proxy::before(&origin).await;
    let mut client = Client::connect(proxy.address).await;
    client.send(request("GET", "/x", "")).await;
    tokio::time::sleep(Duration::from_millis(100)).await;
    proxy.begin_stop();
    let reply = client.read("GET").await;
    assert_eq!(reply.status, 200);
    proxy.stop().await;
}
