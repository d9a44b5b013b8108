//! What comes back on a masked route: every row of the contract's table (spec 5).

use super::client::{PATIENCE, Reply, ask, get, request};
use super::gzip::{gunzip, gzip};
use super::origin::{Origin, answer, json};
use super::proxy::{Proxy, rules, settings};
use super::{KEYS, SECRET, SHOWN};
use flate2::Compression;
use flate2::read::ZlibEncoder;
use last4::layer::MaskRule;
use last4::mask::{Policy, PolicyParts};
use std::io::{ErrorKind, Read};
use tokio::io::{AsyncReadExt, AsyncWriteExt};
use tokio::net::TcpStream;

fn list() -> String {
    format!("{{ \"data\": [{{\"token\":\"{SECRET}\", \"n\": 1.0e+2}}], \"total\":1 }}\n")
}

fn masked() -> String {
    list().replace(SECRET, SHOWN)
}

async fn through(answer: Vec<u8>, request: String) -> Reply {
    let origin = Origin::answering(move |_| answer.clone()).await;
    let proxy = Proxy::before(&origin).await;
    let reply = ask(proxy.address, request).await;
    assert!(!reply.text().contains(SECRET), "leaked: {reply:?}");
    reply
}

async fn got(answer: Vec<u8>) -> Reply {
    through(answer, request("GET", KEYS, "")).await
}

#[tokio::test]
async fn json_is_masked_and_every_other_byte_is_the_upstreams() {
    let reply = got(json(list())).await;
    assert_eq!((reply.status, reply.text()), (200, masked()));
    assert_eq!(reply.header("content-length"), Some(masked().len().to_string().as_str()));
    assert_eq!(reply.header("content-type"), Some("application/json"));
    assert_eq!(reply.header("cache-control"), Some("no-store"));
}

#[tokio::test]
async fn a_json_body_is_masked_whatever_it_is_called() {
    for content_type in
        ["text/plain", "text/html; charset=utf-8", "application/x+json", "image/png", "TEXT/JSON", "nonsense"]
    {
        let reply = got(answer("200 OK", &format!("Content-Type: {content_type}\r\n"), list())).await;
        assert_eq!((reply.status, reply.text()), (200, masked()), "{content_type}");
        assert_eq!(reply.header("content-type"), Some(content_type));
    }
    assert_eq!(got(answer("200 OK", "", list())).await.text(), masked());
}

#[tokio::test]
async fn a_coded_body_comes_back_in_its_coding_if_the_client_takes_it_and_plain_if_not() {
    let mut deflated = Vec::new();
    ZlibEncoder::new(list().as_bytes(), Compression::fast()).read_to_end(&mut deflated).unwrap();
    let coded =
        answer("200 OK", "Content-Type: application/json\r\nContent-Encoding: gzip\r\n", gzip(list().as_bytes()));

    let reply = through(coded.clone(), request("GET", KEYS, "Accept-Encoding: br, gzip\r\n")).await;
    assert_eq!(reply.header("content-encoding"), Some("gzip"));
    assert_eq!(gunzip(&reply.body), masked().as_bytes());
    assert_eq!(reply.header("content-length"), Some(reply.body.len().to_string().as_str()));

    for accept in ["", "Accept-Encoding: br\r\n", "Accept-Encoding: gzip;q=0\r\n"] {
        let reply = through(coded.clone(), request("GET", KEYS, accept)).await;
        assert_eq!((reply.header("content-encoding"), reply.text()), (None, masked()), "{accept}");
    }
    let reply = got(answer("200 OK", "Content-Encoding: deflate\r\n", deflated)).await;
    assert_eq!(reply.text(), masked());
    let twice = gzip(&gzip(list().as_bytes()));
    let reply = got(answer("200 OK", "Content-Encoding: gzip\r\nContent-Encoding: x-gzip\r\n", twice)).await;
    assert_eq!(reply.text(), masked());
}

#[tokio::test]
async fn what_servers_call_a_coding_by_mistake_is_none() {
    for coding in ["none", "UTF-8", "utf8, binary", "identity", "7bit", "8bit"] {
        let reply = got(answer("200 OK", &format!("Content-Encoding: {coding}\r\n"), list())).await;
        assert_eq!((reply.status, reply.text()), (200, masked()), "{coding}");
    }
}

#[tokio::test]
async fn a_body_that_could_be_read_in_another_charset_is_withheld() {
    // In UTF-7 the key is `token`, and no scanner of UTF-8 sees it.
    let utf7 = format!("[{{\"+AHQ-oken\":\"{SECRET}\"}}]");
    for content_type in [
        "application/json; charset=utf-7",
        "application/json; charset*=us-ascii''utf-7",
        "application/json; charset*0=utf; charset*1=-7",
        "application/json charset=utf-7",
        "application/json; x=\"; charset=utf-8\"; charset=utf-7",
    ] {
        let reply = got(answer("200 OK", &format!("Content-Type: {content_type}\r\n"), &utf7)).await;
        assert_eq!((reply.status, reply.reason().as_deref()), (502, Some("charset")), "{content_type}");
    }
}

#[tokio::test]
async fn a_create_shows_single_values_and_nothing_that_holds_more() {
    for (body, shown) in [
        (format!("{{\"token\":[\"{SECRET}\",1]}}"), format!("{{\"token\":[\"{SHOWN}\",\"***\"]}}")),
        (format!("{{\"token\":{{\"a\":\"{SECRET}\"}}}}"), format!("{{\"token\":{{\"a\":\"{SHOWN}\"}}}}")),
    ] {
        let reply = through(json(body), request("POST", KEYS, "")).await;
        assert_eq!((reply.status, reply.text()), (200, shown));
    }
}

/// By one reading of its path it is on the one route, by another on the other.
#[tokio::test]
async fn a_request_on_two_routes_is_masked_by_the_strictest_of_both() {
    let origin = Origin::answering(|_| json(list())).await;
    let lax = PolicyParts { first: 14, last: 14, min_hidden: 0, ..PolicyParts::default() };
    let policies = [lax, PolicyParts::default()].map(|parts| Policy::new(parts).unwrap());
    for (of_apps, of_others) in [(0, 1), (1, 0)] {
        let rule = |name: &str| {
            let policy = &policies[if name == "app-keys" { of_apps } else { of_others }];
            MaskRule::new(rules().with_policy(policy.clone()))
        };
        let proxy = Proxy::with_each(settings(origin.address), rule).await;
        let both = "/console/api/apps/7/api-keys%3f/../../../datasets/api-keys";
        assert_eq!(get(proxy.address, both).await.text(), masked());
    }
}

#[tokio::test]
async fn an_answer_on_a_masked_route_has_the_reason_phrase_of_its_own_status() {
    for (came, leaves) in [
        (answer(&format!("200 {SECRET}"), "Content-Type: application/json\r\n", list()), "HTTP/1.1 200 OK\r\n"),
        (answer("200 Script output follows", "", "x"), "HTTP/1.1 502 Bad Gateway\r\n"),
        (answer(&format!("404 {SECRET}"), "", "x"), "HTTP/1.1 404 Not Found\r\n"),
    ] {
        let origin = Origin::answering(move |_| came.clone()).await;
        let proxy = Proxy::before(&origin).await;
        let mut stream = TcpStream::connect(proxy.address).await.unwrap();
        stream
            .write_all(format!("GET {KEYS} HTTP/1.1\r\nHost: a\r\nConnection: close\r\n\r\n").as_bytes())
            .await
            .unwrap();
        let mut reply = String::new();
        stream.read_to_string(&mut reply).await.unwrap();
        assert!(reply.starts_with(leaves) && !reply.contains(SECRET), "{reply}");
    }
}

#[tokio::test]
async fn what_cannot_be_understood_is_withheld_from_a_read_with_its_reason() {
    let json_type = "Content-Type: application/json\r\n";
    let html = format!("<html>{SECRET}</html>");
    let cut = &list()[..20];
    let deep = "[".repeat(600);
    let with = |fields: &str| format!("{json_type}{fields}\r\n");
    let utf16: Vec<u8> = list().encode_utf16().flat_map(u16::to_le_bytes).collect();
    let mut broken_gzip = gzip(list().as_bytes());
    let last = broken_gzip.len() - 1;
    broken_gzip[last] ^= 1;
    let cases = [
        ("not-json", answer("200 OK", "Content-Type: text/html\r\n", &html)),
        ("not-json", answer("200 OK", "", "x")),
        ("not-json", answer("200 OK", "Content-Type: multipart/mixed; boundary=x\r\n", list())),
        ("not-json", answer("200 OK", "Content-Type: text/event-stream\r\n", list())),
        ("invalid-json", json(&html)),
        ("invalid-json", json(cut)),
        ("invalid-json", json(format!("{}{{}}", list()))),
        ("invalid-json", json(utf16)),
        ("invalid-json", json(gzip(list().as_bytes()))),
        ("too-deep", json(deep)),
        ("charset", answer("200 OK", "Content-Type: application/json; charset=utf-16\r\n", list())),
        ("unknown-encoding", answer("200 OK", &with("Content-Encoding: dcb"), list())),
        ("unknown-encoding", answer("200 OK", &with("Content-Encoding: gzip, compress"), list())),
        ("decode-failed", answer("200 OK", &with("Content-Encoding: gzip"), list())),
        ("decode-failed", answer("200 OK", &with("Content-Encoding: gzip"), broken_gzip)),
        ("incomplete", answer("200 OK", &with("Content-Encoding: gzip"), &gzip(list().as_bytes())[..30])),
        ("partial-content", answer("206 Partial Content", &with("Content-Range: bytes 0-9/99"), list())),
        ("partial-content", answer("200 OK", &with("Content-Range: bytes 0-9/99"), list())),
    ];
    for (reason, answer) in cases {
        let head = String::from_utf8_lossy(&answer).into_owned();
        let reply = got(answer).await;
        assert_eq!((reply.status, reply.reason().as_deref()), (502, Some(reason)), "{head}");
        assert_eq!(reply.header("cache-control"), Some("no-store"));
    }
}

#[tokio::test]
async fn a_body_that_ends_too_early_is_withheld() {
    let short = format!("HTTP/1.1 200 OK\r\nContent-Length: 999\r\nConnection: close\r\n\r\n{}", list());
    assert_eq!(got(short.into_bytes()).await.reason().as_deref(), Some("incomplete"));
    let chunked =
        format!("HTTP/1.1 200 OK\r\nTransfer-Encoding: chunked\r\nConnection: close\r\n\r\n5\r\n{}\r\n", &list()[..5]);
    assert_eq!(got(chunked.into_bytes()).await.reason().as_deref(), Some("incomplete"));
}

#[tokio::test]
async fn a_write_that_happened_is_never_turned_into_an_error() {
    for method in ["POST", "PUT", "DELETE", "get"] {
        let html = answer("201 Created", "Content-Type: text/html\r\nLocation: /x\r\nETag: \"1\"\r\n", SECRET);
        let reply = through(html, request(method, KEYS, "")).await;
        assert_eq!((reply.status, reply.body.len(), reply.header("content-length")), (201, 0, Some("0")), "{method}");
        assert_eq!(
            (reply.header("location"), reply.header("etag"), reply.header("content-type")),
            (Some("/x"), None, None)
        );
    }
}

#[tokio::test]
async fn errors_and_redirects_keep_status_and_head_without_a_body_that_is_not_json() {
    for status in ["401 Unauthorized", "404 Not Found", "500 Internal Server Error", "503 Service Unavailable"] {
        let headers =
            "Content-Type: text/html\r\nWWW-Authenticate: Bearer\r\nRetry-After: 3\r\nContent-Language: en\r\n";
        let reply = got(answer(status, headers, format!("<pre>{SECRET}</pre>"))).await;
        assert_eq!((reply.status.to_string().as_str(), reply.reason().as_deref()), (&status[..3], Some("not-json")));
        assert_eq!((reply.header("www-authenticate"), reply.header("retry-after")), (Some("Bearer"), Some("3")));
        assert_eq!(reply.header("content-language"), None);
    }
    let reply = got(answer("302 Found", "Location: /login\r\nContent-Type: text/html\r\n", "<a href=/login>")).await;
    assert_eq!((reply.status, reply.header("location"), reply.body.len()), (302, Some("/login"), 0));
}

#[tokio::test]
async fn json_errors_keep_their_status_and_are_masked() {
    let body = format!(r#"{{"code":"conflict","token":"{SECRET}","status":409}}"#);
    for method in ["GET", "POST"] {
        let conflict = answer("409 Conflict", "Content-Type: application/json\r\n", &body);
        let reply = through(conflict, request(method, KEYS, "")).await;
        assert_eq!((reply.status, reply.text()), (409, body.replace(SECRET, SHOWN)), "{method}");
    }
}

#[tokio::test]
async fn an_answer_without_a_body_passes_as_it_came() {
    let reply =
        through(b"HTTP/1.1 204 No Content\r\nX-A: 1\r\nETag: \"a\"\r\n\r\n".to_vec(), request("DELETE", KEYS, ""))
            .await;
    assert_eq!((reply.status, reply.header("x-a"), reply.header("etag")), (204, Some("1"), Some("\"a\"")));
    let reply = got(answer("200 OK", "Content-Type: application/json\r\n", "")).await;
    assert_eq!((reply.status, reply.header("content-length")), (200, Some("0")));
    let chunked = b"HTTP/1.1 200 OK\r\nTransfer-Encoding: chunked\r\n\r\n0\r\n\r\n".to_vec();
    let reply = got(chunked).await;
    assert_eq!((reply.status, reply.body.len(), reply.clean), (200, 0, true));
    let reply = got(b"HTTP/1.1 304 Not Modified\r\nETag: \"a\"\r\n\r\n".to_vec()).await;
    assert_eq!(reply.status, 304);
}

#[tokio::test]
async fn the_length_of_a_head_answer_is_removed() {
    let head = b"HTTP/1.1 200 OK\r\nContent-Type: application/json\r\nContent-Length: 77\r\nX-A: 1\r\n\r\n".to_vec();
    let reply = through(head, request("HEAD", KEYS, "")).await;
    assert_eq!((reply.status, reply.header("content-length"), reply.header("x-a")), (200, None, Some("1")));
}

#[tokio::test]
async fn a_tunnel_is_never_opened_on_a_masked_route() {
    let switch =
        format!("HTTP/1.1 101 Switching Protocols\r\nConnection: upgrade\r\nUpgrade: websocket\r\n\r\n{SECRET}");
    for headers in ["", "Connection: upgrade\r\nUpgrade: websocket\r\n"] {
        let reply = through(switch.clone().into_bytes(), request("GET", KEYS, headers)).await;
        assert_eq!((reply.status, reply.reason().as_deref()), (502, Some("upgrade")));
    }
}

#[tokio::test]
async fn informational_answers_are_not_mistaken_for_the_answer() {
    let hints = format!("HTTP/1.1 103 Early Hints\r\nLink: </x>\r\n\r\n{}", String::from_utf8(json(list())).unwrap());
    assert_eq!(got(hints.into_bytes()).await.text(), masked());
}

#[tokio::test]
async fn what_a_changed_body_makes_false_is_removed() {
    let fields = "Content-Type: application/json\r\nETag: \"a\"\r\nLast-Modified: x\r\nDigest: x\r\nContent-Digest: x\r\nRepr-Digest: x\r\n\
        Content-MD5: x\r\nAccept-Ranges: bytes\r\nSignature: x\r\nSignature-Input: x\r\nCache-Control: public, no-transform\r\nSet-Cookie: a=1\r\nSet-Cookie: b=2\r\n";
    let reply = got(answer("200 OK", fields, list())).await;
    assert_eq!(reply.text(), masked());
    let mut names: Vec<_> = reply.headers.iter().map(|(name, _)| name.to_lowercase()).collect();
    names.sort_unstable();
    assert_eq!(names, ["cache-control", "content-length", "content-type", "set-cookie", "set-cookie"]);
    assert_eq!(reply.header("cache-control"), Some("no-store"));
}

#[tokio::test]
async fn trailers_of_a_masked_answer_are_dropped() {
    let body = list();
    let chunked = format!(
        "HTTP/1.1 200 OK\r\nTrailer: X-Token\r\nTransfer-Encoding: chunked\r\n\r\n{:x};k={SECRET}\r\n{body}\r\n0\r\nX-Token: {SECRET}\r\n\r\n",
        body.len()
    );
    let reply = through(chunked.into_bytes(), request("GET", KEYS, "TE: trailers\r\n")).await;
    assert_eq!((reply.text(), reply.header("trailer")), (masked(), None));
}

#[tokio::test]
async fn a_create_shows_its_secret_once_and_leaves_as_it_came() {
    let body = format!("{{\"id\":\"1\", \"token\" : \"{SECRET}\"}}");
    let fields = "Content-Type: application/json\r\nETag: \"a\"\r\nX-B: 2\r\n";
    let created = answer("201 CREATED", fields, &body);
    let origin = Origin::answering(move |_| created.clone()).await;
    let proxy = Proxy::before(&origin).await;
    let reply = ask(proxy.address, request("POST", KEYS, "Content-Length: 0\r\n")).await;
    assert_eq!((reply.status, reply.text(), reply.header("etag")), (201, body, Some("\"a\"")));
    assert_eq!(reply.header("cache-control"), None);
}

#[tokio::test]
async fn a_coded_create_leaves_in_the_upstreams_own_bytes() {
    let coded = gzip(format!("{{\"token\":\"{SECRET}\"}}").as_bytes());
    let created = answer("200 OK", "Content-Type: application/json\r\nContent-Encoding: gzip\r\n", &coded);
    let origin = Origin::answering(move |_| created.clone()).await;
    let proxy = Proxy::before(&origin).await;
    let reply = ask(proxy.address, request("POST", KEYS, "Accept-Encoding: gzip\r\nContent-Length: 0\r\n")).await;
    assert_eq!((reply.body, reply.headers.len()), (coded, 3));
}

#[tokio::test]
async fn a_list_that_a_backend_was_tricked_into_giving_to_a_create_shows_none() {
    for status in ["200 OK", "201 Created"] {
        let reply = through(answer(status, "", list()), request("POST", KEYS, "")).await;
        assert_eq!(reply.text(), masked());
        assert_eq!(reply.header("cache-control"), Some("no-store"));
    }
}

#[tokio::test]
async fn a_request_with_a_method_override_is_never_a_reveal() {
    let body = format!("{{\"token\":\"{SECRET}\"}}");
    for (target, header) in [
        (KEYS.to_owned(), "X-HTTP-Method-Override: GET\r\n"),
        (KEYS.to_owned(), "X_HTTP_Method: PUT\r\n"),
        (format!("{KEYS}?_method=GET"), ""),
    ] {
        let reply = through(json(&body), request("POST", &target, header)).await;
        assert_eq!(reply.text(), body.replace(SECRET, SHOWN), "{target} {header}");
    }
}

#[tokio::test]
async fn a_long_list_streams_masked_after_what_is_held() {
    let item = format!("{{\"token\":\"{SECRET}\"}},");
    let body = format!("[{}null]", item.repeat(10_000));
    let reply = got(json(&body)).await;
    assert!(reply.clean && reply.header("transfer-encoding") == Some("chunked"));
    assert_eq!(reply.text(), body.replace(SECRET, SHOWN));
    let coded = answer("200 OK", "Content-Encoding: gzip\r\n", gzip(body.as_bytes()));
    let reply = through(coded, request("GET", KEYS, "Accept-Encoding: gzip\r\n")).await;
    assert!(reply.clean && reply.header("transfer-encoding") == Some("chunked"));
    assert_eq!(gunzip(&reply.body), body.replace(SECRET, SHOWN).as_bytes());
}

#[tokio::test]
async fn a_fault_found_after_bytes_were_sent_cuts_the_answer() {
    let item = format!("{{\"token\":\"{SECRET}\"}},");
    for end in ["", "null] x", "null", "<html>", "\"\u{1}\"]"] {
        let reply = got(json(format!("[{}{end}", item.repeat(10_000)))).await;
        assert_eq!((reply.status, reply.clean), (200, false), "{end}");
    }
}

#[tokio::test]
async fn an_old_client_that_takes_the_end_of_the_connection_for_the_end_of_the_body_sees_a_reset() {
    let whole = format!("[{}null]", format!("{{\"token\":\"{SECRET}\"}},").repeat(5_000));
    let (shown, faulty) = (whole.replace(SECRET, SHOWN), whole.replace("null", "nothing"));
    let old = format!("GET {KEYS} HTTP/1.0\r\n\r\n");
    assert!(end_of(&old, &faulty).await.is_err_and(|kind| kind == ErrorKind::ConnectionReset));
    assert!(end_of(&old, &whole).await.unwrap().ends_with(&shown), "a whole answer ends as ever");
    // What has arrived is lost by a reset, which a client does not need that waits for a last chunk.
    let new = format!("GET {KEYS} HTTP/1.1\r\nHost: a\r\nConnection: close\r\n\r\n");
    assert!(!end_of(&new, &faulty).await.unwrap().ends_with("0\r\n\r\n"));
    let elsewhere = "GET /elsewhere HTTP/1.0\r\n\r\n";
    assert!(end_of(elsewhere, &faulty).await.unwrap().ends_with(&faulty));
}

/// All that comes back on a connection, or how it failed.
async fn end_of(request: &str, body: &str) -> Result<String, ErrorKind> {
    let answer = format!("HTTP/1.1 200 OK\r\nConnection: close\r\n\r\n{body}");
    let origin = Origin::answering(move |_| answer.clone()).await;
    let proxy = Proxy::before(&origin).await;
    let mut stream = TcpStream::connect(proxy.address).await.unwrap();
    stream.write_all(request.as_bytes()).await.unwrap();
    let mut received = Vec::new();
    let read = tokio::time::timeout(PATIENCE, stream.read_to_end(&mut received)).await.expect("no end in time");
    let received = String::from_utf8(received).unwrap();
    assert!(!request.contains(KEYS) || !received.contains(SECRET));
    read.map(|_| received).map_err(|error| error.kind())
}

#[tokio::test]
async fn too_large_a_body_is_withheld_or_cut() {
    let rule = || MaskRule::new(rules()).with_max_body_bytes(Some(1000));
    let body = format!("[\"{}\"]", "x".repeat(2000));
    for coding in ["", "gzip"] {
        let sent = if coding.is_empty() { body.clone().into_bytes() } else { gzip(body.as_bytes()) };
        let large = answer("200 OK", &format!("Content-Encoding: {coding}\r\n"), sent);
        let origin = Origin::answering(move |_| large.clone()).await;
        let proxy = Proxy::with(settings(origin.address), rule()).await;
        let reply = get(proxy.address, KEYS).await;
        assert_eq!((reply.status, reply.reason().as_deref()), (502, Some("too-large")), "{coding}");
        let proxy = Proxy::with(settings(origin.address), rule().with_hold_bytes(100)).await;
        let reply = get(proxy.address, KEYS).await;
        // Plain, the whole body is one piece, and refused before anything is held.
        assert!(reply.status == 502 || !reply.clean, "{coding}: {reply:?}");
    }
}

#[tokio::test]
async fn cross_origin_readers_can_read_the_refusal() {
    let fields = "Access-Control-Allow-Origin: https://console.example\r\nVary: Origin\r\nSet-Cookie: s=1\r\n";
    let reply = got(answer("200 OK", fields, "nonsense")).await;
    assert_eq!(reply.header("access-control-allow-origin"), Some("https://console.example"));
    assert_eq!((reply.header("vary"), reply.header("set-cookie")), (Some("Origin"), None));
}

#[tokio::test]
async fn a_mark_comes_with_every_masked_value_and_with_no_revealed_one() {
    let list = format!("[{{\"token\":\"{SECRET}\",\"n\":1}},{{\"n\":2}}]");
    let created = format!("{{\"token\":\"{SECRET}\"}}");
    let wrapped = format!("{{\"data\":{{\"token\":\"{SHOWN}\"}}}}");
    let bodies = [list, created.clone(), wrapped];
    let origin = Origin::answering(move |seen| {
        let wanted: usize = seen.header("x-want").unwrap().parse().unwrap();
        answer("200 OK", "ETag: \"a\"\r\nContent-Type: application/json\r\n", &bodies[wanted])
    })
    .await;
    let rule = MaskRule::new(rules().with_mark("masked"));
    for rule in [rule.clone(), rule.with_hold_bytes(0)] {
        let proxy = Proxy::with(settings(origin.address), rule).await;
        for (method, wanted, expected) in [
            ("GET", 0, format!("[{{\"token\":\"{SHOWN}\",\"n\":1,\"masked\":true}},{{\"n\":2}}]")),
            ("GET", 1, format!("{{\"token\":\"{SHOWN}\",\"masked\":true}}")),
            ("POST", 1, created.clone()),
            // What came masked is marked, in an answer that may reveal too.
            ("POST", 2, format!("{{\"data\":{{\"token\":\"{SHOWN}\",\"masked\":true}}}}")),
        ] {
            let reply = ask(proxy.address, request(method, KEYS, &format!("X-Want: {wanted}\r\n"))).await;
            assert_eq!((reply.text(), reply.clean), (expected, true), "{method} {wanted}");
        }
    }
}
