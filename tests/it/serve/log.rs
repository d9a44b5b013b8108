//! The log never stops the proxy, and no client fills it.

use super::{KEYS, Serving, api, last4, list};
use std::io::{BufRead, BufReader, Read, Write};
use std::net::{SocketAddr, TcpListener, TcpStream};
use std::thread;
use std::time::{Duration, Instant};

/// The longest line that a client can cause: what one write to a pipe leaves together.
const MAX_LINE: usize = 4096;

/// What the operator's listener answers to a request for this path.
pub(crate) fn operator(address: SocketAddr, path: &str) -> String {
    let mut stream = TcpStream::connect(address).unwrap();
    stream.set_read_timeout(Some(Duration::from_secs(20))).unwrap();
    write!(stream, "GET {path} HTTP/1.1\r\nHost: localhost\r\n\r\n").unwrap();
    let mut answer = String::new();
    stream.read_to_string(&mut answer).unwrap();
    answer
}

fn free_address() -> SocketAddr {
    TcpListener::bind("127.0.0.1:0").unwrap().local_addr().unwrap()
}

/// Sends so many requests that are refused, each with lines of about 800 bytes, and reads every answer.
fn make_lines(address: SocketAddr, requests: usize) {
    let mut stream = TcpStream::connect(address).unwrap();
    stream.set_read_timeout(Some(Duration::from_secs(20))).unwrap();
    let mut answers = BufReader::new(stream.try_clone().unwrap());
    let request = format!("GET /{}%00 HTTP/1.1\r\nHost: a\r\n\r\n", "x".repeat(300));
    for _ in 0..requests {
        stream.write_all(request.as_bytes()).unwrap();
        let (mut length, mut line) = (0, String::new());
        while line != "\r\n" {
            line.clear();
            assert_ne!(answers.read_line(&mut line).unwrap(), 0, "the connection was closed");
            if let Some(value) = line.to_ascii_lowercase().strip_prefix("content-length: ") {
                length = value.trim().parse().unwrap();
            }
        }
        answers.read_exact(&mut vec![0; length]).unwrap();
    }
}

#[test]
fn a_log_that_nobody_reads_stops_neither_the_requests_nor_the_end() {
    let (api, admin) = (api(list("{}"), Duration::ZERO), free_address());
    for signals in [1, 2] {
        let mut command = last4(&["serve", "--preset", "dify"]);
        let command = command.env("LAST4_ADMIN__LISTEN", admin.to_string()).env("LAST4_LOG__PATHS", "true");
        let mut serving = Serving::before(api, command.env("LAST4_LIMITS__DRAIN_SECS", "8"));
        // More than a pipe and the queue hold.
        make_lines(serving.address, 10_000);
        assert!(serving.get("/x").ends_with("{}"));
        assert!(operator(admin, "/livez").ends_with("ok\n"));
        let page = operator(admin, "/metrics");
        let dropped = page.lines().find_map(|line| line.strip_prefix("last4_log_lines_dropped_total ")).unwrap();
        assert!(dropped.parse::<u64>().unwrap() > 1000, "{dropped}");
        // A request that never ends: the first signal waits for it as long as `drain_secs`, a second one not at all.
        let mut in_flight = TcpStream::connect(serving.address).unwrap();
        in_flight.write_all(b"POST /x HTTP/1.1\r\nHost: a\r\nContent-Length: 9\r\n\r\n").unwrap();
        thread::sleep(Duration::from_millis(200));
        let told = Instant::now();
        for _ in 0..signals {
            serving.signal("TERM");
            thread::sleep(Duration::from_millis(300));
        }
        let limit = Duration::from_secs(if signals == 1 { 11 } else { 6 });
        while serving.process.try_wait().unwrap().is_none() {
            assert!(told.elapsed() < limit, "it did not end");
            thread::sleep(Duration::from_millis(20));
        }
        assert_eq!(serving.process.try_wait().unwrap().unwrap().code(), Some(0));
    }
}

#[test]
fn a_log_that_is_read_again_says_how_many_lines_are_missing_where_they_are() {
    let api = api(list("{}"), Duration::ZERO);
    let mut serving = Serving::before(api, last4(&["serve", "--preset", "dify"]).env("LAST4_LOG__PATHS", "true"));
    make_lines(serving.address, 10_000);
    serving.log_until("lines were dropped");
    assert!(serving.get("/x").ends_with("{}"));
    serving.log_until("\"decision\":\"passed\"");
    serving.signal("TERM");
    let (code, log) = serving.end();
    assert_eq!(code, Some(0));
    // Every line is whole, up to the last one.
    for line in log.lines() {
        serde_json::from_str::<serde_json::Value>(line).unwrap();
    }
    assert!(log.lines().last().unwrap().contains("stopping"), "{log}");
}

#[test]
#[cfg(target_os = "linux")]
fn a_log_that_cannot_be_written_stops_nothing_and_is_counted() {
    let (api, address, admin) = (api(list("{}"), Duration::ZERO), free_address(), free_address());
    let mut command = last4(&["serve", "--preset", "dify", "--listen", &address.to_string()]);
    command.env("LAST4_UPSTREAM__URL", format!("http://{api}")).env("LAST4_ADMIN__LISTEN", admin.to_string());
    let full = std::fs::OpenOptions::new().write(true).open("/dev/full").unwrap();
    let mut process = command.stderr(full).spawn().unwrap();
    let begun = Instant::now();
    while TcpStream::connect(address).is_err() {
        assert!(begun.elapsed() < Duration::from_secs(20), "it never listened");
        thread::sleep(Duration::from_millis(20));
    }
    assert!(ask(address, "GET /x HTTP/1.1\r\nHost: a\r\nConnection: close\r\n\r\n").unwrap() > 0);
    let page = operator(admin, "/metrics");
    let sent = std::process::Command::new("kill").args(["-TERM", &process.id().to_string()]).status().unwrap();
    assert!(sent.success());
    assert_eq!(process.wait().unwrap().code(), Some(0));
    assert!(!page.contains("last4_log_lines_dropped_total 0\n"), "{page}");
}

#[test]
fn no_line_is_longer_than_one_write_whatever_a_client_or_an_upstream_sends() {
    let long = |character: &str| character.repeat(60_000 / character.len());
    let mut answers = vec![list("{}"), list("<html>"), format!("HTTP/1.1 200 {}\r\n\r\n", long("r"))];
    answers.extend([
        format!("HTTP/1.1 {}\r\n\r\n", long("9")),
        format!("HTTP/1.1 200 OK\r\nX-A: {}\u{1}\r\n\r\n", long("v")),
    ]);
    answers.extend([
        format!("{}\r\n\r\n", long("x")),
        "HTTP/1.1 101 S\r\nConnection: upgrade\r\nUpgrade: x\r\n\r\n".into(),
    ]);
    let requests = [
        format!("{} {KEYS} HTTP/1.1\r\nHost: a\r\n", long("M")),
        format!("{} /x HTTP/1.1\r\nHost: a\r\n", long("M")),
        format!("{} /%00 HTTP/1.1\r\nHost: a\r\n", long("M")),
        format!("GET /{} HTTP/1.1\r\nHost: a\r\n", long("\"")),
        format!("GET /{}%00 HTTP/1.1\r\nHost: a\r\n", long("\\")),
        format!("GET /{}/../{KEYS} HTTP/1.1\r\nHost: a\r\n", long("p")),
        format!("GET {KEYS} HTTP/1.1\r\nHost: {}\r\n", long("h")),
        format!("GET http://{}/ HTTP/1.1\r\nHost: a\r\n", long("h")),
        format!("CONNECT {}:1 HTTP/1.1\r\nHost: a\r\n", long("h")),
        format!("GET /x HTTP/1.1\r\nHost: a\r\n{}: 1\r\n", long("n")),
        format!("GET /x HTTP/1.1\r\nHost: a\r\nConnection: upgrade\r\nUpgrade: {}\r\n", long("u")),
        format!("GET /x HTTP/1.1\r\nHost: a\r\nX-Forwarded-For: {}\r\n", long("f")),
        format!("GET {KEYS} HTTP/1.1\r\nHost: a\r\ntraceparent: 00-{}\r\n", long("f")),
        format!("{} HTTP/1.1\r\nHost: a\r\n", long("q")),
    ];
    for answer in &answers {
        let api = api(answer.clone(), Duration::ZERO);
        let serving = Serving::before(api, last4(&["serve", "--preset", "dify"]).env("LAST4_LOG__PATHS", "true"));
        for request in &requests {
            let _ = ask(serving.address, &format!("{request}Connection: close\r\n\r\n"));
        }
        serving.signal("TERM");
        let (_, log) = serving.end();
        let longest = log.lines().max_by_key(|line| line.len()).unwrap();
        assert!(longest.len() < MAX_LINE, "{} bytes: {longest}", longest.len());
    }
}

/// Sends a request that may be refused before it was read, and reads what answers.
fn ask(address: SocketAddr, request: &str) -> std::io::Result<usize> {
    let mut stream = TcpStream::connect(address)?;
    stream.set_read_timeout(Some(Duration::from_secs(20)))?;
    stream.write_all(request.as_bytes())?;
    stream.read_to_end(&mut Vec::new())
}
