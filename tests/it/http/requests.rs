//! What goes upstream on a masked route, and what goes nowhere (spec 3 and 4).

use super::client::{Client, ask, get, request};
use super::origin::{Origin, answer, json};
use super::proxy::{Proxy, rules, settings};
use super::{KEYS, SECRET, SHOWN};
use last4::layer::{MaskRule, WriteBack};
use std::time::Duration;
use tokio::io::{AsyncReadExt, AsyncWriteExt};

async fn origin() -> Origin {
    Origin::answering(|_| json(format!("{{\"data\":[{{\"token\":\"{SECRET}\"}}]}}"))).await
}

#[tokio::test]
async fn conditions_ranges_and_upgrades_do_not_reach_the_upstream() {
    let origin = origin().await;
    let proxy = Proxy::before(&origin).await;
    let headers = "Range: bytes=0-9\r\nIf-Range: x\r\nIf-None-Match: \"a\"\r\nIf-Modified-Since: x\r\nA-IM: feed\r\nTE: trailers, gzip\r\n\
        Connection: upgrade, http2-settings\r\nUpgrade: h2c\r\nHTTP2-Settings: x\r\nX-Kept: 1\r\nAccept-Encoding: gzip, dcb, br;q=0.5\r\n";
    let reply = ask(proxy.address, request("GET", KEYS, headers)).await;
    assert!(reply.text().contains(SHOWN));
    let seen = origin.only();
    for name in ["range", "if-range", "if-none-match", "if-modified-since", "a-im", "te", "upgrade", "http2-settings"] {
        assert_eq!(seen.header(name), None, "{name}");
    }
    assert_eq!((seen.header("x-kept"), seen.header("accept-encoding")), (Some("1"), Some("gzip, br;q=0.5")));
}

#[tokio::test]
async fn an_upstream_that_is_not_asked_for_a_coding_is_asked_for_none() {
    let origin = origin().await;
    let proxy = Proxy::before(&origin).await;
    get(proxy.address, KEYS).await;
    assert_eq!(origin.only().header("accept-encoding"), Some("identity"));
}

#[tokio::test]
async fn a_target_is_matched_in_every_reading_and_goes_upstream_as_it_came() {
    for target in [
        "/console/api/apps/7/api-keys?page=1&x=%2F",
        "/console/api/apps/7/%61pi-keys",
        "/console/api/apps/7%2fapi-keys",
        "//console/api//apps/7/api-keys/",
        "/console/api/x/../apps/7/./api-keys",
        "/CONSOLE/API/apps/7/API-KEYS.json",
        "/console/api/apps/7/api-keys;jsessionid=1",
        "/console/api/apps/7/api-keys%0a",
        "/console/api/apps/%2537/api-keys",
        "http://other.example/console/api/apps/7/api-keys",
        "http://console/api/apps/7/api-keys",
        "//host.example/console/api/apps/7/api-keys",
        "/console/api/apps/7/api-keys.php/x",
        "/index.php/console/api/apps/7/api-keys",
        "/?/console/api/apps/7/api-keys",
        "/index.php?r=console%2Fapi/apps/7/api-keys",
        "/(S(x))/console/api/apps/7/api-keys",
        "/console/api/apps/%D9%A7/api_keys",
    ] {
        let origin = origin().await;
        let proxy = Proxy::before(&origin).await;
        let reply = get(proxy.address, target).await;
        assert!(reply.text().contains(SHOWN), "{target}: {reply:?}");
        assert_eq!(origin.only().request_line(), format!("GET {target} HTTP/1.1"));
    }
}

#[tokio::test]
async fn a_target_that_cannot_be_bounded_is_refused() {
    let origin = origin().await;
    let proxy = Proxy::before(&origin).await;
    for target in ["/console/api/apps/7/api-keys%00", "/console/%zz"] {
        let reply = get(proxy.address, target).await;
        assert_eq!((reply.status, reply.reason().as_deref()), (400, Some("ambiguous-path")), "{target}");
    }
    assert!(origin.seen().is_empty());
}

#[tokio::test]
async fn rerouting_headers_do_not_reach_the_upstream() {
    let origin = origin().await;
    let proxy = Proxy::before(&origin).await;
    let headers = format!(
        "SCRIPT_NAME: /p\r\nX-Original-URL: {KEYS}\r\nX_Rewrite_Url: {KEYS}\r\nX.Original.URL: {KEYS}\r\nX!Original!URL: {KEYS}\r\nX-Vhm-Root: {KEYS}\r\nX-Traversal-Path: {KEYS}\r\nX-Forwarded-Script-Name: {KEYS}\r\nX-WSGIProxy-Path-Info: {KEYS}\r\nRequest-URI: {KEYS}\r\nPath-Info: {KEYS}\r\nX-A: 1\r\n"
    );
    get(proxy.address, "/x").await;
    ask(proxy.address, request("GET", "/p/y", &headers)).await;
    let seen = origin.seen().pop().unwrap();
    assert!(!seen.head.contains("api-keys") && !seen.head.contains("/p\r"), "{}", seen.head);
    assert_eq!(seen.header("x-a"), Some("1"));
}

#[tokio::test]
async fn a_request_without_one_host_goes_nowhere() {
    let origin = origin().await;
    let proxy = Proxy::before(&origin).await;
    for raw in ["GET /x HTTP/1.1\r\n\r\n", "GET /x HTTP/1.1\r\nHost: a\r\nHost: a\r\n\r\n"] {
        let mut client = Client::connect(proxy.address).await;
        client.send(raw).await;
        let reply = client.read("GET").await;
        assert_eq!((reply.status, reply.header("connection")), (400, Some("close")));
        assert!(client.read_rest().await.is_empty());
    }
    assert!(origin.seen().is_empty());
}

/// Frameworks build a URL of the host and route by its path (React Router, SvelteKit, Astro).
#[tokio::test]
async fn a_host_that_could_hold_a_path_goes_nowhere() {
    let origin = origin().await;
    let proxy = Proxy::before(&origin).await;
    for host in [
        "a:80/console/api/apps/7/api-keys?", "a/console", "a?", "a#", "a\\b", "u@a", "a b", "a,b", "a:x", "", "[::1",
        "a%2f",
    ] {
        let reply = ask(proxy.address, format!("GET /health HTTP/1.1\r\nHost: {host}\r\n\r\n")).await;
        assert_eq!((reply.status, reply.reason().as_deref()), (400, Some("host")), "{host}");
        assert_eq!(reply.header("connection"), Some("close"));
    }
    // An authority in the target is what counts, and the field is still read by some.
    for raw in [
        "GET http://u@a/health HTTP/1.1\r\nHost: a\r\n\r\n",
        "GET http://a/health HTTP/1.1\r\nHost: a:80/console?\r\n\r\n",
    ] {
        assert_eq!(ask(proxy.address, raw).await.reason().as_deref(), Some("host"), "{raw}");
    }
    assert!(origin.seen().is_empty());
    for host in ["a", "a.example:8080", "[::1]:80", "my_service", "127.0.0.1"] {
        let reply = ask(proxy.address, format!("GET /health HTTP/1.1\r\nHost: {host}\r\n\r\n")).await;
        assert_eq!(reply.status, 200, "{host}");
        assert_eq!(origin.seen().pop().unwrap().header("host"), Some(host));
    }
}

#[tokio::test]
async fn what_a_trusted_peer_says_of_the_host_reaches_the_upstream_only_if_it_is_one() {
    let origin = origin().await;
    let proxy = Proxy::before(&origin).await;
    let headers = "X-Forwarded-Host: a:80/console/api?\r\nX-Forwarded-Port: 80/console?\r\nX-Forwarded-Proto: https://a/console?\r\n\
        Forwarded: host=\"a/console?\"\r\nX-Forwarded-Prefix: /console\r\nX-Forwarded-Server: a/console\r\n";
    ask(proxy.address, request("GET", "/health", headers)).await;
    let seen = origin.only();
    assert!(!seen.head.contains("console"), "{}", seen.head);
    assert_eq!(seen.header("x-forwarded-host"), Some("api.example"));
    assert_eq!(seen.header("x-forwarded-proto"), Some("http"));
    let headers = "X-Forwarded-Host: a:80, b\r\nX-Forwarded-Port: 443\r\nX-Forwarded-Proto: https\r\nForwarded: host=a;proto=https\r\n";
    ask(proxy.address, request("GET", "/health", headers)).await;
    let seen = origin.seen().pop().unwrap();
    assert_eq!((seen.header("x-forwarded-host"), seen.header("x-forwarded-port")), (Some("a:80, b"), Some("443")));
    assert_eq!(
        (seen.header("x-forwarded-proto"), seen.header("forwarded")),
        (Some("https"), Some("host=a;proto=https"))
    );
}

#[tokio::test]
async fn nothing_that_an_untrusted_peer_says_of_itself_reaches_the_upstream() {
    let origin = origin().await;
    let mut settings = settings(origin.address);
    settings.forwarded.trusted_peers.clear();
    let proxy = Proxy::with(settings, MaskRule::new(rules())).await;
    let headers = "X-Forwarded-Port: 4\r\nX-Forwarded-Scheme: said\r\nX-Forwarded-Ssl: said\r\nX-Real-IP: said\r\nForwarded: for=said\r\n\
        X-Forwarded-Host: said\r\nX-Forwarded-For: said\r\nX.Forwarded.Proto: said\r\nX-Url-Scheme: said\r\nX-Client-IP: said\r\n";
    ask(proxy.address, request("GET", "/health", headers)).await;
    let seen = origin.only();
    assert!(!seen.head.contains("said") && !seen.head.to_lowercase().contains("port"), "{}", seen.head);
}

#[tokio::test]
async fn an_upstream_that_is_named_by_its_own_host_sees_no_other() {
    let origin = origin().await;
    let mut settings = settings(origin.address);
    settings.forwarded.preserve_host = false;
    let proxy = Proxy::with(settings, MaskRule::new(rules())).await;
    get(proxy.address, "http://client.example/x?y=%2F").await;
    let seen = origin.only();
    assert_eq!(seen.request_line(), "GET /x?y=%2F HTTP/1.1");
    assert_eq!(seen.header("host"), Some(origin.address.to_string().as_str()));
}

/// An upstream that answers a create with a method override with the list.
#[tokio::test]
async fn a_create_with_a_method_override_shows_no_secret() {
    let origin = Origin::answering(|_| json(format!("{{\"token\":\"{SECRET}\"}}"))).await;
    let proxy = Proxy::before(&origin).await;
    assert!(ask(proxy.address, request("POST", KEYS, "")).await.text().contains(SECRET));
    for query in
        [".method=GET", "%2Emethod=GET", "_method%00=GET", "method=GET", "_HttpMethod=GET", "x-tunneled-method=GET"]
    {
        let reply = ask(proxy.address, request("POST", &format!("{KEYS}?{query}"), "")).await;
        assert!(reply.text().contains(SHOWN), "{query}: {reply:?}");
    }
    for field in ["X.HTTP.Method.Override", "X-Tunneled-Method", "Http-Method-Override", "X-RestLi-Method"] {
        let reply = ask(proxy.address, request("POST", KEYS, &format!("{field}: GET\r\n"))).await;
        assert!(reply.text().contains(SHOWN), "{field}: {reply:?}");
    }
}

#[tokio::test]
async fn a_create_whose_body_overrides_the_method_shows_no_secret() {
    let origin = Origin::answering(|_| json(format!("{{\"token\":\"{SECRET}\"}}"))).await;
    let proxy = Proxy::before(&origin).await;
    let post =
        |fields: &str, body: &str| request("POST", KEYS, &format!("{fields}Content-Length: {}\r\n", body.len())) + body;
    for (fields, body) in [
        ("Content-Type: application/x-www-form-urlencoded\r\n", "name=x&_method=GET"),
        ("Content-Type: application/json\r\n", "{\"_method\":\"GET\"}"),
        ("Content-Type: text/plain\r\n", "{\"name\":\"x\",\"\\u005fmethod\":\"GET\"}"),
        (
            "Content-Type: multipart/form-data; boundary=x\r\n",
            "--x\r\nContent-Disposition: form-data; name=\"_method\"\r\n\r\nGET\r\n--x--\r\n",
        ),
        // What cannot be read may hold one.
        ("Content-Encoding: gzip\r\n", "{}"),
        ("", "{_method:'GET'}"),
    ] {
        let reply = ask(proxy.address, post(fields, body)).await;
        assert!(reply.text().contains(SHOWN) && !reply.text().contains(SECRET), "{body}: {reply:?}");
        assert_eq!(origin.seen().pop().unwrap().body, body.as_bytes());
    }
    for (fields, body) in [
        ("Content-Type: application/json\r\n", "{\"name\":\"a key\",\"method\":\"POST\"}"),
        ("Content-Type: application/x-www-form-urlencoded\r\n", "name=x&method=GET"),
        ("", ""),
    ] {
        let reply = ask(proxy.address, post(fields, body)).await;
        assert!(reply.text().contains(SECRET), "{body}: {reply:?}");
        assert_eq!(origin.seen().pop().unwrap().body, body.as_bytes());
    }
    let chunked = request("POST", KEYS, "Transfer-Encoding: chunked\r\n");
    let reply = ask(proxy.address, format!("{chunked}3\r\na=1\r\n7\r\n&_metho\r\n2\r\nd=\r\n0\r\n\r\n")).await;
    assert!(reply.text().contains(SHOWN), "{reply:?}");
    let reply = ask(proxy.address, format!("{chunked}3\r\na=1\r\n0\r\n\r\n")).await;
    assert!(reply.text().contains(SECRET), "{reply:?}");
}

/// An API that does not read bodies: it answers as soon as it has the head.
async fn hasty() -> Origin {
    Origin::serving(|mut stream| async move {
        let mut piece = [0; 4096];
        let _ = stream.read(&mut piece).await;
        let created = format!("{{\"token\":\"{SECRET}\"}}");
        let _ = stream.write_all(&answer("201 Created", "Connection: close\r\n", created)).await;
        while stream.read(&mut piece).await.is_ok_and(|length| length > 0) {}
    })
    .await
}

#[tokio::test]
async fn an_answer_to_a_create_that_comes_before_the_end_of_its_body_waits_for_what_the_body_says() {
    let origin = hasty().await;
    let mut settings = settings(origin.address);
    settings.limits.body_timeout = Duration::from_millis(300);
    // Without the guard, which holds such a body until it was read to its end.
    let proxy = Proxy::with(settings, MaskRule::new(rules()).with_write_back(WriteBack::Pass)).await;
    for (begins, ends, shown) in [
        ("a=1", "&name=12345", SECRET),
        ("a=1", "&_method=GET", SHOWN),
        ("", "name=123456789", SECRET),
        // The rest does not come: what came decides.
        ("{\"a\":1,", "", SHOWN),
        ("a=1&_method=GE", "", SHOWN),
        ("a=1", "", SECRET),
    ] {
        let length = if ends.is_empty() { begins.len() + 1 } else { begins.len() + ends.len() };
        let mut client = Client::connect(proxy.address).await;
        client.send(request("POST", KEYS, &format!("Content-Length: {length}\r\n")) + begins).await;
        tokio::time::sleep(Duration::from_millis(100)).await;
        client.send(ends).await;
        let reply = client.read("POST").await;
        assert!(reply.text().contains(shown), "{begins} {ends}: {reply:?}");
    }
}

#[tokio::test]
async fn a_create_whose_client_waits_for_100_continue_shows_its_secret() {
    let origin = hasty().await;
    let proxy = Proxy::before(&origin).await;
    let mut client = Client::connect(proxy.address).await;
    client.send(request("POST", KEYS, "Content-Length: 2\r\nExpect: 100-continue\r\n")).await;
    client.read_until("HTTP/1.1 100 Continue\r\n\r\n").await;
    client.send("{}").await;
    let reply = client.read("POST").await;
    assert!(reply.text().contains(SECRET), "{reply:?}");
}

#[tokio::test]
async fn connect_is_refused() {
    let origin = origin().await;
    let proxy = Proxy::before(&origin).await;
    let reply = ask(proxy.address, "CONNECT api.example:80 HTTP/1.1\r\nHost: api.example:80\r\n\r\n").await;
    assert_eq!(reply.status, 405);
    assert!(origin.seen().is_empty());
}

#[tokio::test]
async fn malformed_requests_go_nowhere() {
    let origin = origin().await;
    let proxy = Proxy::before(&origin).await;
    for raw in [
        "GET /x y HTTP/1.1\r\nHost: a\r\n\r\n",
        "GET /x\r\n\r\n",
        "GET /x HTTP/1.1\r\nHost: a\r\n folded: x\r\n\r\n",
        "POST /x HTTP/1.1\r\nHost: a\r\nContent-Length: 1\r\nContent-Length: 2\r\n\r\nab",
        "POST /x HTTP/1.1\r\nHost: a\r\nContent-Length: -1\r\n\r\n",
        "POST /x HTTP/1.1\r\nHost: a\r\nTransfer-Encoding: gzip\r\n\r\n",
        "GET /x\u{1} HTTP/1.1\r\nHost: a\r\n\r\n",
    ] {
        let mut client = Client::connect(proxy.address).await;
        client.send(raw).await;
        let rest = client.read_rest().await;
        assert!(rest.is_empty() || rest.starts_with(b"HTTP/1.1 400"), "{raw:?}: {}", String::from_utf8_lossy(&rest));
    }
    assert!(origin.seen().is_empty(), "{:?}", origin.seen());
}

#[tokio::test]
async fn a_head_that_is_too_large_goes_nowhere() {
    let origin = origin().await;
    let proxy = Proxy::before(&origin).await;
    let large = request("GET", "/x", &format!("X-Large: {}\r\n", "x".repeat(70_000)));
    assert_eq!(ask(proxy.address, large).await.status, 431);
    let many = request("GET", "/x", &"X-Many: 1\r\n".repeat(120));
    assert_eq!(ask(proxy.address, many).await.status, 431);
    assert!(origin.seen().is_empty());
    let usual = request("GET", "/x", &format!("X-Large: {}\r\n{}", "x".repeat(50_000), "X-Many: 1\r\n".repeat(90)));
    assert_eq!(ask(proxy.address, usual).await.status, 200);
}

#[tokio::test]
async fn a_preface_in_pieces_is_still_http_2_and_a_method_like_it_is_not() {
    let origin = origin().await;
    let proxy = Proxy::before(&origin).await;
    let mut client = Client::connect(proxy.address).await;
    for piece in ["PRI * HT", "TP/2.0\r\n\r\nS", "M\r\n\r\n"] {
        client.send(piece).await;
        tokio::time::sleep(Duration::from_millis(20)).await;
    }
    // An empty SETTINGS frame, and the server's own in answer.
    client.send([0, 0, 0, 4, 0, 0, 0, 0, 0]).await;
    client.read_until("\0\0\0\u{4}\u{1}\0\0\0\0").await;
    assert_eq!(ask(proxy.address, request("PR", "/x", "")).await.status, 200);
}
