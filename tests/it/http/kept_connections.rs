//! Connections to the upstream that are kept, and turn out to be dead.

use super::client::{Client, ask, get, request};
use super::origin::{Origin, answer, json, read_request};
use super::proxy::{Proxy, rules, settings};
use last4::layer::MaskRule;
use std::sync::Arc;
use std::sync::atomic::{AtomicUsize, Ordering};
use std::time::Duration;
use tokio::io::{AsyncReadExt, AsyncWriteExt};
use tokio::net::TcpStream;

/// How a connection ends at its second request.
#[derive(Clone, Copy, Debug)]
enum Ends {
    /// Once the request was read.
    Reset,
    /// With the request unread, which makes the close a reset.
    Unread,
    Closed,
    /// Once these bytes of an answer were sent.
    ResetAfter(&'static str),
    ClosedAfter(&'static str),
}

impl Ends {
    async fn end(self, mut stream: TcpStream) {
        let (said, reset) = match self {
            Self::Unread => {
                let mut byte = [0];
                let _ = stream.peek(&mut byte).await;
                return;
            }
            Self::Reset => ("", true),
            Self::Closed => ("", false),
            Self::ResetAfter(said) => (said, true),
            Self::ClosedAfter(said) => (said, false),
        };
        let _ = read_request(&mut stream, &mut Vec::new(), 0).await;
        let _ = stream.write_all(said.as_bytes()).await;
        if reset {
            // A reset overtakes what was sent before.
            tokio::time::sleep(Duration::from_millis(100)).await;
            stream.set_zero_linger().unwrap();
        }
    }
}

/// An origin whose connections answer one request, and end so at the second; with how many requests were read on them.
async fn origin(ends: Ends) -> (Origin, Arc<AtomicUsize>) {
    let connections = Arc::new(AtomicUsize::new(0));
    let counter = Arc::clone(&connections);
    let origin = Origin::serving(move |mut stream| {
        counter.fetch_add(1, Ordering::Relaxed);
        async move {
            if read_request(&mut stream, &mut Vec::new(), 0).await.is_some() {
                stream.write_all(&json("{}")).await.unwrap();
                ends.end(stream).await;
            }
        }
    })
    .await;
    (origin, connections)
}

#[tokio::test]
async fn a_safe_request_on_a_connection_that_dies_before_the_answer_is_sent_again() {
    for ends in [Ends::Reset, Ends::Unread, Ends::Closed] {
        for method in ["GET", "HEAD", "OPTIONS"] {
            let (origin, connections) = origin(ends).await;
            let proxy = Proxy::before(&origin).await;
            for round in 0..8 {
                let reply = ask(proxy.address, request(method, "/x", "")).await;
                assert_eq!(reply.status, 200, "{ends:?} {method} {round}");
            }
            assert_eq!(connections.load(Ordering::Relaxed), 8, "{ends:?} {method}");
        }
    }
}

#[tokio::test]
async fn a_request_that_may_have_done_something_is_not_sent_again() {
    for ends in [Ends::Reset, Ends::Closed] {
        for (method, fields) in
            [("POST", "Content-Length: 0\r\n"), ("DELETE", ""), ("PUT", "Content-Length: 0\r\n"), ("get", "")]
        {
            let (origin, connections) = origin(ends).await;
            let proxy = Proxy::before(&origin).await;
            assert_eq!(get(proxy.address, "/x").await.status, 200);
            let reply = ask(proxy.address, request(method, "/x", fields)).await;
            assert_eq!((reply.status, reply.reason().as_deref()), (502, Some("upstream-closed")), "{ends:?} {method}");
            assert_eq!(connections.load(Ordering::Relaxed), 1, "{ends:?} {method}");
        }
    }
}

#[tokio::test]
async fn once_a_byte_of_an_answer_came_nothing_is_sent_again() {
    for said in ["H", "HTTP/1.1 200 OK\r\nContent-", "HTTP/1.1 103 Early Hints\r\n\r\n"] {
        for ends in [Ends::ResetAfter(said), Ends::ClosedAfter(said)] {
            let (origin, connections) = origin(ends).await;
            let proxy = Proxy::before(&origin).await;
            assert_eq!(get(proxy.address, "/x").await.status, 200);
            let reply = get(proxy.address, "/x").await;
            assert_eq!((reply.status, reply.reason().as_deref()), (502, Some("upstream-closed")), "{ends:?}");
            assert_eq!(connections.load(Ordering::Relaxed), 1, "{ends:?}");
        }
    }
}

#[tokio::test]
async fn a_new_connection_that_dies_is_told_of_at_once() {
    let origin = Origin::serving(|mut stream| async move {
        let _ = read_request(&mut stream, &mut Vec::new(), 0).await;
        stream.set_zero_linger().unwrap();
    })
    .await;
    let proxy = Proxy::before(&origin).await;
    let reply = get(proxy.address, "/x").await;
    assert_eq!((reply.status, reply.reason().as_deref()), (502, Some("upstream-closed")));
}

async fn connections_used(most: usize) -> Vec<usize> {
    let origin = Origin::answering(|_| json("{}")).await;
    let mut settings = settings(origin.address);
    settings.upstream.max_idle_connections = most;
    let proxy = Proxy::with(settings, MaskRule::new(rules())).await;
    for _ in 0..3 {
        assert_eq!(get(proxy.address, "/x").await.status, 200);
    }
    origin.seen().iter().map(|seen| seen.connection).collect()
}

#[tokio::test]
async fn as_many_connections_are_kept_as_the_limit_says() {
    assert_eq!(connections_used(0).await, [0, 1, 2]);
    assert_eq!(connections_used(1).await, [0, 0, 0]);
}

#[tokio::test]
async fn an_answer_before_the_request_was_sent_whole_ends_its_connection() {
    let origin = Origin::serving(|mut stream| async move {
        let mut buffer = vec![0; 4096];
        let _ = stream.read(&mut buffer).await;
        let _ = stream.write_all(&answer("413 Content Too Large", "", "no")).await;
        // What comes is read, so that the answer is not lost in a reset.
        while let Ok(1..) = stream.read(&mut buffer).await {}
    })
    .await;
    let proxy = Proxy::before(&origin).await;
    let mut client = Client::connect(proxy.address).await;
    client.send("POST /x HTTP/1.1\r\nHost: a\r\nContent-Length: 100000\r\n\r\nbegun").await;
    let reply = client.read("POST").await;
    assert_eq!((reply.status, reply.text()), (413, "no".to_owned()));
    drop(client);
    // The rest of the body is not read as the next request.
    assert_eq!(get(proxy.address, "/x").await.status, 413);
}

#[tokio::test]
async fn an_answer_is_passed_on_though_the_upstream_closes_with_the_request_unread() {
    let origin = Origin::serving(|mut stream| async move {
        let mut buffer = vec![0; 512];
        let _ = stream.read(&mut buffer).await;
        let _ = stream.write_all(&answer("413 Content Too Large", "Connection: close\r\n", "no")).await;
    })
    .await;
    let proxy = Proxy::before(&origin).await;
    for _ in 0..20 {
        let (mut reader, mut writer) = Client::connect(proxy.address).await.split();
        let writing = tokio::spawn(async move {
            let _ = writer.write_all(b"POST /x HTTP/1.1\r\nHost: a\r\nContent-Length: 3000000\r\n\r\n").await;
            let _ = writer.write_all(&vec![b'x'; 3_000_000]).await;
        });
        let reply = reader.read("POST").await;
        assert_eq!((reply.status, reply.text()), (413, "no".to_owned()));
        writing.abort();
    }
}

#[tokio::test]
async fn what_comes_unasked_ends_a_kept_connection() {
    for unasked in
        ["HTTP/1.1 408 Request Timeout\r\nContent-Length: 0\r\n\r\n", "HTTP/1.1 102 Processing\r\n\r\n", "x", "\r\n"]
    {
        let connections = Arc::new(AtomicUsize::new(0));
        let counter = Arc::clone(&connections);
        let origin = Origin::serving(move |mut stream| {
            let number = counter.fetch_add(1, Ordering::Relaxed);
            async move {
                let mut buffer = Vec::new();
                while read_request(&mut stream, &mut buffer, 0).await.is_some() {
                    let _ = stream.write_all(&json(number.to_string())).await;
                    tokio::time::sleep(Duration::from_millis(20)).await;
                    let _ = stream.write_all(unasked.as_bytes()).await;
                }
            }
        })
        .await;
        let proxy = Proxy::before(&origin).await;
        for round in 0..3 {
            let reply = get(proxy.address, "/x").await;
            assert_eq!((reply.status, reply.text()), (200, round.to_string()), "{unasked:?}");
            tokio::time::sleep(Duration::from_millis(100)).await;
        }
    }
}
