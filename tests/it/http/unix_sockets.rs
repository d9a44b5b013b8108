//! Unix sockets on both sides.

use super::client::{PATIENCE, get, request};
use super::http2::lists;
use super::origin::{Origin, json, read_request};
use super::proxy::{Proxy, rules, settings};
use super::{KEYS, SECRET, SHOWN};
use last4::layer::MaskRule;
use last4::proxy::{Settings, Transport};
use std::path::Path;
use tempfile::TempDir;
use tokio::io::{AsyncReadExt, AsyncWriteExt};
use tokio::net::{UnixListener, UnixStream};

/// A proxy at a path, before this origin.
async fn at(path: &Path, settings: Settings) -> Proxy {
    let listener = std::os::unix::net::UnixListener::bind(path).unwrap();
    Proxy::at(listener, settings, |_| MaskRule::new(rules())).await
}

async fn ask(path: &Path, request: &str) -> String {
    let mut stream = UnixStream::connect(path).await.unwrap();
    stream.write_all(request.as_bytes()).await.unwrap();
    let mut answer = String::new();
    tokio::time::timeout(PATIENCE, stream.read_to_string(&mut answer)).await.unwrap().unwrap();
    answer
}

fn folder() -> TempDir {
    tempfile::tempdir().unwrap()
}

#[tokio::test]
async fn a_list_is_masked_at_a_unix_socket_in_either_http() {
    let folder = folder();
    let path = folder.path().join("last4.sock");
    let origin = Origin::answering(|_| json(format!("[{{\"token\":\"{SECRET}\"}}]"))).await;
    let _proxy = at(&path, settings(origin.address)).await;
    let answer = ask(&path, &request("GET", KEYS, "Connection: close\r\nX-Forwarded-For: 1.2.3.4\r\n")).await;
    assert!(answer.ends_with(&format!("[{{\"token\":\"{SHOWN}\"}}]")), "{answer}");
    assert_eq!(lists(UnixStream::connect(&path).await.unwrap()).await, format!("[{{\"token\":\"{SHOWN}\"}}]"));
    let seen = origin.seen();
    // A client that may open the file is trusted, and has no address.
    assert_eq!(seen[0].header("x-forwarded-for"), Some("1.2.3.4"));
    assert_eq!(seen[1].header("x-forwarded-for"), None);
    assert_eq!(seen[1].header("host"), Some("api.example"));
}

#[tokio::test]
async fn a_client_of_a_unix_socket_hears_why_it_is_not_served() {
    let folder = folder();
    let path = folder.path().join("last4.sock");
    let origin = Origin::answering(|_| json("{}")).await;
    let mut settings = settings(origin.address);
    settings.limits.max_connections = 1;
    settings.limits.header_timeout = std::time::Duration::from_millis(300);
    let _proxy = at(&path, settings).await;
    let mut first = UnixStream::connect(&path).await.unwrap();
    first.write_all(b"GET /").await.unwrap();
    tokio::time::sleep(std::time::Duration::from_millis(100)).await;
    assert!(ask(&path, "").await.contains("too-many-connections"));
    let mut answer = String::new();
    tokio::time::timeout(PATIENCE, first.read_to_string(&mut answer)).await.unwrap().unwrap();
    assert!(answer.contains("header-timeout"), "{answer}");
}

#[tokio::test]
async fn an_upstream_at_a_unix_socket_gets_the_clients_host_or_localhost() {
    let folder = folder();
    let path = folder.path().join("api.sock");
    let listener = UnixListener::bind(&path).unwrap();
    let api = tokio::spawn(async move {
        let mut hosts = Vec::new();
        for _ in 0..2 {
            let (mut stream, _) = listener.accept().await.unwrap();
            let seen = read_request(&mut stream, &mut Vec::new(), 0).await.unwrap();
            hosts.push(seen.header("host").unwrap().to_owned());
            stream.write_all(&json(format!("[{{\"token\":\"{SECRET}\"}}]"))).await.unwrap();
        }
        hosts
    });
    for preserve_host in [true, false] {
        let mut settings = settings("127.0.0.1:1".parse().unwrap());
        settings.upstream.transport = Transport::Unix(path.clone());
        settings.upstream.authority = "localhost".parse().unwrap();
        settings.forwarded.preserve_host = preserve_host;
        let proxy = Proxy::with(settings, MaskRule::new(rules())).await;
        assert_eq!(get(proxy.address, KEYS).await.text(), format!("[{{\"token\":\"{SHOWN}\"}}]"));
    }
    assert_eq!(api.await.unwrap(), ["api.example", "localhost"]);
    let mut settings = settings("127.0.0.1:1".parse().unwrap());
    settings.upstream.transport = Transport::Unix(folder.path().join("no.sock"));
    let proxy = Proxy::with(settings, MaskRule::new(rules())).await;
    assert_eq!(get(proxy.address, KEYS).await.reason().as_deref(), Some("upstream-unreachable"));
}
