//! Nothing is buffered that need not be.

use super::client::{Client, request};
use super::origin::{Origin, read_request};
use super::proxy::Proxy;
use super::{KEYS, SECRET, SHOWN};
use std::sync::Arc;
use tokio::io::{AsyncReadExt, AsyncWriteExt};
use tokio::sync::Mutex;

#[tokio::test]
async fn events_arrive_one_by_one() {
    // Each event is sent only once the client has said that it has the one before.
    let (go, going) = tokio::sync::mpsc::channel::<()>(1);
    let going = Arc::new(Mutex::new(going));
    let origin = Origin::serving(move |mut stream| {
        let going = Arc::clone(&going);
        async move {
            read_request(&mut stream, &mut Vec::new(), 0).await;
            let head = "HTTP/1.1 200 OK\r\nContent-Type: text/event-stream\r\nTransfer-Encoding: chunked\r\n\r\n";
            stream.write_all(head.as_bytes()).await.unwrap();
            for number in 0.. {
                if going.lock().await.recv().await.is_none() {
                    break;
                }
                let event = format!("data: {number}\n\n");
                stream.write_all(format!("{:x}\r\n{event}\r\n", event.len()).as_bytes()).await.unwrap();
            }
            stream.write_all(b"0\r\n\r\n").await.unwrap();
        }
    })
    .await;
    let proxy = Proxy::before(&origin).await;
    let mut client = Client::connect(proxy.address).await;
    client.send(request("GET", "/events", "")).await;
    client.read_until("\r\n\r\n").await;
    for number in 0..5 {
        go.send(()).await.unwrap();
        client.read_until(&format!("data: {number}\n\n")).await;
    }
    drop(go);
    client.read_until("0\r\n\r\n").await;
}

#[tokio::test]
async fn an_upload_is_passed_on_while_it_is_sent() {
    let origin = Origin::serving(|mut stream| async move {
        let mut buffer = vec![0; 64 * 1024];
        // Echoes in capitals what arrives, as it arrives.
        let mut head = Vec::new();
        while !head.ends_with(b"\r\n\r\n") {
            head.push(stream.read_u8().await.unwrap());
        }
        stream.write_all(b"HTTP/1.1 200 OK\r\nContent-Length: 9\r\n\r\n").await.unwrap();
        while let Ok(length @ 1..) = stream.read(&mut buffer).await {
            if stream.write_all(&buffer[..length].to_ascii_uppercase()).await.is_err() {
                break;
            }
        }
    })
    .await;
    let proxy = Proxy::before(&origin).await;
    let mut client = Client::connect(proxy.address).await;
    client.send("POST /x HTTP/1.1\r\nHost: a\r\nContent-Length: 9\r\n\r\n").await;
    client.read_until("\r\n\r\n").await;
    for (piece, echoed) in [("abc", "ABC"), ("def", "DEF"), ("ghi", "GHI")] {
        client.send(piece).await;
        client.read_until(echoed).await;
    }
}

#[tokio::test]
async fn a_list_that_comes_slowly_is_masked_wherever_it_is_cut() {
    let body = format!("[{{\"tok\\u0065n\":\"{SECRET}\"}}]");
    let shown = body.replace(SECRET, SHOWN);
    let origin = Origin::serving(move |mut stream| {
        let body = body.clone();
        async move {
            read_request(&mut stream, &mut Vec::new(), 0).await;
            stream.write_all(b"HTTP/1.1 200 OK\r\nTransfer-Encoding: chunked\r\n\r\n").await.unwrap();
            for byte in body.bytes() {
                stream.write_all(format!("1\r\n{}\r\n", char::from(byte)).as_bytes()).await.unwrap();
                tokio::task::yield_now().await;
            }
            stream.write_all(b"0\r\n\r\n").await.unwrap();
        }
    })
    .await;
    let proxy = Proxy::before(&origin).await;
    let mut client = Client::connect(proxy.address).await;
    client.send(request("GET", KEYS, "")).await;
    assert_eq!(client.read("GET").await.text(), shown);
}

#[tokio::test]
async fn a_client_that_goes_away_ends_the_request_upstream() {
    let (gone, mut noticed) = tokio::sync::mpsc::channel::<()>(1);
    let origin = Origin::serving(move |mut stream| {
        let gone = gone.clone();
        async move {
            read_request(&mut stream, &mut Vec::new(), 0).await;
            let _ = stream.read_u8().await;
            gone.send(()).await.unwrap();
        }
    })
    .await;
    let proxy = Proxy::before(&origin).await;
    let mut client = Client::connect(proxy.address).await;
    client.send(request("GET", "/slow", "")).await;
    tokio::time::sleep(std::time::Duration::from_millis(100)).await;
    drop(client);
    tokio::time::timeout(super::client::PATIENCE, noticed.recv()).await.expect("the upstream was not told");
}
