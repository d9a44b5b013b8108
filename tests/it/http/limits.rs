//! What a client or an upstream may cost, and how either is told.

use super::client::{Client, ask, get, request};
use super::metrics::until;
use super::origin::{Origin, answer, json};
use super::proxy::{Proxy, rules, settings};
use super::{KEYS, SECRET};
use last4::layer::MaskRule;
use last4::proxy::Settings;
use std::time::{Duration, Instant};
use tokio::io::{AsyncReadExt, AsyncWriteExt};

const SHORT: Duration = Duration::from_millis(300);

async fn proxy(origin: &Origin, change: impl FnOnce(&mut Settings)) -> Proxy {
    let mut settings = settings(origin.address);
    change(&mut settings);
    Proxy::with(settings, MaskRule::new(rules())).await
}

fn refused(reason: &str) -> String {
    format!("last4_refused_requests_total{{reason=\"{reason}\"}}")
}

async fn origin() -> Origin {
    Origin::answering(|_| json("{}")).await
}

#[tokio::test]
async fn a_slow_head_is_a_408_and_silence_between_requests_has_a_limit_of_its_own() {
    let origin = origin().await;
    let proxy = proxy(&origin, |settings| {
        settings.limits.header_timeout = SHORT;
        settings.limits.idle_timeout = SHORT * 4;
    })
    .await;
    let mut slow = Client::connect(proxy.address).await;
    slow.send("GET /x HTTP/1.1\r\nHost:").await;
    let reply = slow.read("GET").await;
    assert_eq!((reply.status, reply.reason().as_deref()), (408, Some("header-timeout")));
    until(&proxy, &refused("header-timeout"), 1.0).await;
    assert!(slow.read_rest().await.is_empty());

    let mut kept = Client::connect(proxy.address).await;
    kept.send(request("GET", "/x", "")).await;
    assert_eq!(kept.read("GET").await.status, 200);
    tokio::time::sleep(SHORT * 2).await;
    kept.send(request("GET", "/x", "")).await;
    assert_eq!(kept.read("GET").await.status, 200, "longer than a head may take, and not too long");
    let begun = Instant::now();
    kept.send("GET /x HTTP/1.1\r\n").await;
    assert_eq!(kept.read("GET").await.status, 408);
    assert!(begun.elapsed() < SHORT * 3, "a head that has begun is not silence");

    let mut silent = Client::connect(proxy.address).await;
    silent.send(request("GET", "/x", "")).await;
    assert_eq!(silent.read("GET").await.status, 200);
    let begun = Instant::now();
    assert!(silent.read_rest().await.is_empty(), "closed without a word");
    assert!(begun.elapsed() > SHORT * 3);
}

#[tokio::test]
async fn the_beginning_of_http2s_preface_may_be_the_beginning_of_anything() {
    let origin = origin().await;
    let proxy = proxy(&origin, |_| {}).await;
    let ended = async |begun: &str| {
        let (mut client, mut writer) = Client::connect(proxy.address).await.split();
        writer.write_all(begun.as_bytes()).await.unwrap();
        writer.shutdown().await.unwrap();
        client.read_rest().await
    };
    // Long before the limit for heads: the end of the stream is seen although bytes came before it.
    for begun in ["P", "PRI * HTTP/2.0\r\n\r\nSM\r\n\r"] {
        assert!(!ended(begun).await.starts_with(b"HTTP/1.1 408"), "{begun}");
    }
    for pieces in [["P", "OST /x HTTP/1.1\r\n"], ["PR", "OPFIND /x HTTP/1.1\r\n"], ["P", "UT"]] {
        let mut client = Client::connect(proxy.address).await;
        for piece in pieces {
            client.send(piece).await;
            tokio::time::sleep(Duration::from_millis(20)).await;
        }
        client.send(if pieces[1] == "UT" { " /x HTTP/1.1\r\n" } else { "" }).await;
        client.send("Host: a\r\nContent-Length: 0\r\n\r\n").await;
        assert_eq!(client.read("POST").await.status, 200, "{pieces:?}");
    }
    let methods: Vec<_> = origin.seen().iter().map(|seen| seen.request_line().to_owned()).collect();
    assert_eq!(methods, ["POST /x HTTP/1.1", "PROPFIND /x HTTP/1.1", "PUT /x HTTP/1.1"]);
}

#[tokio::test]
async fn a_head_that_cannot_be_read_is_refused_without_a_document_and_counted() {
    let origin = origin().await;
    let proxy = proxy(&origin, |_| {}).await;
    let long = format!("/{}", "x".repeat(65_600));
    for (raw, status, reason) in [
        (request("GET", "/x", &format!("X: {}\r\n", "x".repeat(70_000))), 431, "headers-too-large"),
        (request("GET", "/x", &"X: 1\r\n".repeat(120)), 431, "headers-too-large"),
        (request("GET", &long, ""), 431, "headers-too-large"),
        ("GET /x y z\r\n\r\n".to_owned(), 400, "malformed-request"),
    ] {
        let mut client = Client::connect(proxy.address).await;
        client.send(request("GET", "/x", "")).await;
        assert_eq!(client.read("GET").await.status, 200);
        client.send(&raw).await;
        let reply = client.read("GET").await;
        assert_eq!((reply.status, reply.text().as_str()), (status, ""), "{reason}");
        assert_eq!(reply.header("connection"), Some("close"));
        // Behind a request that is answered first.
        let mut client = Client::connect(proxy.address).await;
        client.send(request("GET", "/x", "") + &raw).await;
        assert_eq!(client.read("GET").await.status, 200);
        assert_eq!(client.read("GET").await.status, status);
    }
    until(&proxy, &refused("headers-too-large"), 6.0).await;
    until(&proxy, &refused("malformed-request"), 2.0).await;
}

#[tokio::test]
async fn a_head_may_be_as_large_as_the_limit_says() {
    let field = format!("X: {}\r\n", "x".repeat(1_000_000));
    let sent = answer("200 OK", &field, "{}");
    let origin = Origin::answering(move |_| sent.clone()).await;
    let proxy = proxy(&origin, |settings| settings.limits.max_header_bytes = 1 << 20).await;
    let reply = ask(proxy.address, request("GET", "/x", &format!("{field}Connection: close\r\n"))).await;
    assert_eq!((reply.status, reply.header("x").map(str::len)), (200, Some(1_000_000)));
    assert_eq!(origin.only().header("x").map(str::len), Some(1_000_000));
}

#[tokio::test]
async fn a_refusal_of_the_upstream_stays_its_own() {
    let sent = answer("431 Request Header Fields Too Large", "", "");
    let origin = Origin::answering(move |_| sent.clone()).await;
    let proxy = proxy(&origin, |_| {}).await;
    let reply = ask(proxy.address, request("GET", "/x", "Connection: close\r\n")).await;
    assert_eq!((reply.status, reply.body.len()), (431, 0));
}

/// hyper's own answer to a head that it cannot read.
const BARE: &str = "HTTP/1.1 400 Bad Request\r\nconnection: close\r\ncontent-length: 0\r\n\r\n";

/// Answers before the request's body has come, with a body of the length in the path. The connection then waits for the rest of the
/// request's body and for the next head, although the answer may not be completely written.
async fn hasty() -> Origin {
    Origin::serving(|mut stream| async move {
        let mut head = vec![0; 4096];
        let length = stream.read(&mut head).await.unwrap();
        let head = String::from_utf8_lossy(&head[..length]).into_owned();
        let size: usize = head.split(['/', ' ']).nth(2).unwrap().parse().unwrap();
        let _ = stream.write_all(&answer("200 OK", "", "x".repeat(size) + BARE)).await;
        while stream.read(&mut [0; 64]).await.is_ok_and(|length| length > 0) {}
    })
    .await
}

/// Sizes of answers, of which one or more wait for the client with their end alone.
fn sizes() -> impl Iterator<Item = usize> {
    (0..32).map(|number| number * 192 * 1024)
}

#[tokio::test]
async fn nothing_is_said_in_the_middle_of_an_answer() {
    let origin = hasty().await;
    let proxy = proxy(&origin, |settings| settings.limits.header_timeout = SHORT).await;
    futures_util::future::join_all(sizes().map(async |size| {
        let mut client = Client::connect(proxy.address).await;
        client.send(format!("POST /{size} HTTP/1.1\r\nHost: a\r\nContent-Length: 4\r\n\r\nab")).await;
        tokio::time::sleep(SHORT * 2).await;
        client.send("cd").await;
        tokio::time::sleep(SHORT / 3).await;
        client.send("GET /").await;
        tokio::time::sleep(SHORT * 3).await;
        let reply = client.read("POST").await;
        let text = reply.text();
        assert!(!text.contains("HTTP/1.1 408"), "{size}: {}", text.trim_start_matches('x'));
    }))
    .await;
}

#[tokio::test]
async fn no_answer_is_taken_for_a_refusal_by_the_bytes_that_it_ends_with() {
    let origin = hasty().await;
    let proxy = proxy(&origin, |_| {}).await;
    futures_util::future::join_all(sizes().map(async |size| {
        let mut client = Client::connect(proxy.address).await;
        client.send(format!("POST /{size} HTTP/1.1\r\nHost: a\r\nContent-Length: 4\r\n\r\nab")).await;
        tokio::time::sleep(SHORT * 2).await;
        client.send("cd").await;
        tokio::time::sleep(SHORT).await;
        let reply = client.read("POST").await;
        assert!(
            reply.clean && reply.body.len() == size + BARE.len() && reply.body.ends_with(BARE.as_bytes()),
            "{size}"
        );
        client.send("?\r\n\r\n").await;
        assert!(client.read_rest().await.starts_with(b"HTTP/1.1 400 Bad Request\r\n"), "{size}: nothing came between");
    }))
    .await;
}

#[tokio::test]
async fn a_body_that_is_too_large_is_a_413() {
    let origin = origin().await;
    let proxy = proxy(&origin, |settings| settings.limits.max_request_bytes = Some(100_000)).await;
    let just = "x".repeat(100_000);
    let mut client = Client::connect(proxy.address).await;
    client.send(format!("POST /x HTTP/1.1\r\nHost: a\r\nContent-Length: 100000\r\n\r\n{just}")).await;
    assert_eq!(client.read("POST").await.status, 200);
    client
        .send(format!("POST /x HTTP/1.1\r\nHost: a\r\nTransfer-Encoding: chunked\r\n\r\n186a0\r\n{just}\r\n0\r\n\r\n"))
        .await;
    assert_eq!(client.read("POST").await.status, 200);
    assert_eq!(origin.seen().len(), 2);

    // Too large by Content-Length, and too large when counted: the client reads the reason although it keeps sending for a while.
    for head in ["Content-Length: 100000000", "Transfer-Encoding: chunked"] {
        let mut client = Client::connect(proxy.address).await;
        client.send(format!("POST /x HTTP/1.1\r\nHost: a\r\n{head}\r\n\r\n")).await;
        let (mut reader, mut writer) = client.split();
        let sending = tokio::spawn(async move {
            let chunk = format!("1000\r\n{}\r\n", "x".repeat(0x1000));
            for _ in 0..1000 {
                if writer.write_all(chunk.as_bytes()).await.is_err() {
                    return;
                }
            }
        });
        let reply = reader.read("POST").await;
        assert_eq!((reply.status, reply.reason().as_deref()), (413, Some("request-too-large")), "{head}");
        assert_eq!(reply.header("connection"), Some("close"));
        let _ = sending.await;
    }
    until(&proxy, "last4_upstream_failures_total{reason=\"request-too-large\"}", 2.0).await;
    assert_eq!(origin.seen().len(), 2, "no such request reaches the upstream whole");
    // Whoever asks first is not invited to send.
    let asks = "POST /x HTTP/1.1\r\nHost: a\r\nExpect: 100-continue\r\nContent-Length: 100001\r\n\r\n";
    let mut client = Client::connect(proxy.address).await;
    client.send(asks).await;
    assert!(client.read_until("\r\n").await.starts_with(b"HTTP/1.1 413"));
}

#[tokio::test]
async fn a_body_that_stops_coming_is_a_408() {
    let origin = origin().await;
    let proxy = proxy(&origin, |settings| settings.limits.body_timeout = SHORT).await;
    let mut client = Client::connect(proxy.address).await;
    client.send("POST /x HTTP/1.1\r\nHost: a\r\nContent-Length: 10\r\n\r\n").await;
    for piece in ["ab", "cd", "ef"] {
        tokio::time::sleep(SHORT * 2 / 3).await;
        client.send(piece).await;
    }
    let reply = client.read("POST").await;
    assert_eq!((reply.status, reply.reason().as_deref()), (408, Some("body-timeout")));
    assert!(client.read_rest().await.is_empty());
}

#[tokio::test]
async fn a_body_that_stops_coming_after_the_answer_holds_no_connection() {
    let origin = Origin::serving(|mut stream| async move {
        let _ = stream.write_all(&json("{}")).await;
        tokio::time::sleep(Duration::from_secs(30)).await;
    })
    .await;
    let proxy = proxy(&origin, |settings| settings.limits.body_timeout = SHORT).await;
    let mut client = Client::connect(proxy.address).await;
    client.send("POST /x HTTP/1.1\r\nHost: a\r\nContent-Length: 10\r\n\r\nab").await;
    assert_eq!(client.read("POST").await.status, 200);
    assert!(client.read_rest().await.is_empty());
}

#[tokio::test]
async fn an_upstream_that_takes_no_more_of_a_body_is_a_504() {
    let origin = Origin::serving(|stream| async move {
        tokio::time::sleep(Duration::from_secs(30)).await;
        drop(stream);
    })
    .await;
    let proxy = proxy(&origin, |settings| settings.upstream.body_timeout = SHORT).await;
    let mut client = Client::connect(proxy.address).await;
    client.send("POST /x HTTP/1.1\r\nHost: a\r\nContent-Length: 100000000\r\n\r\n").await;
    let (mut reader, mut writer) = client.split();
    let sending = tokio::spawn(async move { while writer.write_all(&[b'x'; 65536]).await.is_ok() {} });
    let reply = reader.read("POST").await;
    assert_eq!((reply.status, reply.reason().as_deref()), (504, Some("upstream-timeout")));
    sending.abort();
}

#[tokio::test]
async fn an_answer_that_stops_coming_is_cut() {
    let origin = Origin::serving(|mut stream| async move {
        let mut buffer = Vec::new();
        let _ = super::origin::read_request(&mut stream, &mut buffer, 0).await;
        let body = format!("[{}", format!("{{\"token\":\"{SECRET}\"}},").repeat(5_000));
        let head = "HTTP/1.1 200 OK\r\nContent-Type: application/json\r\nContent-Length: 900000\r\n\r\n";
        let _ = stream.write_all((head.to_owned() + &body).as_bytes()).await;
        tokio::time::sleep(Duration::from_secs(30)).await;
    })
    .await;
    let proxy = proxy(&origin, |settings| settings.upstream.body_timeout = SHORT).await;
    for target in ["/x", KEYS] {
        let reply = get(proxy.address, target).await;
        assert!(reply.status == 200 && !reply.clean, "{target}");
    }
}

#[tokio::test]
async fn a_client_that_takes_nothing_is_reset() {
    let origin = Origin::serving(|mut stream| async move {
        let mut buffer = Vec::new();
        let _ = super::origin::read_request(&mut stream, &mut buffer, 0).await;
        let _ = stream.write_all(b"HTTP/1.1 200 OK\r\nContent-Length: 100000000\r\n\r\n").await;
        while stream.write_all(&[b'x'; 65536]).await.is_ok() {}
    })
    .await;
    let proxy = proxy(&origin, |settings| settings.limits.body_timeout = SHORT).await;
    let mut client = Client::connect(proxy.address).await;
    client.send(request("GET", "/x", "")).await;
    tokio::time::sleep(SHORT * 4).await;
    assert!(!client.read("GET").await.clean);
}

#[tokio::test]
async fn a_connection_too_many_is_told_to_come_again() {
    let origin = origin().await;
    let proxy = proxy(&origin, |settings| settings.limits.max_connections = 2).await;
    let mut kept = Client::connect(proxy.address).await;
    kept.send(request("GET", "/x", "")).await;
    assert_eq!(kept.read("GET").await.status, 200);
    let other = Client::connect(proxy.address).await;
    let reply = get(proxy.address, "/x").await;
    assert_eq!((reply.status, reply.reason().as_deref()), (503, Some("too-many-connections")));
    until(&proxy, &refused("too-many-connections"), 1.0).await;
    assert_eq!(reply.header("retry-after"), Some("1"));
    drop(other);
    tokio::time::sleep(Duration::from_millis(100)).await;
    assert_eq!(get(proxy.address, "/x").await.status, 200);
}

#[tokio::test]
async fn a_request_too_many_is_told_to_come_again() {
    let origin = Origin::serving(|mut stream| async move {
        let mut buffer = Vec::new();
        while let Some(seen) = super::origin::read_request(&mut stream, &mut buffer, 0).await {
            if seen.request_line().contains("slow") {
                tokio::time::sleep(SHORT * 2).await;
            }
            let _ = stream.write_all(&json("{}")).await;
        }
    })
    .await;
    let proxy = proxy(&origin, |settings| settings.limits.max_requests = 1).await;
    let mut slow = Client::connect(proxy.address).await;
    slow.send(request("GET", "/slow", "")).await;
    tokio::time::sleep(Duration::from_millis(100)).await;
    let mut client = Client::connect(proxy.address).await;
    client.send(request("GET", "/x", "")).await;
    let reply = client.read("GET").await;
    assert_eq!((reply.status, reply.reason().as_deref()), (503, Some("too-many-requests")));
    until(&proxy, "last4_upstream_failures_total{reason=\"too-many-requests\"}", 1.0).await;
    assert_eq!(reply.header("retry-after"), Some("1"));
    assert_eq!(slow.read("GET").await.status, 200);
    client.send(request("GET", "/x", "")).await;
    assert_eq!(client.read("GET").await.status, 200, "its connection is kept");
}

#[tokio::test]
async fn an_upstream_with_too_large_a_head_is_a_bad_gateway() {
    let large = format!("X-Large: {}\r\n", "x".repeat(1 << 20));
    let origin = Origin::answering(move |seen| match seen.request_line() {
        "GET /x HTTP/1.1" => answer("200 OK", &large, "{}"),
        _ => json("{}"),
    })
    .await;
    let proxy = proxy(&origin, |_| {}).await;
    let reply = get(proxy.address, "/x").await;
    assert_eq!((reply.status, reply.reason().as_deref()), (502, Some("upstream-protocol")));
    assert_eq!(get(proxy.address, "/y").await.status, 200);
}

#[tokio::test]
async fn a_connection_to_the_upstream_grows_old() {
    let origin = origin().await;
    let proxy = proxy(&origin, |settings| settings.upstream.max_connection_age = SHORT).await;
    for _ in 0..3 {
        get(proxy.address, "/x").await;
    }
    tokio::time::sleep(SHORT).await;
    for _ in 0..2 {
        get(proxy.address, "/x").await;
    }
    assert_eq!(origin.seen().iter().map(|seen| seen.connection).collect::<Vec<_>>(), [0, 0, 0, 1, 1]);
}

/// A client that asks for an answer over HTTP/2 and gives it no window, with the connection that it does so on.
async fn stalled(
    address: std::net::SocketAddr,
    answers: usize,
) -> (Vec<http::Response<h2::RecvStream>>, tokio::task::JoinHandle<Result<(), h2::Error>>) {
    let stream = tokio::net::TcpStream::connect(address).await.unwrap();
    let mut builder = h2::client::Builder::new();
    let (mut sender, connection) = builder.initial_window_size(0).handshake::<_, bytes::Bytes>(stream).await.unwrap();
    let connection = tokio::spawn(connection);
    let mut responses = Vec::new();
    for _ in 0..answers {
        sender = sender.ready().await.unwrap();
        let request = http::Request::get(format!("http://a{KEYS}")).body(()).unwrap();
        responses.push(sender.send_request(request, true).unwrap().0.await.unwrap());
    }
    (responses, connection)
}

#[tokio::test]
async fn a_client_that_takes_nothing_of_its_answers_over_http2_loses_its_connection() {
    let long = format!("[{}\"\"]", "\"x\",".repeat(100_000));
    let origin = Origin::answering(move |_| json(&long)).await;
    let proxy = proxy(&origin, |settings| settings.limits.body_timeout = SHORT).await;
    let begun = Instant::now();
    let (responses, connection) = stalled(proxy.address, 3).await;
    let _ = tokio::time::timeout(SHORT * 30, connection).await.expect("it is closed").unwrap();
    assert!(begun.elapsed() >= SHORT);
    for response in responses {
        assert!(response.into_body().data().await.is_some_and(|data| data.is_err()), "nothing looks whole");
    }
    until(&proxy, "last4_requests_in_flight", 0.0).await;
}
