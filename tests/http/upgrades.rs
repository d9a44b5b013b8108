//! Tunnels off the masked routes.

use super::KEYS;
use super::client::{Client, ask, request};
use super::origin::{Origin, read_request};
use super::proxy::Proxy;
use tokio::io::{AsyncReadExt, AsyncWriteExt};

const SWITCH: &str = "Connection: Upgrade\r\nUpgrade: websocket\r\nSec-WebSocket-Key: x\r\n";

/// Switches to any protocol it is asked for and echoes; answers 200 otherwise.
async fn switching() -> Origin {
    Origin::serving(|mut stream| async move {
        let mut buffer = Vec::new();
        while let Some(seen) = read_request(&mut stream, &mut buffer, 0).await {
            let Some(protocol) = seen.header("upgrade").map(str::to_owned) else {
                stream.write_all(b"HTTP/1.1 200 OK\r\nContent-Length: 2\r\n\r\n{}").await.unwrap();
                continue;
            };
            let head = format!("HTTP/1.1 101 Switching Protocols\r\nConnection: Upgrade\r\nUpgrade: {protocol}\r\nSec-WebSocket-Accept: y\r\n\r\n");
            stream.write_all(head.as_bytes()).await.unwrap();
            stream.write_all(&buffer).await.unwrap();
            let mut bytes = [0; 1024];
            while let Ok(length @ 1..) = stream.read(&mut bytes).await {
                stream.write_all(&bytes[..length]).await.unwrap();
            }
        }
    })
    .await
}

#[tokio::test]
async fn a_websocket_is_tunnelled_both_ways() {
    let origin = switching().await;
    let proxy = Proxy::before(&origin).await;
    let mut client = Client::connect(proxy.address).await;
    client.send(request("GET", "/ws", SWITCH)).await;
    let head = String::from_utf8(client.read_until("\r\n\r\n").await).unwrap();
    assert!(head.starts_with("HTTP/1.1 101 "), "{head}");
    assert!(head.to_lowercase().contains("upgrade: websocket") && head.contains("Sec-WebSocket-Accept: y"), "{head}");
    for piece in ["ping", "pong", "\0\u{ff}"] {
        client.send(piece).await;
        client.read_until(piece).await;
    }
}

#[tokio::test]
async fn bytes_sent_before_the_switch_do_not_overtake_it() {
    let origin = switching().await;
    let proxy = Proxy::before(&origin).await;
    let mut client = Client::connect(proxy.address).await;
    client.send(request("GET", "/ws", SWITCH) + "early").await;
    client.read_until("\r\n\r\n").await;
    client.read_until("early").await;
}

#[tokio::test]
async fn a_protocol_that_carries_http_is_not_switched_to() {
    let origin = switching().await;
    let proxy = Proxy::before(&origin).await;
    for protocol in ["h2c", "HTTP/2.0", "TLS/1.2"] {
        let headers = format!("Connection: Upgrade, HTTP2-Settings\r\nUpgrade: {protocol}\r\nHTTP2-Settings: AAM\r\n");
        assert_eq!(ask(proxy.address, request("GET", "/x", &headers)).await.status, 200, "{protocol}");
    }
    assert_eq!(ask(proxy.address, request("GET", KEYS, SWITCH)).await.status, 200);
}
