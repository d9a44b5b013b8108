//! Tests of the demo's API over real sockets.

use super::api::LegacyApi;
use super::store::MAX_KEYS;
use flate2::read::GzDecoder;
use serde_json::Value;
use std::io::Read;
use std::time::Duration;
use tokio::io::{AsyncReadExt, AsyncWriteExt};
use tokio::net::{TcpListener, TcpStream};
use tokio::task::AbortHandle;
use tokio::time::timeout;

/// An API that serves on its own port until the test ends.
struct Origin {
    api: LegacyApi,
    address: std::net::SocketAddr,
    server: AbortHandle,
}

impl Origin {
    async fn start() -> Self {
        Self::start_with(LegacyApi::new()).await
    }

    async fn start_with(api: LegacyApi) -> Self {
        let listener = TcpListener::bind("127.0.0.1:0").await.unwrap();
        let address = listener.local_addr().unwrap();
        let server = tokio::spawn(api.clone().serve(listener)).abort_handle();
        Self { api, address, server }
    }

    /// Sends one request on a new connection, and reads the whole answer.
    async fn send(&self, method: &str, path: &str, headers: &str, body: &str) -> Answer {
        let mut socket = TcpStream::connect(self.address).await.unwrap();
        let head = format!("{method} {path} HTTP/1.1\r\nHost: legacy\r\nConnection: close\r\n{headers}\r\n");
        socket.write_all(head.as_bytes()).await.unwrap();
        socket.write_all(body.as_bytes()).await.unwrap();
        let mut answer = Vec::new();
        timeout(Duration::from_secs(10), socket.read_to_end(&mut answer)).await.unwrap().unwrap();
        Answer::parse(&answer)
    }

    async fn get(&self, path: &str) -> Answer {
        self.send("GET", path, "", "").await
    }

    fn lists(&self) -> [(String, &'static str, u16); 3] {
        let (app, dataset) = self.api.store().examples();
        [
            (format!("/console/api/apps/{app}/api-keys"), "app-", 201),
            ("/console/api/datasets/api-keys".to_owned(), "dataset-", 200),
            (format!("/console/api/datasets/{dataset}/api-keys"), "ds-", 201),
        ]
    }
}

impl Drop for Origin {
    fn drop(&mut self) {
        self.server.abort();
    }
}

/// An answer. Its head is in lower case.
struct Answer {
    status: u16,
    head: String,
    body: Vec<u8>,
}

impl Answer {
    fn parse(answer: &[u8]) -> Self {
        let end = answer.windows(4).position(|window| window == b"\r\n\r\n").unwrap() + 4;
        let head = String::from_utf8(answer[..end].to_vec()).unwrap().to_lowercase();
        let status = head[9..12].parse().unwrap();
        Self { status, head, body: answer[end..].to_vec() }
    }

    fn json(&self) -> Value {
        serde_json::from_slice(&self.body).unwrap()
    }

    fn has(&self, field: &str) -> bool {
        self.head.contains(&format!("\r\n{field}"))
    }
}

#[tokio::test]
async fn lists_show_every_token_in_full() {
    let origin = Origin::start().await;
    for (path, prefix, _) in origin.lists() {
        let answer = origin.get(&path).await;
        assert_eq!(answer.status, 200);
        assert!(answer.has("content-type: application/json\r\n"));
        let list = answer.json();
        let keys = list["data"].as_array().unwrap();
        assert!(!keys.is_empty());
        for key in keys {
            let token = key["token"].as_str().unwrap();
            assert!(token.starts_with(prefix));
            assert_eq!(token.len(), prefix.len() + 24);
        }
    }
}

#[tokio::test]
async fn keys_have_their_fields_in_the_order_of_dify() {
    let origin = Origin::start().await;
    let body = String::from_utf8(origin.get("/console/api/datasets/api-keys").await.body).unwrap();
    let positions: Vec<_> =
        ["{\"data\":[{\"id\":", "\"type\":\"dataset\"", "\"token\":", "\"last_used_at\":", "\"created_at\":"]
            .iter()
            .map(|field| body.find(field).unwrap())
            .collect();
    assert!(positions.is_sorted(), "{positions:?}");
}

#[tokio::test]
async fn create_answers_one_object_that_the_list_then_holds() {
    let origin = Origin::start().await;
    for (path, prefix, created) in origin.lists() {
        let answer = origin.send("POST", &path, "Content-Length: 0\r\n", "").await;
        assert_eq!(answer.status, created);
        let key = answer.json();
        assert!(key["token"].as_str().unwrap().starts_with(prefix));
        assert_eq!(key["last_used_at"], Value::Null);
        assert!(origin.get(&path).await.json()["data"].as_array().unwrap().contains(&key));
    }
}

#[tokio::test]
async fn deleted_keys_are_gone_and_unknown_ones_are_not_found() {
    let origin = Origin::start().await;
    for (path, ..) in origin.lists() {
        let id = origin.get(&path).await.json()["data"][0]["id"].as_str().unwrap().to_owned();
        let key = format!("{path}/{id}");
        let deleted = origin.send("DELETE", &key, "", "").await;
        assert_eq!((deleted.status, deleted.body.len()), (204, 0));
        assert_eq!(origin.send("DELETE", &key, "", "").await.status, 404);
    }
}

#[tokio::test]
async fn the_eleventh_key_is_refused() {
    let origin = Origin::start().await;
    let mut answer = origin.get("/console/api/datasets/api-keys").await;
    for _ in answer.json()["data"].as_array().unwrap().len()..=MAX_KEYS {
        answer = origin.send("POST", "/console/api/datasets/api-keys", "Content-Length: 0\r\n", "").await;
    }
    assert_eq!(answer.status, 400);
    assert_eq!(answer.json()["code"], "max_keys_exceeded");
}

#[tokio::test]
async fn errors_are_json_with_their_status() {
    let origin = Origin::start().await;
    for path in ["/console/api/apps/none/api-keys", "/console/api/datasets/none/api-keys", "/elsewhere"] {
        let answer = origin.get(path).await;
        assert_eq!(answer.status, 404);
        assert_eq!(answer.json()["status"], 404);
        assert_eq!(answer.json()["code"], "not_found");
    }
}

#[tokio::test]
async fn a_refused_method_gets_the_allowed_ones() {
    let origin = Origin::start().await;
    let answer = origin.send("PUT", "/console/api/datasets/api-keys", "Content-Length: 0\r\n", "").await;
    assert_eq!(answer.status, 405);
    assert!(answer.has("allow: get, head, options, post\r\n"));
    assert_eq!(answer.json()["code"], "method_not_allowed");
}

#[tokio::test]
async fn lists_are_compressed_for_clients_that_ask() {
    let origin = Origin::start().await;
    let plain = origin.get("/console/api/datasets/api-keys").await;
    let answer = origin.send("GET", "/console/api/datasets/api-keys", "Accept-Encoding: gzip, br\r\n", "").await;
    assert!(answer.has("content-encoding: gzip\r\n"));
    let mut decoded = Vec::new();
    GzDecoder::new(answer.body.as_slice()).read_to_end(&mut decoded).unwrap();
    assert_eq!(decoded, plain.body);
}

#[tokio::test]
async fn head_has_the_headers_of_get_and_no_body() {
    let origin = Origin::start().await;
    let answer = origin.send("HEAD", "/console/api/datasets/api-keys", "", "").await;
    assert_eq!((answer.status, answer.body.len()), (200, 0));
    assert!(answer.has("content-length: "));
}

#[tokio::test]
async fn the_console_may_call_across_subdomains() {
    let origin = Origin::start().await;
    let answer = origin.send("GET", "/console/api/ping", "Origin: https://console.example\r\n", "").await;
    assert!(answer.has("access-control-allow-origin: https://console.example\r\n"));
    assert!(answer.has("access-control-allow-credentials: true\r\n"));
    assert!(answer.has("server: gunicorn\r\n"));
}

#[tokio::test]
async fn newcomers_get_a_session() {
    let origin = Origin::start().await;
    assert!(origin.get("/console/api/ping").await.has("set-cookie: session="));
    let answer = origin.send("GET", "/console/api/ping", "Cookie: session=known\r\n", "").await;
    assert!(!answer.has("set-cookie: "));
}

#[tokio::test]
async fn events_arrive_one_by_one() {
    // The interval is long, so that the test hangs if an event is only sent with the next one.
    let mut api = LegacyApi::new();
    api.event_interval = Duration::from_secs(60);
    let origin = Origin::start_with(api).await;
    let mut socket = TcpStream::connect(origin.address).await.unwrap();
    let path = format!("/console/api/apps/{}/chat-messages/stream", origin.api.store().examples().0);
    socket.write_all(format!("GET {path} HTTP/1.1\r\nHost: legacy\r\n\r\n").as_bytes()).await.unwrap();
    let mut answer = String::new();
    while !answer.contains("word 1") {
        let mut chunk = [0; 1024];
        let size = timeout(Duration::from_secs(10), socket.read(&mut chunk)).await.unwrap().unwrap();
        assert_ne!(size, 0, "ended after {answer:?}");
        answer.push_str(std::str::from_utf8(&chunk[..size]).unwrap());
    }
    assert!(answer.contains("text/event-stream"));
    assert!(!answer.contains("word 2"));
}

#[tokio::test]
async fn the_query_says_how_many_events() {
    let mut api = LegacyApi::new();
    api.event_interval = Duration::from_millis(1);
    let origin = Origin::start_with(api).await;
    let path = format!("/console/api/apps/{}/chat-messages/stream", origin.api.store().examples().0);
    for (query, count) in [("", 5), ("?n=3", 3), ("?a=1&n=0", 0)] {
        let body = String::from_utf8(origin.get(&format!("{path}{query}")).await.body).unwrap();
        assert_eq!(body.matches("data: ").count(), count);
    }
    assert_eq!(origin.get("/console/api/apps/none/chat-messages/stream").await.status, 404);
}

#[tokio::test]
async fn uploads_are_counted() {
    let origin = Origin::start().await;
    let chunked = "Transfer-Encoding: chunked\r\n";
    let body = "5\r\nhello\r\n7\r\n, world\r\n0\r\n\r\n";
    let answer = origin.send("POST", "/console/api/files/upload", chunked, body).await;
    assert_eq!(answer.status, 201);
    assert_eq!(answer.json()["size"], 12);
}

#[tokio::test]
async fn downloads_have_the_length_and_the_pattern_asked_for() {
    let origin = Origin::start().await;
    for size in [0_usize, 1, 64_255, 64_256, 64_257, 200_000] {
        let answer = origin.get(&format!("/console/api/files/{size}/download")).await;
        assert!(answer.has(&format!("content-length: {size}\r\n")));
        assert_eq!(answer.body.len(), size);
        assert!(answer.body.iter().enumerate().all(|(at, &byte)| byte as usize == at % 251));
    }
    assert_eq!(origin.get("/console/api/files/1073741825/download").await.status, 400);
}

#[tokio::test]
async fn ending_the_server_closes_its_connections() {
    let origin = Origin::start().await;
    let mut socket = TcpStream::connect(origin.address).await.unwrap();
    socket.write_all(b"GET /console/api/ping HTTP/1.1\r\nHost: legacy\r\n\r\n").await.unwrap();
    assert_ne!(socket.read(&mut [0; 1024]).await.unwrap(), 0);
    origin.server.abort();
    let ended = timeout(Duration::from_secs(10), socket.read(&mut [0; 1024])).await.unwrap();
    assert!(matches!(ended, Ok(0) | Err(_)));
}

#[tokio::test]
async fn the_console_is_served_with_all_that_it_asks_for() {
    let origin = Origin::start().await;
    let page = origin.get("/").await;
    assert_eq!(page.status, 200);
    assert!(page.has("content-type: text/html; charset=utf-8\r\n"));
    assert!(page.has("content-security-policy: default-src 'self';"));
    for (path, media_type) in [("/assets/console.css", "text/css"), ("/assets/console.js", "text/javascript")] {
        let answer = origin.get(path).await;
        assert!(answer.status == 200 && answer.has(&format!("content-type: {media_type}")), "{path}");
    }
    let (app, dataset) = origin.api.store().examples();
    for (path, id) in [("apps", app), ("datasets", dataset)] {
        let list = origin.get(&format!("/console/api/{path}")).await.json();
        assert_eq!(list["data"][0]["id"], id);
        assert!(list["data"][0]["name"].is_string());
    }
}
