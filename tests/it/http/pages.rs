//! Pages that pass, on and off the routes that have a rule for them.

use super::client::{Client, Reply, ask, get, request};
use super::metrics::until;
use super::origin::{Origin, answer};
use super::proxy::{Proxy, rules, settings};
use super::{KEYS, SECRET};
use bytes::BytesMut;
use last4::codec::{Codings, Decoder, Encoder, Progress};
use last4::layer::{MaskRule, Mode};
use last4::page::PageRule;
use last4::route::{Pattern, Route, RouteSet};
use std::sync::Arc;
use tokio::io::AsyncWriteExt;

const PAGE: &str = "<!doctype html><html><head><title>Console</title></head><body><p class=copy>x</p></body></html>";
const STYLE: &str = "<style>#keys .copy{display:none!important}</style>";
const SOURCE: &str = "'sha256-KQCMDoA4zYqDxwR0DbhcOJLxFkAhO1jKgtk/n/J9big='";

fn styled(page: &str) -> String {
    page.replace("</head>", &format!("{STYLE}</head>"))
}

/// Every path has a rule but those under `/plain`.
fn pages() -> RouteSet<Arc<PageRule>> {
    let page = |template: &str, hide: &[&str], remove: &[&str]| Route {
        name: template.to_owned(),
        pattern: Pattern::template(template).unwrap(),
        rule: Arc::new(PageRule::new(hide, remove).unwrap()),
    };
    let routes = vec![
        page("/", &["#keys .copy"], &[]),
        page("/removed", &[], &["p.copy"]),
        page("/both", &["#keys .copy"], &["p.copy"]),
        page("/console/{*rest}", &["#keys .copy"], &[]),
    ];
    RouteSet::compile(routes).unwrap()
}

async fn before(origin: &Origin) -> Proxy {
    Proxy::with_pages(settings(origin.address), |_| MaskRule::new(rules()), pages()).await
}

fn html(headers: &str, body: impl AsRef<[u8]>) -> Vec<u8> {
    answer("200 OK", &format!("Content-Type: text/html; charset=utf-8\r\n{headers}"), body)
}

async fn asked(headers: &'static str, body: impl AsRef<[u8]>) -> Reply {
    let sent = html(headers, body);
    let origin = Origin::answering(move |_| sent.clone()).await;
    let proxy = before(&origin).await;
    get(proxy.address, "/").await
}

fn values<'a>(reply: &'a Reply, name: &str) -> Vec<&'a str> {
    let all = reply.headers.iter().filter(|(known, _)| known.eq_ignore_ascii_case(name));
    all.map(|(_, value)| value.as_str()).collect()
}

fn coded(codings: &str, plain: &[u8]) -> Vec<u8> {
    let mut encoder = Encoder::new(&Codings::parse([codings.as_bytes()]).unwrap()).unwrap();
    let mut out = BytesMut::new();
    encoder.write(plain, &mut out).unwrap();
    encoder.finish(&mut out).unwrap();
    out.to_vec()
}

fn decoded(codings: &str, body: &[u8]) -> String {
    let mut decoder = Decoder::new(&Codings::parse([codings.as_bytes()]).unwrap(), None);
    decoder.feed(body.to_vec().into());
    decoder.finish();
    let mut plain = Vec::new();
    while let Progress::Data(data) = decoder.next().unwrap() {
        plain.extend_from_slice(data);
    }
    String::from_utf8(plain).unwrap()
}

#[tokio::test]
async fn a_page_with_a_rule_hides_and_removes() {
    let origin = Origin::answering(|_| html("ETag: \"a\"\r\nLast-Modified: x\r\nX-Kept: 1\r\n", PAGE)).await;
    let proxy = before(&origin).await;
    let reply = get(proxy.address, "/").await;
    assert_eq!((reply.status, reply.text(), reply.clean), (200, styled(PAGE), true));
    assert_eq!((reply.header("etag"), reply.header("last-modified"), reply.header("x-kept")), (None, None, Some("1")));
    assert_eq!((reply.header("content-length"), reply.header("cache-control")), (None, Some("no-store")));
    let removed = PAGE.replace("<p class=copy>x</p>", "");
    assert_eq!(get(proxy.address, "/removed").await.text(), removed);
    assert_eq!(get(proxy.address, "/both").await.text(), styled(&removed));
    until(&proxy, "last4_pages_total{result=\"rewritten\"}", 3.0).await;
    until(&proxy, "last4_requests_total{route=\"-\",decision=\"rewritten\",status_class=\"2xx\"}", 3.0).await;
}

#[tokio::test]
async fn what_is_no_page_or_has_no_rule_is_untouched() {
    let odd = "ETag: \"a\"\r\nContent-Security-Policy: default-src 'none'\r\n";
    let origin = Origin::answering(move |seen| match seen.header("x-want") {
        Some("json") => answer("200 OK", &format!("Content-Type: application/json\r\n{odd}"), PAGE),
        Some("nothing") => answer("200 OK", odd, PAGE),
        _ => html(odd, PAGE),
    })
    .await;
    let proxy = before(&origin).await;
    for (path, want) in [("/elsewhere", "html"), ("/", "json"), ("/", "nothing"), ("/x/..%2f/plain", "html")] {
        let headers = format!("X-Want: {want}\r\nRange: bytes=0-1\r\nIf-None-Match: \"a\"\r\nAccept-Encoding: dcb\r\n");
        let reply = ask(proxy.address, request("GET", path, &headers)).await;
        assert_eq!(reply.text(), PAGE);
        assert_eq!((reply.header("etag"), reply.header("cache-control")), (Some("\"a\""), None));
        assert_eq!(reply.header("content-security-policy"), Some("default-src 'none'"));
        let seen = origin.seen().pop().unwrap();
        assert_eq!((seen.header("if-none-match"), seen.header("range")), (Some("\"a\""), Some("bytes=0-1")));
        assert_eq!(seen.header("accept-encoding"), Some("dcb"));
    }
}

#[tokio::test]
async fn a_masked_route_is_no_page_whatever_it_answers() {
    for mode in [Mode::Enforce, Mode::Observe] {
        let body = format!("<head></head>{{\"token\":\"{SECRET}\"}}");
        let origin = Origin::answering(move |_| html("", &body)).await;
        let rule = move |_: &str| MaskRule::new(rules()).with_mode(mode);
        let proxy = Proxy::with_pages(settings(origin.address), rule, pages()).await;
        for path in
            [KEYS.to_owned(), format!("/x/..{KEYS}"), format!("{KEYS}.html"), format!("/console/y/..%2f..{KEYS}/")]
        {
            let reply = get(proxy.address, &path).await;
            assert!(!reply.text().contains("<style>"), "{path}");
            assert_eq!(reply.text().contains(SECRET), mode == Mode::Observe, "{path}");
        }
    }
}

#[tokio::test]
async fn a_browser_is_not_told_that_the_page_it_keeps_is_good() {
    let origin = Origin::answering(|_| html("", PAGE)).await;
    let proxy = before(&origin).await;
    let headers = "Accept: text/html,application/xhtml+xml,*/*;q=0.8\r\nAccept-Encoding: gzip, br, dcb\r\nIf-None-Match: \"a\"\r\nIf-Modified-Since: x\r\n";
    assert_eq!(ask(proxy.address, request("GET", "/", headers)).await.text(), styled(PAGE));
    let seen = origin.only();
    assert_eq!((seen.header("if-none-match"), seen.header("if-modified-since")), (None, None));
    assert_eq!(seen.header("accept-encoding"), Some("gzip, br"));
}

#[tokio::test]
async fn a_policy_that_blocks_the_style_admits_it_and_nothing_else() {
    let reply = asked("Content-Security-Policy: default-src 'self'; script-src 'nonce-a'\r\n", PAGE).await;
    let expected = format!("default-src 'self'; script-src 'nonce-a'; style-src 'self' {SOURCE}");
    assert_eq!(reply.header("content-security-policy"), Some(&*expected));

    let several = "Content-Security-Policy: img-src *, style-src 'none'\r\nContent-Security-Policy: style-src 'unsafe-inline'\r\nContent-Security-Policy: default-src a\r\nContent-Security-Policy-Report-Only: default-src 'none'\r\n";
    let reply = asked(several, PAGE).await;
    let expected = [
        format!("img-src *, style-src {SOURCE}"),
        "style-src 'unsafe-inline'".to_owned(),
        format!("default-src a; style-src a {SOURCE}"),
    ];
    assert_eq!(values(&reply, "content-security-policy"), expected);
    assert_eq!(reply.header("content-security-policy-report-only"), Some("default-src 'none'"));
    assert_eq!(reply.text(), styled(PAGE));
}

#[tokio::test]
async fn a_page_keeps_its_coding_where_the_client_takes_it() {
    for codings in ["gzip", "br", "deflate", "zstd", "gzip, br"] {
        let sent = html(&format!("Content-Encoding: {codings}\r\n"), coded(codings, PAGE.as_bytes()));
        let origin = Origin::answering(move |_| sent.clone()).await;
        let proxy = before(&origin).await;
        let reply = ask(proxy.address, request("GET", "/", &format!("Accept-Encoding: {codings}\r\n"))).await;
        assert_eq!(reply.header("content-encoding"), Some(codings));
        assert_eq!(decoded(codings, &reply.body), styled(PAGE), "{codings}");
        let plain = get(proxy.address, "/").await;
        assert_eq!((plain.header("content-encoding"), plain.text()), (None, styled(PAGE)), "{codings}");
    }
}

#[tokio::test]
async fn what_cannot_be_read_passes_as_it_came_and_is_counted() {
    for (reason, status, headers) in [
        ("charset", "200 OK", "Content-Type: text/html; charset=utf-16\r\nETag: \"a\"\r\n"),
        ("unknown-encoding", "200 OK", "Content-Type: text/html\r\nContent-Encoding: dcb\r\nETag: \"a\"\r\n"),
        (
            "partial-content",
            "206 Partial Content",
            "Content-Type: text/html\r\nContent-Range: bytes 0-5/9\r\nETag: \"a\"\r\n",
        ),
    ] {
        let origin = Origin::answering(move |_| answer(status, headers, PAGE)).await;
        let proxy = before(&origin).await;
        let reply = get(proxy.address, "/").await;
        assert_eq!((reply.text().as_str(), reply.header("etag")), (PAGE, Some("\"a\"")), "{reason}");
        assert!(reply.header("content-length").is_some());
        until(&proxy, &format!("last4_pages_total{{result=\"{reason}\"}}"), 1.0).await;
        until(&proxy, "last4_requests_total{route=\"-\",decision=\"passed\",status_class=\"2xx\"}", 1.0).await;
    }
}

#[tokio::test]
async fn a_page_that_does_not_decode_ends_as_it_would_without_last4() {
    let whole = coded("gzip", &PAGE.repeat(200).into_bytes());
    let sent = html("Content-Encoding: gzip\r\n", &whole[..whole.len() / 2]);
    let origin = Origin::answering(move |_| sent.clone()).await;
    let proxy = before(&origin).await;
    let reply = get(proxy.address, "/").await;
    assert!(!reply.clean && reply.text().starts_with(&styled(PAGE)), "{reply:?}");
    until(&proxy, "last4_pages_total{result=\"incomplete\"}", 1.0).await;
}

#[tokio::test]
async fn the_head_of_a_page_does_not_tell_the_length_that_it_had() {
    let origin = Origin::answering(|_| {
        b"HTTP/1.1 200 OK\r\nContent-Type: text/html\r\nContent-Length: 99\r\nETag: \"a\"\r\n\r\n".to_vec()
    })
    .await;
    let proxy = before(&origin).await;
    let reply = ask(proxy.address, request("HEAD", "/", "")).await;
    assert_eq!((reply.status, reply.header("content-length"), reply.header("etag")), (200, None, None));
    let other = ask(proxy.address, request("HEAD", "/plain", "")).await;
    assert_eq!((other.header("content-length"), other.header("etag")), (Some("99"), Some("\"a\"")));
}

#[tokio::test]
async fn a_page_streams_while_it_comes() {
    let origin = Origin::serving(|mut stream| async move {
        let mut buffer = Vec::new();
        super::origin::read_request(&mut stream, &mut buffer, 0).await;
        let head = "HTTP/1.1 200 OK\r\nContent-Type: text/html\r\nTransfer-Encoding: chunked\r\n\r\n";
        stream.write_all(head.as_bytes()).await.unwrap();
        // One byte a chunk, and after the page's head nothing for longer than the test waits.
        for byte in b"<html><head></head><body>" {
            stream.write_all(&[b"1\r\n", std::slice::from_ref(byte), b"\r\n"].concat()).await.unwrap();
        }
        tokio::time::sleep(super::client::PATIENCE * 2).await;
    })
    .await;
    let proxy = before(&origin).await;
    let mut client = Client::connect(proxy.address).await;
    client.send(request("GET", "/", "")).await;
    let mut before = client.read_until("\r\n\r\n").await;
    let mut body = Vec::new();
    while !String::from_utf8_lossy(&body).ends_with("body>") {
        let size = String::from_utf8(client.read_until("\r\n").await).unwrap();
        body.extend(client.read_until("\r\n").await);
        before.extend_from_slice(size.as_bytes());
    }
    assert_eq!(String::from_utf8(body).unwrap(), format!("<html><head>{STYLE}</head><body>"));
}
