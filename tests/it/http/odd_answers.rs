//! Answers with lines in their heads that are no fields.

use super::client::{Client, get, request};
use super::origin::{Origin, answer, read_request};
use super::proxy::Proxy;
use super::{KEYS, SECRET, SHOWN};
use std::time::Duration;
use tokio::io::AsyncWriteExt;

const ODD: [&str; 10] = [
    "X/A: 1", "(", "@", "n\u{e4}me: 1", "no colon", ": no name", "X-Spaced : 1", "X-Control: a\u{1}b",
    "X-Delete: \u{7f}", "Transfer-Encoding: identity",
];

#[tokio::test]
async fn an_odd_line_is_left_out_and_the_answer_passes_with_all_others() {
    for odd in ODD {
        for target in ["/x", KEYS] {
            let fields = format!("X-Before: 1\r\n{odd}\r\nContent-Type: application/json\r\n");
            let sent = answer("200 OK", &fields, format!("[{{\"token\":\"{SECRET}\"}}]"));
            let origin = Origin::answering(move |_| sent.clone()).await;
            let proxy = Proxy::before(&origin).await;
            for _ in 0..2 {
                let reply = get(proxy.address, target).await;
                let token = if target == KEYS { SHOWN } else { SECRET };
                assert_eq!((reply.status, reply.text()), (200, format!("[{{\"token\":\"{token}\"}}]")), "{odd:?}");
                let mut names: Vec<_> = reply.headers.iter().map(|(name, _)| name.to_lowercase()).collect();
                names.retain(|name| name != "cache-control");
                names.sort_unstable();
                assert_eq!(names, ["content-length", "content-type", "x-before"], "{odd:?}");
            }
            assert!(origin.seen().iter().all(|seen| seen.connection == 0), "{odd:?}: the connection is kept");
        }
    }
}

#[tokio::test]
async fn an_odd_line_about_how_the_body_is_read_is_refused_and_its_connection_not_used_again() {
    for odd in [
        "Transfer-Encoding : chunked", "(Transfer-Encoding): chunked", "Transfer-Encoding chunked",
        "Transfer-Encoding: chunked\u{1}", "Content-Length\u{1}: 5", "Content-Length: 2\r\n 0",
        "X: 1\r\n Transfer-Encoding: chunked", "X: 1\rTransfer-Encoding: chunked", "Transfer-Encoding:\r\n chunked",
        "Content-Type : application/json",
    ] {
        let sent = answer("200 OK", &format!("{odd}\r\n"), "0\r\n\r\n{}");
        let origin = Origin::answering(move |seen| match seen.request_line() {
            "GET /good HTTP/1.1" => answer("200 OK", "", "{}"),
            _ => sent.clone(),
        })
        .await;
        let proxy = Proxy::before(&origin).await;
        for target in ["/bad", KEYS] {
            let reply = get(proxy.address, target).await;
            assert_eq!((reply.status, reply.reason().as_deref()), (502, Some("upstream-protocol")), "{odd:?}");
            assert_eq!(get(proxy.address, "/good").await.status, 200);
        }
        let connections: Vec<_> = origin.seen().iter().map(|seen| seen.connection).collect();
        assert_eq!(connections, [0, 1, 1, 2], "{odd:?}");
    }
}

/// An origin that sends its answers in pieces of this many bytes.
async fn dripping(sent: &'static str, size: usize) -> Origin {
    Origin::serving(move |mut stream| async move {
        let mut buffer = Vec::new();
        while read_request(&mut stream, &mut buffer, 0).await.is_some() {
            for piece in sent.as_bytes().chunks(size) {
                stream.write_all(piece).await.unwrap();
                tokio::time::sleep(Duration::from_micros(200)).await;
            }
        }
    })
    .await
}

#[tokio::test]
async fn a_head_is_read_alike_in_any_pieces_and_after_any_interim_answers() {
    let sent = "HTTP/1.1 103 Early Hints\r\nLink: <a>\r\nX/A: 1\r\n\r\nHTTP/1.1 102 Processing\r\n\r\nHTTP/1.1 200 OK\r\n\
        X-Before: 1\r\n(\r\nX-Folded: a\r\n  b\r\nContent-Length: 12\r\n\r\nX/B: 1\r\n\r\n()";
    for size in [1, 2, 3, 7, 60, 100, 1000] {
        let origin = dripping(sent, size).await;
        let proxy = Proxy::before(&origin).await;
        let mut client = Client::connect(proxy.address).await;
        for _ in 0..2 {
            client.send(request("GET", "/x", "")).await;
            let reply = client.read("GET").await;
            assert_eq!((reply.status, reply.text()), (200, "X/B: 1\r\n\r\n()".to_owned()), "{size}");
            assert_eq!((reply.header("x-before"), reply.header("x-folded")), (Some("1"), Some("a b")), "{size}");
        }
    }
}

#[tokio::test]
async fn a_storm_of_interim_answers_ends_with_the_time_for_the_answer() {
    let origin = Origin::serving(|mut stream| async move {
        let _ = read_request(&mut stream, &mut Vec::new(), 0).await;
        while stream.write_all("HTTP/1.1 102 Processing\r\nX/A: 1\r\n\r\n".repeat(100).as_bytes()).await.is_ok() {
            tokio::time::sleep(Duration::from_millis(1)).await;
        }
    })
    .await;
    let mut settings = super::proxy::settings(origin.address);
    settings.upstream.response_timeout = Duration::from_millis(300);
    let proxy = Proxy::with(settings, last4::layer::MaskRule::new(super::proxy::rules())).await;
    let reply = get(proxy.address, "/x").await;
    assert_eq!((reply.status, reply.reason().as_deref()), (504, Some("upstream-timeout")));
}

#[tokio::test]
async fn a_head_with_an_odd_line_is_bounded_like_any_other() {
    for filler in ["X-Long: ", "X/A: ", "("] {
        let sent = format!("HTTP/1.1 200 OK\r\n{filler}{}\r\nContent-Length: 0\r\n\r\n", "a".repeat(200_000));
        let origin = Origin::answering(move |_| sent.clone()).await;
        let proxy = Proxy::before(&origin).await;
        let reply = get(proxy.address, "/x").await;
        assert_eq!((reply.status, reply.reason().as_deref()), (502, Some("upstream-protocol")), "{filler}");
    }
}
