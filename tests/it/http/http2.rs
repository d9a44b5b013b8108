//! HTTP/2 in, by prior knowledge.

use super::origin::{Origin, answer, json, read_request};
use super::proxy::{Proxy, rules, settings};
use super::{KEYS, SECRET, SHOWN};
use bytes::Bytes;
use http::{Request, Response, Version};
use http_body_util::{BodyExt, Empty};
use hyper::body::Incoming;
use hyper::client::conn::http2::{self, SendRequest};
use hyper_util::rt::{TokioExecutor, TokioIo};
use last4::layer::MaskRule;
use std::time::{Duration, Instant};
use tokio::io::{AsyncRead, AsyncWrite, AsyncWriteExt};
use tokio::net::TcpStream;

async fn connect(proxy: &Proxy) -> SendRequest<Empty<Bytes>> {
    let stream = TcpStream::connect(proxy.address).await.unwrap();
    let (sender, connection) = http2::handshake(TokioExecutor::new(), TokioIo::new(stream)).await.unwrap();
    tokio::spawn(connection);
    sender
}

async fn get(sender: &mut SendRequest<Empty<Bytes>>, target: &str) -> Response<Incoming> {
    let request = Request::get(format!("http://api.example{target}"))
        .header("cookie", "a=1")
        .header("cookie", "b=2")
        .body(Empty::new())
        .unwrap();
    sender.send_request(request).await.unwrap()
}

/// What the list of keys is on a connection on which HTTP/2 was agreed on.
pub(crate) async fn lists(stream: impl AsyncRead + AsyncWrite + Send + Unpin + 'static) -> Bytes {
    let (mut sender, connection) = http2::handshake(TokioExecutor::new(), TokioIo::new(stream)).await.unwrap();
    tokio::spawn(connection);
    get(&mut sender, KEYS).await.into_body().collect().await.unwrap().to_bytes()
}

#[tokio::test]
async fn a_list_is_masked_and_the_upstream_is_asked_in_http_1_1() {
    let origin = Origin::answering(|_| json(format!("[{{\"token\":\"{SECRET}\"}}]"))).await;
    let proxy = Proxy::before(&origin).await;
    let response = get(&mut connect(&proxy).await, &format!("{KEYS}?page=1")).await;
    assert_eq!(response.version(), Version::HTTP_2);
    let body = response.into_body().collect().await.unwrap().to_bytes();
    assert_eq!(body, format!("[{{\"token\":\"{SHOWN}\"}}]"));
    let seen = origin.only();
    assert_eq!(seen.request_line(), format!("GET {KEYS}?page=1 HTTP/1.1"));
    assert_eq!((seen.header("host"), seen.header("cookie")), (Some("api.example"), Some("a=1; b=2")));
}

#[tokio::test]
async fn a_head_of_too_many_fields_is_a_431_and_cookies_are_one_of_them() {
    let origin = Origin::answering(|_| json("{}")).await;
    let proxy = Proxy::before(&origin).await;
    let mut sender = connect(&proxy).await;
    let mut asked = async |fields: usize, crumbs: usize| {
        let mut request = Request::get("http://api.example/x").body(Empty::new()).unwrap();
        for number in 0..fields {
            request.headers_mut().append("x-field", number.into());
        }
        for number in 0..crumbs {
            request.headers_mut().append("cookie", format!("c{number}=1").parse().unwrap());
        }
        let response = sender.send_request(request).await.unwrap();
        let status = response.status();
        (status.as_u16(), response.into_body().collect().await.unwrap().to_bytes())
    };
    assert_eq!(asked(100, 0).await.0, 200);
    assert_eq!(asked(99, 150).await.0, 200, "a browser sends each cookie as a field of its own");
    for (fields, crumbs) in [(101, 0), (100, 2), (1_000, 0)] {
        let (status, document) = asked(fields, crumbs).await;
        assert_eq!(status, 431);
        assert!(String::from_utf8_lossy(&document).contains("\"headers-too-large\""));
    }
    assert_eq!(asked(1, 1).await.0, 200, "the connection lives on");
    assert_eq!(origin.seen().len(), 3);
    super::metrics::until(&proxy, "last4_refused_requests_total{reason=\"headers-too-large\"}", 3.0).await;
}

#[tokio::test]
async fn trailers_of_too_many_fields_do_not_reach_the_upstream() {
    let origin = Origin::answering(|_| json("{}")).await;
    let proxy = Proxy::before(&origin).await;
    let stream = TcpStream::connect(proxy.address).await.unwrap();
    let (mut sender, connection) = h2::client::handshake(stream).await.unwrap();
    tokio::spawn(connection);
    for (fields, wanted) in [(100, 200), (101, 413), (1_000, 413)] {
        sender = sender.ready().await.unwrap();
        let request = Request::post("http://api.example/x").body(()).unwrap();
        let (response, mut body) = sender.send_request(request, false).unwrap();
        body.send_data(Bytes::from_static(b"abc"), false).unwrap();
        let mut trailers = http::HeaderMap::new();
        for number in 0..fields {
            trailers.append("x-field", http::HeaderValue::from(number));
        }
        body.send_trailers(trailers).unwrap();
        assert_eq!(response.await.unwrap().status(), wanted, "{fields}");
    }
    assert_eq!(origin.seen().len(), 1);
}

/// Its length is not announced, and its end may be known before the upstream's connection asks for the body.
#[tokio::test]
async fn a_create_whose_body_ends_with_an_empty_frame_shows_its_secret() {
    let origin = Origin::answering(|_| json(format!("{{\"token\":\"{SECRET}\"}}"))).await;
    let proxy = Proxy::before(&origin).await;
    for (length, pieces) in [(None, &[""][..]), (Some(0), &[""]), (Some(3), &["a=1", ""]), (None, &["a=1", ""])] {
        let stream = TcpStream::connect(proxy.address).await.unwrap();
        let (mut sender, connection) = h2::client::handshake(stream).await.unwrap();
        tokio::spawn(connection);
        let mut request = Request::post(format!("http://api.example{KEYS}")).body(()).unwrap();
        if let Some(length) = length {
            request.headers_mut().insert("content-length", http::HeaderValue::from(length));
        }
        let (response, mut body) = sender.send_request(request, false).unwrap();
        for (place, piece) in pieces.iter().enumerate() {
            body.send_data(Bytes::from_static(piece.as_bytes()), place + 1 == pieces.len()).unwrap();
        }
        let mut answer = response.await.unwrap().into_body();
        let text = answer.data().await.unwrap().unwrap();
        assert_eq!(text, format!("{{\"token\":\"{SECRET}\"}}"));
    }
}

#[tokio::test]
async fn many_requests_at_once_get_their_own_answers() {
    let origin = Origin::answering(|seen| json(seen.request_line())).await;
    let proxy = Proxy::before(&origin).await;
    let sender = connect(&proxy).await;
    let requests = (0..50).map(|number| {
        let mut sender = sender.clone();
        async move {
            let response = get(&mut sender, &format!("/{number}")).await;
            let body = response.into_body().collect().await.unwrap().to_bytes();
            assert_eq!(body, format!("GET /{number} HTTP/1.1"));
        }
    });
    futures_util::future::join_all(requests).await;
}

#[tokio::test]
async fn a_fault_found_after_bytes_were_sent_resets_the_stream() {
    let body = format!("[{}", format!("{{\"token\":\"{SECRET}\"}},").repeat(10_000));
    let origin = Origin::answering(move |_| json(&body)).await;
    let proxy = Proxy::before(&origin).await;
    let mut sender = connect(&proxy).await;
    let response = get(&mut sender, KEYS).await;
    assert_eq!(response.status(), 200);
    assert!(response.into_body().collect().await.is_err());
    assert_eq!(get(&mut sender, "/other").await.status(), 200, "the connection lives on");
}

#[tokio::test]
async fn fields_that_http_2_forbids_do_not_come_back() {
    let sent = answer("200 OK", "Connection: x-a\r\nX-A: 1\r\nKeep-Alive: timeout=5\r\nX-B: 2\r\n", "{}");
    let origin = Origin::answering(move |_| sent.clone()).await;
    let proxy = Proxy::before(&origin).await;
    let response = get(&mut connect(&proxy).await, "/x").await;
    let mut names: Vec<_> = response.headers().keys().map(|name| name.as_str().to_owned()).collect();
    names.sort_unstable();
    assert_eq!(names, ["content-length", "x-b"]);
}

#[tokio::test]
async fn stopping_lets_requests_in_flight_finish_and_says_goodbye() {
    let origin = Origin::serving(|mut stream| async move {
        let mut buffer = Vec::new();
        while read_request(&mut stream, &mut buffer, 0).await.is_some() {
            tokio::time::sleep(Duration::from_millis(400)).await;
            let _ = stream.write_all(&json("{}")).await;
        }
    })
    .await;
    let proxy = Proxy::before(&origin).await;
    let mut sender = connect(&proxy).await;
    let mut other = sender.clone();
    let in_flight = tokio::spawn(async move { get(&mut other, "/x").await.into_body().collect().await });
    tokio::time::sleep(Duration::from_millis(100)).await;
    let begun = Instant::now();
    proxy.stop().await;
    assert!(begun.elapsed() > Duration::from_millis(200), "what ends the runtime then would have cut it");
    assert_eq!(in_flight.await.unwrap().unwrap().to_bytes(), "{}");
    assert!(sender.ready().await.is_err(), "the connection has ended");
}

#[tokio::test]
async fn an_idle_connection_is_closed_and_one_whose_answer_is_awaited_is_not() {
    let origin = Origin::serving(|mut stream| async move {
        let mut buffer = Vec::new();
        while read_request(&mut stream, &mut buffer, 0).await.is_some() {
            tokio::time::sleep(Duration::from_millis(1200)).await;
            let _ = stream.write_all(&json("{}")).await;
        }
    })
    .await;
    let mut settings = settings(origin.address);
    settings.limits.idle_timeout = Duration::from_millis(400);
    let proxy = Proxy::with(settings, MaskRule::new(rules())).await;
    let mut sender = connect(&proxy).await;
    let body = get(&mut sender, "/x").await.into_body().collect().await.unwrap().to_bytes();
    assert_eq!(body, "{}");
    let begun = Instant::now();
    while !sender.is_closed() {
        assert!(begun.elapsed() < Duration::from_secs(5), "it is open still");
        tokio::time::sleep(Duration::from_millis(20)).await;
    }
    assert!(begun.elapsed() > Duration::from_millis(200));
}
