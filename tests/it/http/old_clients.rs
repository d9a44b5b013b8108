//! HTTP/1.0 clients: only `Connection: keep-alive` in the answer keeps their connection open.

use super::client::Client;
use super::origin::{Origin, answer, json};
use super::proxy::{Proxy, rules, settings};
use last4::layer::MaskRule;

/// Returns the `Connection` field of an answer, and whether a second request on the connection is answered.
async fn asked(proxy: &Proxy, method: &str, head: &str) -> (Option<String>, bool) {
    let mut client = Client::connect(proxy.address).await;
    client.send(format!("{method} /x HTTP/1.0\r\nHost: a\r\nConnection: keep-alive\r\n{head}\r\n")).await;
    let said = String::from_utf8(client.read_until("\r\n\r\n").await).unwrap().to_lowercase();
    let values = said.lines().filter_map(|line| line.strip_prefix("connection: "));
    let connection: Vec<_> = values.map(str::to_owned).collect();
    if connection != ["keep-alive"] {
        client.read_rest().await;
        return (Some(connection.join(", ")), false);
    }
    if method != "HEAD" {
        client.read_until("{}").await;
    }
    client.send("GET /x HTTP/1.0\r\nHost: a\r\n\r\n").await;
    (None, client.read_until("\r\n").await.ends_with(b" 200 OK"))
}

#[tokio::test]
async fn a_connection_that_is_closed_is_not_said_to_be_kept() {
    let origin = Origin::answering(|seen| match seen.header("x-want") {
        Some("chunks") => b"HTTP/1.1 200 OK\r\nTransfer-Encoding: chunked\r\n\r\n2\r\n{}\r\n0\r\n\r\n".to_vec(),
        Some("no-length") => b"HTTP/1.1 200 OK\r\n\r\n{}".to_vec(),
        Some("nothing") => b"HTTP/1.1 204 No Content\r\n\r\n".to_vec(),
        Some("close") => answer("200 OK", "Connection: close\r\n", "{}"),
        _ => json("{}"),
    })
    .await;
    let mut settings = settings(origin.address);
    settings.limits.max_request_bytes = Some(10);
    let mut proxy = Proxy::with(settings, MaskRule::new(rules())).await;
    let closed = (Some("close".to_owned()), false);
    let kept = (None, true);
    // Of unknown length, so that its end is the connection's.
    assert_eq!(asked(&proxy, "GET", "X-Want: chunks\r\n").await, closed);
    assert_eq!(asked(&proxy, "GET", "X-Want: no-length\r\n").await, closed);
    // Refusals after which it is closed.
    assert_eq!(asked(&proxy, "POST", "Content-Length: 11\r\n").await, closed);
    assert_eq!(asked(&proxy, "GET", "Host: twice\r\n").await, closed);
    for (method, head) in [("GET", ""), ("HEAD", "X-Want: chunks\r\n"), ("GET", "X-Want: close\r\n")] {
        assert_eq!(asked(&proxy, method, head).await, kept, "{method} {head}");
    }
    let mut client = Client::connect(proxy.address).await;
    client.send("GET /x HTTP/1.0\r\nHost: a\r\nConnection: keep-alive\r\nX-Want: nothing\r\n\r\n").await;
    assert_eq!(client.read("GET").await.header("connection"), Some("keep-alive"));
    // Told to stop.
    proxy.begin_stop();
    tokio::time::sleep(std::time::Duration::from_millis(100)).await;
    client.send("GET /x HTTP/1.0\r\nHost: a\r\nConnection: keep-alive\r\n\r\n").await;
    assert_eq!(client.read("GET").await.header("connection"), Some("close"));
}
