//! TLS on the listener and to the upstream.

use super::authority::{Authority, Signed};
use super::client::{Client, PATIENCE, Reply, get, request};
use super::http2::lists;
use super::origin::{Origin, json, read_request};
use super::proxy::{Proxy, rules, settings};
use super::{KEYS, SECRET, SHOWN};
use last4::layer::MaskRule;
use last4::proxy::{Settings, Transport};
use last4::tls::{ClientTls, Roots};
use std::net::SocketAddr;
use std::sync::Arc;
use std::time::{Duration, Instant};
use tokio::io::{AsyncReadExt, AsyncWriteExt};
use tokio::net::TcpStream;
use tokio_rustls::client::TlsStream;
use tokio_rustls::{TlsAcceptor, TlsConnector};

async fn encrypted(address: SocketAddr, config: Arc<rustls::ClientConfig>) -> std::io::Result<TlsStream<TcpStream>> {
    let stream = TcpStream::connect(address).await.unwrap();
    TlsConnector::from(config).connect("localhost".try_into().unwrap(), stream).await
}

/// What answers to a request that closes the connection; to nothing if the proxy would not have it.
async fn ask(address: SocketAddr, config: Arc<rustls::ClientConfig>, request: &str) -> std::io::Result<String> {
    let mut stream = encrypted(address, config).await?;
    stream.write_all(request.as_bytes()).await?;
    let mut answer = String::new();
    tokio::time::timeout(PATIENCE, stream.read_to_string(&mut answer)).await.unwrap()?;
    Ok(answer)
}

fn list_request() -> String {
    request("GET", KEYS, "Connection: close\r\n")
}

async fn list_origin() -> Origin {
    Origin::answering(|_| json(format!("[{{\"token\":\"{SECRET}\"}}]"))).await
}

async fn serving(settings: Settings) -> Proxy {
    Proxy::with(settings, MaskRule::new(rules())).await
}

/// A proxy with TLS on its listener, before this origin.
async fn with_tls(origin: &Origin, authority: &Authority) -> Proxy {
    serving(Settings { tls: Some(authority.server(None)), ..settings(origin.address) }).await
}

#[tokio::test]
async fn a_list_is_masked_over_tls_in_either_http_and_the_upstream_is_told_of_it() {
    let (authority, origin) = (Authority::new(), list_origin().await);
    let proxy = with_tls(&origin, &authority).await;
    for protocols in [&[][..], &["http/1.1"]] {
        let answer = ask(proxy.address, authority.for_client(protocols, None), &list_request()).await.unwrap();
        assert!(answer.ends_with(&format!("[{{\"token\":\"{SHOWN}\"}}]")), "{answer}");
    }
    let stream = encrypted(proxy.address, authority.for_client(&["h2", "http/1.1"], None)).await.unwrap();
    assert_eq!(stream.get_ref().1.alpn_protocol(), Some(&b"h2"[..]));
    assert_eq!(lists(stream).await, format!("[{{\"token\":\"{SHOWN}\"}}]"));
    for seen in origin.seen() {
        assert_eq!(seen.header("x-forwarded-proto"), Some("https"));
    }
}

#[tokio::test]
async fn a_client_that_does_not_trust_the_certificate_or_speaks_no_tls_is_counted() {
    let (authority, origin) = (Authority::new(), list_origin().await);
    let proxy = with_tls(&origin, &authority).await;
    assert!(encrypted(proxy.address, Authority::new().for_client(&[], None)).await.is_err());
    let mut plain = Client::connect(proxy.address).await;
    plain.send(list_request()).await;
    assert!(!plain.read_rest().await.starts_with(b"HTTP"));
    drop(TcpStream::connect(proxy.address).await.unwrap());
    for reason in ["alert", "protocol", "closed"] {
        counted(&proxy, &format!("last4_tls_handshake_failures_total{{reason=\"{reason}\"}} 1\n")).await;
    }
    assert!(origin.seen().is_empty());
}

/// Waits until this stands on the page of metrics.
async fn counted(proxy: &Proxy, line: &str) {
    let begun = Instant::now();
    while !proxy.metrics.page().contains(line) {
        assert!(begun.elapsed() < PATIENCE, "{line}{}", proxy.metrics.page());
        tokio::time::sleep(Duration::from_millis(10)).await;
    }
}

#[tokio::test]
async fn where_client_certificates_are_asked_for_only_those_of_the_roots_are_served() {
    let (authority, clients, origin) = (Authority::new(), Authority::new(), list_origin().await);
    let tls = authority.server(Some(clients.roots()));
    let proxy = serving(Settings { tls: Some(tls), ..settings(origin.address) }).await;
    let own = authority.for_client(&[], Some(clients.sign("client")));
    assert!(ask(proxy.address, own, &list_request()).await.unwrap().contains(SHOWN));
    for identity in [None, Some(authority.sign("client"))] {
        let config = authority.for_client(&[], identity);
        assert!(!ask(proxy.address, config, &list_request()).await.is_ok_and(|answer| !answer.is_empty()));
    }
    counted(&proxy, "last4_tls_handshake_failures_total{reason=\"certificate\"} 2\n").await;
    assert_eq!(origin.seen().len(), 1);
}

#[tokio::test]
async fn a_handshake_has_the_time_of_a_head_and_holds_a_connections_place() {
    let (authority, origin) = (Authority::new(), list_origin().await);
    let mut settings = Settings { tls: Some(authority.server(None)), ..settings(origin.address) };
    settings.limits.header_timeout = Duration::from_millis(400);
    settings.limits.max_connections = 1;
    let proxy = serving(settings).await;
    let begun = Instant::now();
    let mut silent = Client::connect(proxy.address).await;
    tokio::time::sleep(Duration::from_millis(100)).await;
    assert!(encrypted(proxy.address, authority.for_client(&[], None)).await.is_err(), "there is but one place");
    assert_eq!(silent.read_rest().await, b"");
    assert!(begun.elapsed() >= Duration::from_millis(400) && begun.elapsed() < Duration::from_secs(5));
    counted(&proxy, "last4_tls_handshake_failures_total{reason=\"timeout\"} 1\n").await;
    // What is left of the time after a handshake is the head's.
    let mut stream = encrypted(proxy.address, authority.for_client(&[], None)).await.unwrap();
    stream.write_all(b"GET / HTT").await.unwrap();
    let mut answer = String::new();
    let ended = tokio::time::timeout(PATIENCE, stream.read_to_string(&mut answer)).await.unwrap();
    assert!(ended.is_ok(), "{ended:?}");
    assert!(answer.starts_with("HTTP/1.1 408") && answer.contains("header-timeout"), "{answer:?}");
}

#[tokio::test]
async fn an_answer_that_is_cut_never_ends_like_a_whole_one() {
    let authority = Authority::new();
    let body = format!("[{}", format!("{{\"token\":\"{SECRET}\"}},").repeat(10_000));
    let origin = Origin::answering(move |_| json(&body)).await;
    let proxy = with_tls(&origin, &authority).await;
    // To an HTTP/1.0 client the end of the connection is that of the answer; without the goodbye of TLS it is none.
    for version in ["1.0", "1.1"] {
        let mut stream = encrypted(proxy.address, authority.for_client(&[], None)).await.unwrap();
        stream.write_all(format!("GET {KEYS} HTTP/{version}\r\nHost: a\r\n\r\n").as_bytes()).await.unwrap();
        let mut answer = Vec::new();
        let ended = tokio::time::timeout(PATIENCE, stream.read_to_end(&mut answer)).await.unwrap();
        assert!(ended.is_err() && !answer.ends_with(b"0\r\n\r\n"), "{version}: {ended:?}");
    }
}

#[tokio::test]
async fn a_client_that_takes_nothing_is_cut_off_over_tls_too() {
    let authority = Authority::new();
    let origin = Origin::answering(|_| json(vec![b'x'; 64 << 20])).await;
    let mut settings = Settings { tls: Some(authority.server(None)), ..settings(origin.address) };
    settings.limits.body_timeout = Duration::from_millis(500);
    let proxy = serving(settings).await;
    let mut stream = encrypted(proxy.address, authority.for_client(&[], None)).await.unwrap();
    stream.write_all(request("GET", "/x", "").as_bytes()).await.unwrap();
    counted(&proxy, "last4_requests_in_flight 1\n").await;
    counted(&proxy, "last4_connections_open 0\n").await;
}

#[tokio::test]
async fn a_tunnel_goes_through_tls_on_both_sides() {
    let authority = Authority::new();
    let config = authority.for_origin(&["http/1.1"], None);
    let origin = Origin::serving(move |stream| {
        let config = Arc::clone(&config);
        async move {
            let mut stream = TlsAcceptor::from(config).accept(stream).await.unwrap();
            read_request(&mut stream, &mut Vec::new(), 0).await.unwrap();
            let switch = b"HTTP/1.1 101 Switching Protocols\r\nConnection: upgrade\r\nUpgrade: websocket\r\n\r\n";
            stream.write_all(switch).await.unwrap();
            let mut bytes = [0; 64];
            while let Ok(length @ 1..) = stream.read(&mut bytes).await {
                stream.write_all(&bytes[..length]).await.unwrap();
            }
        }
    })
    .await;
    let tls = Some(authority.server(None));
    let proxy = serving(Settings { tls, ..to_tls(&origin, authority.client("localhost", None)) }).await;
    let mut stream = encrypted(proxy.address, authority.for_client(&[], None)).await.unwrap();
    stream.write_all(request("GET", "/ws", "Connection: upgrade\r\nUpgrade: websocket\r\n").as_bytes()).await.unwrap();
    let (mut told, mut bytes) = (String::new(), [0; 512]);
    while !told.ends_with("\r\n\r\n") {
        let length = stream.read(&mut bytes).await.unwrap();
        told.push_str(std::str::from_utf8(&bytes[..length]).unwrap());
    }
    assert!(told.starts_with("HTTP/1.1 101"), "{told}");
    for word in ["one", "two"] {
        stream.write_all(word.as_bytes()).await.unwrap();
        let length = stream.read(&mut bytes).await.unwrap();
        assert_eq!(&bytes[..length], word.as_bytes());
    }
}

/// An origin behind TLS that answers each connection's first request with a list.
async fn encrypted_origin(config: Arc<rustls::ServerConfig>) -> Origin {
    Origin::serving(move |stream| {
        let config = Arc::clone(&config);
        async move {
            let Ok(mut stream) = TlsAcceptor::from(config).accept(stream).await else { return };
            let mut buffer = Vec::new();
            while read_request(&mut stream, &mut buffer, 0).await.is_some() {
                let name = stream.get_ref().1.server_name().unwrap_or("none").to_owned();
                let list = json(format!("[{{\"token\":\"{SECRET}\",\"sni\":\"{name}\"}}]"));
                let _ = stream.write_all(&list).await;
            }
            let _ = stream.shutdown().await;
        }
    })
    .await
}

fn to_tls(origin: &Origin, tls: ClientTls) -> Settings {
    let mut settings = settings(origin.address);
    settings.upstream.transport = Transport::Tls(tls);
    settings
}

async fn told(proxy: &Proxy) -> (Reply, Option<String>) {
    let reply = get(proxy.address, KEYS).await;
    let reason = if reply.status == 200 { None } else { reply.reason() };
    (reply, reason)
}

#[tokio::test]
async fn the_upstream_is_asked_over_tls_by_its_name() {
    let authority = Authority::new();
    let origin = encrypted_origin(authority.for_origin(&["http/1.1"], None)).await;
    let proxy = serving(to_tls(&origin, authority.client("localhost", None))).await;
    for _ in 0..2 {
        let (reply, _) = told(&proxy).await;
        assert_eq!(reply.text(), format!("[{{\"token\":\"{SHOWN}\",\"sni\":\"localhost\"}}]"));
    }
    assert!(proxy.metrics.page().contains("last4_upstream_connections_opened_total 1\n"));
}

#[tokio::test]
async fn an_upstream_that_cannot_be_trusted_is_not_asked() {
    let authority = Authority::new();
    let origin = encrypted_origin(authority.for_origin(&[], None)).await;
    for tls in [Authority::new().client("localhost", None), authority.client("other", None)] {
        let proxy = serving(to_tls(&origin, tls)).await;
        let (reply, reason) = told(&proxy).await;
        assert_eq!((reply.status, reason.as_deref()), (502, Some("upstream-tls")));
    }
    let plain = Origin::serving(|mut stream| async move {
        let _ = stream.write_all(b"HTTP/1.1 400 Bad Request\r\n\r\n").await;
    })
    .await;
    let proxy = serving(to_tls(&plain, authority.client("localhost", None))).await;
    assert_eq!(told(&proxy).await.1.as_deref(), Some("upstream-tls"));
}

/// Returns the status and reason for an upstream with this certificate, verified with these roots and this name.
async fn told_of(shown: Signed, roots: Roots, name: &'static str) -> (u16, Option<String>) {
    let origin = encrypted_origin(shown.for_origin(&["http/1.1"], None)).await;
    let tls = ClientTls::new(name.try_into().unwrap(), roots, None).unwrap();
    let (reply, reason) = told(&serving(to_tls(&origin, tls)).await).await;
    (reply.status, reason)
}

#[tokio::test]
async fn a_certificate_that_is_itself_among_the_roots_is_believed_for_its_name_and_its_time() {
    let refused = (502, Some("upstream-tls".to_owned()));
    for ca in [true, false] {
        let (shown, roots) = Authority::self_signed("localhost", ca, 4000);
        assert_eq!(told_of(shown, roots, "localhost").await, (200, None), "{ca}");
        let (shown, roots) = Authority::self_signed("other", ca, 4000);
        assert_eq!(told_of(shown, roots, "localhost").await, refused, "{ca}: another name");
        let (shown, roots) = Authority::self_signed("localhost", ca, 2000);
        assert_eq!(told_of(shown, roots, "localhost").await, refused, "{ca}: expired");
        let ((shown, _), (_, roots)) =
            (Authority::self_signed("localhost", ca, 4000), Authority::self_signed("localhost", ca, 4000));
        assert_eq!(told_of(shown, roots, "localhost").await, refused, "{ca}: another one of the same name");
    }
    // One that an authority signed which is not among the roots.
    let shown = Authority::new().sign("localhost");
    let roots = shown.roots();
    assert_eq!(told_of(shown, roots, "localhost").await, (200, None));
    // One whose key is not there.
    let ((shown, roots), (other, _)) =
        (Authority::self_signed("localhost", true, 4000), Authority::self_signed("localhost", true, 4000));
    drop(shown);
    assert_eq!(told_of(other, roots, "localhost").await, refused);
}

#[tokio::test]
async fn a_client_whose_certificate_is_itself_among_the_roots_is_served() {
    let (authority, origin) = (Authority::new(), list_origin().await);
    for (until, served) in [(4000, true), (2000, false)] {
        let (own, roots) = Authority::self_signed("client", true, until);
        let tls = Some(authority.server(Some(roots)));
        let proxy = serving(Settings { tls, ..settings(origin.address) }).await;
        let answer = ask(proxy.address, authority.for_client(&[], Some(own)), &list_request()).await;
        assert_eq!(answer.is_ok_and(|answer| answer.contains(SHOWN)), served);
    }
}

#[tokio::test]
async fn the_upstream_is_shown_a_certificate_if_there_is_one() {
    let (authority, clients) = (Authority::new(), Authority::new());
    let origin = encrypted_origin(authority.for_origin(&[], Some(&clients))).await;
    let proxy = serving(to_tls(&origin, authority.client("localhost", Some(clients.sign("last4"))))).await;
    assert_eq!(told(&proxy).await.0.status, 200);
    let proxy = serving(to_tls(&origin, authority.client("localhost", None))).await;
    assert_eq!(told(&proxy).await.0.status, 502);
}
