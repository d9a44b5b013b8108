//! What is counted, as the operator's page tells it.

use super::client::{Client, PATIENCE, ask, get, request};
use super::origin::{Origin, answer, json};
use super::proxy::{Proxy, settings};
use super::{KEYS, SECRET};
use last4::layer::MaskLayer;
use last4::proxy::{Snapshot, Status, serve_admin};
use last4::route::RouteSet;
use std::collections::BTreeMap;
use std::net::{SocketAddr, TcpListener};
use std::sync::Arc;
use std::time::Duration;

/// Samples of a page by their names and labels.
pub(crate) fn samples(page: &str) -> BTreeMap<String, f64> {
    let lines = page.lines().filter(|line| !line.starts_with('#'));
    lines
        .map(|line| line.rsplit_once(' ').unwrap())
        .map(|(name, value)| (name.to_owned(), value.parse().unwrap()))
        .collect()
}

/// Waits until a sample has a value: a request is counted once its answer is over, which its client may see a moment earlier.
pub(crate) async fn until(proxy: &Proxy, name: &str, value: f64) {
    let waiting = async {
        while samples(&proxy.metrics.page()).get(name) != Some(&value) {
            tokio::time::sleep(Duration::from_millis(5)).await;
        }
    };
    assert!(tokio::time::timeout(PATIENCE, waiting).await.is_ok(), "{name} is not {value}: {}", proxy.metrics.page());
}

fn requests(route: &str, decision: &str, class: &str) -> String {
    format!("last4_requests_total{{route=\"{route}\",decision=\"{decision}\",status_class=\"{class}\"}}")
}

fn list() -> Vec<u8> {
    json(format!("[{{\"token\":\"{SECRET}\"}},{{\"token\":\"{SECRET}\"}},{{\"token\":null}}]"))
}

#[tokio::test]
async fn each_request_counts_once_by_what_became_of_it() {
    let origin = Origin::answering(|seen| match seen.header("x-want") {
        Some("html") => answer("200 OK", "Content-Type: text/html\r\n", "<p>"),
        Some("404") => answer("404 Not Found", "Content-Type: application/json\r\n", "{}"),
        Some("204") => b"HTTP/1.1 204 No Content\r\n\r\n".to_vec(),
        Some("object") => answer("201 Created", "", format!("{{\"token\":\"{SECRET}\"}}")),
        Some("nothing") => Vec::from(*b"?\r\n\r\n"),
        _ => list(),
    })
    .await;
    let proxy = Proxy::before(&origin).await;
    let want = |method: &str, target: &str, want: &str| request(method, target, &format!("X-Want: {want}\r\n"));
    for wanted in [
        want("GET", KEYS, "list"),
        want("GET", "/elsewhere", "list"),
        want("GET", KEYS, "html"),
        want("GET", KEYS, "404"),
        want("DELETE", KEYS, "204"),
        want("POST", KEYS, "object"),
        want("GET", KEYS, "nothing"),
        request("GET", "/%00", ""),
        "GET / HTTP/1.1\r\nHost: a\r\nHost: b\r\n\r\n".to_owned(),
    ] {
        ask(proxy.address, wanted).await;
    }
    for (route, decision, class) in [
        ("app-keys", "masked", "2xx"),
        ("-", "passed", "2xx"),
        ("app-keys", "withheld", "5xx"),
        ("app-keys", "masked", "4xx"),
        ("app-keys", "bodiless", "2xx"),
        ("app-keys", "revealed", "2xx"),
        ("app-keys", "failed", "5xx"),
    ] {
        until(&proxy, &requests(route, decision, class), 1.0).await;
    }
    until(&proxy, &requests("-", "refused", "4xx"), 2.0).await;
    until(&proxy, "last4_requests_in_flight", 0.0).await;
    let counted = samples(&proxy.metrics.page());
    let total: f64 = counted.iter().filter(|(name, _)| name.starts_with("last4_requests_total")).map(|(_, n)| n).sum();
    assert_eq!(total, 9.0);
    for (name, value) in [
        ("last4_values_total{route=\"app-keys\",treatment=\"masked\"}", 2.0),
        ("last4_values_total{route=\"app-keys\",treatment=\"revealed\"}", 1.0),
        ("last4_withheld_total{route=\"app-keys\",reason=\"not-json\"}", 1.0),
        ("last4_withheld_total{route=\"app-keys\",reason=\"incomplete\"}", 0.0),
        ("last4_refused_requests_total{reason=\"ambiguous-path\"}", 1.0),
        ("last4_refused_requests_total{reason=\"host\"}", 1.0),
        ("last4_upstream_failures_total{reason=\"upstream-protocol\"}", 1.0),
        ("last4_request_duration_seconds_count{route=\"app-keys\"}", 6.0),
        ("last4_upstream_response_seconds_count{route=\"app-keys\"}", 5.0),
        ("last4_request_duration_seconds_bucket{route=\"-\",le=\"+Inf\"}", 3.0),
        ("last4_connections_accepted_total", 9.0),
    ] {
        assert_eq!(counted.get(name), Some(&value), "{name}");
    }
}

#[tokio::test]
async fn a_cut_answer_and_a_client_that_leaves_are_counted_too() {
    let long = format!("[{}", format!("{{\"token\":\"{SECRET}\"}},").repeat(10_000));
    let origin = Origin::answering(move |_| json(&long)).await;
    let proxy = Proxy::before(&origin).await;
    assert!(!get(proxy.address, KEYS).await.clean);
    until(&proxy, &requests("app-keys", "withheld", "2xx"), 1.0).await;
    until(&proxy, "last4_withheld_total{route=\"app-keys\",reason=\"invalid-json\"}", 1.0).await;
    until(&proxy, "last4_values_total{route=\"app-keys\",treatment=\"masked\"}", 10_000.0).await;

    let silent = Origin::serving(|stream| async move {
        let _stream = stream;
        std::future::pending::<()>().await;
    })
    .await;
    let proxy = Proxy::before(&silent).await;
    let mut client = Client::connect(proxy.address).await;
    client.send(request("GET", "/slow", "")).await;
    until(&proxy, "last4_requests_in_flight", 1.0).await;
    until(&proxy, "last4_connections_open", 1.0).await;
    drop(client);
    until(&proxy, &requests("-", "abandoned", "none"), 1.0).await;
    until(&proxy, "last4_requests_in_flight", 0.0).await;
    until(&proxy, "last4_connections_open", 0.0).await;
}

#[tokio::test]
async fn connections_to_the_upstream_are_counted_when_made_and_when_used_again() {
    let origin = Origin::answering(|_| list()).await;
    let proxy = Proxy::before(&origin).await;
    let mut client = Client::connect(proxy.address).await;
    for _ in 0..5 {
        client.send(request("GET", KEYS, "")).await;
        client.read("GET").await;
    }
    until(&proxy, "last4_upstream_connections_opened_total", 1.0).await;
    until(&proxy, "last4_upstream_connections_reused_total", 4.0).await;
    until(&proxy, "last4_connections_accepted_total", 1.0).await;
}

/// The operator's listener of a proxy.
async fn admin(proxy: &Proxy, origin: SocketAddr) -> SocketAddr {
    let listener = TcpListener::bind("127.0.0.1:0").unwrap();
    let address = listener.local_addr().unwrap();
    let status = Status::of(Snapshot::new(settings(origin), MaskLayer::new(RouteSet::compile(Vec::new()).unwrap())));
    tokio::spawn(serve_admin(
        listener,
        vec!["api.example".to_owned()],
        status,
        Arc::clone(&proxy.metrics),
        std::future::pending(),
    ));
    address
}

#[tokio::test]
async fn the_operators_listener_shows_the_page_and_nothing_a_client_chose() {
    let origin = Origin::answering(|_| list()).await;
    let proxy = Proxy::before(&origin).await;
    let operator = admin(&proxy, origin.address).await;
    ask(proxy.address, request("GET", &format!("/{SECRET}?{SECRET}"), &format!("X-A: {SECRET}\r\n"))).await;
    ask(proxy.address, request("SECRETLY", KEYS, "")).await;
    until(&proxy, &requests("app-keys", "masked", "2xx"), 1.0).await;
    let page = get(operator, "/metrics").await;
    assert_eq!(page.status, 200);
    assert_eq!(page.header("content-type"), Some("text/plain; version=0.0.4; charset=utf-8"));
    assert!(!page.text().contains("app-Z") && !page.text().contains("SECRETLY"), "{}", page.text());
    assert_eq!(samples(&page.text())[&requests("-", "passed", "2xx")], 1.0);
    assert_eq!(ask(operator, request("POST", "/metrics", "Content-Length: 0\r\n")).await.status, 405);
}

#[tokio::test]
async fn readiness_says_what_is_wrong_and_asks_the_upstream_once_a_second() {
    let origin = Origin::answering(|_| list()).await;
    let proxy = Proxy::before(&origin).await;
    let operator = admin(&proxy, origin.address).await;
    assert_eq!(get(operator, "/readyz").await.status, 200);
    let gone = origin.address;
    drop(origin);
    assert_eq!(get(operator, "/readyz").await.status, 200, "the answer holds for a second");
    tokio::time::sleep(Duration::from_millis(1_100)).await;
    let unready = get(operator, "/readyz").await;
    assert_eq!(unready.status, 503);
    assert!(unready.text().contains(&format!("{gone} cannot be reached: ")), "{}", unready.text());
    assert_eq!(get(operator, "/livez").await.status, 200);
}

#[tokio::test]
async fn a_route_that_answers_without_a_selected_field_raises_an_alarm() {
    let origin = Origin::answering(|seen| match seen.header("x-renamed") {
        Some(_) => json(format!("[{{\"key\":\"{SECRET}\"}}]")),
        None => list(),
    })
    .await;
    let proxy = Proxy::before(&origin).await;
    let mut client = Client::connect(proxy.address).await;
    let alarm = "last4_route_alarm{route=\"app-keys\",alarm=\"nothing-selected\"}";
    let mut ask_often = async |headers: &str| {
        for _ in 0..50 {
            client.send(request("GET", KEYS, headers)).await;
            client.read("GET").await;
        }
    };
    ask_often("").await;
    until(&proxy, alarm, 0.0).await;
    ask_often("X-Renamed: 1\r\n").await;
    until(&proxy, alarm, 1.0).await;
}
