//! Tunnels off the masked routes.

use super::KEYS;
use super::client::{Client, ask, request};
use super::metrics::{samples, until};
use super::origin::{Origin, read_request};
use super::proxy::{Proxy, rules, settings};
use last4::layer::MaskRule;
use last4::proxy::Limits;
use std::time::{Duration, Instant};
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

const IN_FLIGHT: &str = "last4_requests_in_flight";
const OPEN: &str = "last4_connections_open";

async fn limited(origin: &Origin, change: impl FnOnce(&mut Limits)) -> Proxy {
    let mut settings = settings(origin.address);
    change(&mut settings.limits);
    Proxy::with(settings, MaskRule::new(rules())).await
}

/// A client that asks for a tunnel, and the first line that it is told.
async fn asking(proxy: &Proxy) -> (Client, String) {
    let mut client = Client::connect(proxy.address).await;
    client.send(request("GET", "/ws", SWITCH)).await;
    let line = String::from_utf8(client.read_until("\r\n").await).unwrap();
    (client, line)
}

#[tokio::test]
async fn tunnels_are_connections_for_as_long_as_they_are_open() {
    let origin = switching().await;
    let proxy = limited(&origin, |limits| limits.max_connections = 5).await;
    let mut open = Vec::new();
    for number in 0..60 {
        let (client, line) = asking(&proxy).await;
        let wanted = if number < 5 { "HTTP/1.1 101 Switching Protocols" } else { "HTTP/1.1 503 Service Unavailable" };
        assert_eq!(line, wanted, "{number}");
        open.push(client);
    }
    let page = samples(&proxy.metrics.page());
    assert_eq!((page[IN_FLIGHT], page[OPEN]), (5.0, 5.0));
    drop(open);
    until(&proxy, OPEN, 0.0).await;
    until(&proxy, IN_FLIGHT, 0.0).await;
    assert_eq!(asking(&proxy).await.1, "HTTP/1.1 101 Switching Protocols");
}

#[tokio::test]
async fn tunnels_are_requests_for_as_long_as_they_are_open() {
    let origin = switching().await;
    let proxy = limited(&origin, |limits| limits.max_requests = 3).await;
    let mut open = Vec::new();
    for number in 0..5 {
        let (client, line) = asking(&proxy).await;
        let wanted = if number < 3 { "HTTP/1.1 101 Switching Protocols" } else { "HTTP/1.1 503 Service Unavailable" };
        assert_eq!(line, wanted, "{number}");
        open.push(client);
    }
    assert_eq!(ask(proxy.address, request("GET", "/x", "")).await.reason().as_deref(), Some("too-many-requests"));
    let passed = "last4_requests_total{route=\"-\",decision=\"passed\",status_class=\"1xx\"}";
    assert_eq!(samples(&proxy.metrics.page()).get(passed), None, "counted when it is over");
    drop(open);
    until(&proxy, passed, 3.0).await;
    assert_eq!(ask(proxy.address, request("GET", "/x", "")).await.status, 200);
}

#[tokio::test]
async fn a_tunnel_through_which_nothing_passes_is_closed() {
    let origin = switching().await;
    let short = Duration::from_millis(400);
    let proxy = limited(&origin, |limits| limits.tunnel_idle_timeout = short).await;
    let (mut client, _) = asking(&proxy).await;
    let begun = Instant::now();
    for _ in 0..4 {
        tokio::time::sleep(short / 2).await;
        client.send("ping").await;
        client.read_until("ping").await;
    }
    assert!(begun.elapsed() > short, "it is open for longer than it may be silent");
    client.read_rest().await;
    until(&proxy, OPEN, 0.0).await;
    until(&proxy, IN_FLIGHT, 0.0).await;
}

#[tokio::test]
async fn a_tunnel_of_which_one_side_has_ended_carries_the_other() {
    let origin = switching().await;
    let proxy = Proxy::before(&origin).await;
    let (client, _) = asking(&proxy).await;
    let (mut reader, mut writer) = client.split();
    writer.write_all(b"last words").await.unwrap();
    writer.shutdown().await.unwrap();
    assert!(reader.read_rest().await.ends_with(b"\r\n\r\nlast words"));
    until(&proxy, OPEN, 0.0).await;
}
