//! SIGTERM: nothing that is in flight is lost.

use super::{Serving, api, last4, list};
use std::io::{Read, Write};
use std::net::{SocketAddr, TcpListener, TcpStream};
use std::thread;
use std::time::{Duration, Instant};

#[test]
fn told_to_stop_it_finishes_what_is_in_flight_and_takes_nothing_new() {
    let api = api(list("{}"), Duration::from_millis(600));
    let serving = Serving::before(api, &mut last4(&["serve", "--preset", "dify"]));
    thread::scope(|scope| {
        let in_flight = scope.spawn(|| serving.get("/slow"));
        thread::sleep(Duration::from_millis(200));
        serving.signal("TERM");
        thread::sleep(Duration::from_millis(200));
        assert!(TcpStream::connect(serving.address).is_err());
        assert!(in_flight.join().unwrap().ends_with("{}"));
    });
    assert_eq!(serving.end().0, Some(0));
}

#[test]
fn told_to_stop_twice_it_ends_at_once() {
    let api = api(list("{}"), Duration::from_secs(600));
    let serving = Serving::before(api, &mut last4(&["serve", "--preset", "dify"]));
    let mut stream = TcpStream::connect(serving.address).unwrap();
    stream.write_all(b"GET /slow HTTP/1.1\r\nHost: a\r\n\r\n").unwrap();
    thread::sleep(Duration::from_millis(200));
    serving.signal("INT");
    thread::sleep(Duration::from_millis(200));
    serving.signal("INT");
    assert_eq!(serving.end().0, Some(0));
}

/// A connection that is kept, on which requests are sent and answers read one by one.
struct Kept(TcpStream);

impl Kept {
    fn to(address: SocketAddr) -> Self {
        let stream = TcpStream::connect(address).unwrap();
        stream.set_read_timeout(Some(Duration::from_secs(20))).unwrap();
        Self(stream)
    }

    /// An answer of `{}`, head and body; empty where the connection ended.
    fn get(&mut self, target: &str) -> String {
        let _ = write!(self.0, "GET {target} HTTP/1.1\r\nHost: a\r\n\r\n");
        self.read()
    }

    fn read(&mut self) -> String {
        let (mut answer, mut byte) = (Vec::new(), [0]);
        while !answer.ends_with(b"\r\n\r\n{}") && self.0.read(&mut byte).is_ok_and(|length| length == 1) {
            answer.extend(byte);
        }
        String::from_utf8(answer).unwrap()
    }
}

#[test]
fn a_request_that_comes_just_after_the_signal_is_answered_and_told_to_go() {
    let api = api(list("{}"), Duration::ZERO);
    let mut serving = Serving::before(api, &mut last4(&["serve", "--preset", "dify"]));
    let (mut busy, mut silent, mut new) =
        (Kept::to(serving.address), Kept::to(serving.address), Kept::to(serving.address));
    assert!(!busy.get("/x").contains("close") && !silent.get("/x").contains("close"));
    serving.signal("TERM");
    serving.log_until("new connections are refused");
    thread::sleep(Duration::from_millis(100));
    for kept in [&mut busy, &mut new] {
        let answer = kept.get("/y");
        assert!(answer.starts_with("HTTP/1.1 200") && answer.to_lowercase().contains("connection: close"), "{answer}");
        assert_eq!(kept.read(), "", "closed");
    }
    let begun = Instant::now();
    assert_eq!(silent.read(), "");
    assert!(begun.elapsed() < Duration::from_secs(5), "a client that says nothing does not hold it up");
    assert_eq!(serving.end().0, Some(0));
}

fn status(address: SocketAddr, path: &str) -> String {
    let mut stream = TcpStream::connect(address).unwrap();
    write!(stream, "GET {path} HTTP/1.1\r\nHost: a\r\n\r\n").unwrap();
    let mut answer = String::new();
    stream.read_to_string(&mut answer).unwrap();
    answer.split(' ').nth(1).unwrap().to_owned()
}

#[test]
fn it_is_not_ready_but_serves_while_others_settle() {
    let api = api(list("{}"), Duration::ZERO);
    let admin = TcpListener::bind("127.0.0.1:0").unwrap().local_addr().unwrap();
    let mut command = last4(&["serve", "--preset", "dify"]);
    command.env("LAST4_ADMIN__LISTEN", admin.to_string()).env("LAST4_LIMITS__SETTLE_SECS", "1");
    let mut serving = Serving::before(api, &mut command);
    assert_eq!(status(admin, "/readyz"), "200");
    serving.signal("TERM");
    serving.log_until("requests are still served");
    assert_eq!((status(admin, "/readyz").as_str(), status(admin, "/livez").as_str()), ("503", "200"));
    assert!(serving.get("/x").ends_with("{}"), "new connections are served");
    serving.log_until("new connections are refused");
    assert_eq!(serving.end().0, Some(0));
}

#[test]
fn what_is_not_done_in_time_is_cut_and_looks_cut() {
    // The rest of this list never comes.
    let begun = format!("HTTP/1.1 200 OK\r\nContent-Length: 900000\r\n\r\n[{}", "{\"a\":1},".repeat(20_000));
    let listener = TcpListener::bind("127.0.0.1:0").unwrap();
    let api = listener.local_addr().unwrap();
    thread::spawn(move || {
        let streams: Vec<_> = listener
            .incoming()
            .map(|stream| {
                let mut stream = stream.unwrap();
                let _ = stream.read(&mut [0; 4096]);
                let _ = stream.write_all(begun.as_bytes());
                stream
            })
            .collect();
        drop(streams);
    });
    let mut command = last4(&["serve", "--preset", "dify"]);
    let serving = Serving::before(api, command.env("LAST4_LIMITS__DRAIN_SECS", "1"));
    let ask = |version: &str| {
        let mut stream = TcpStream::connect(serving.address).unwrap();
        write!(stream, "GET {} HTTP/{version}\r\nHost: a\r\n\r\n", super::KEYS).unwrap();
        stream
    };
    let (mut chunked, mut to_the_end) = (ask("1.1"), ask("1.0"));
    thread::sleep(Duration::from_millis(300));
    serving.signal("TERM");
    let mut answer = Vec::new();
    chunked.read_to_end(&mut answer).unwrap();
    assert!(answer.starts_with(b"HTTP/1.1 200") && answer.len() > 100_000 && !answer.ends_with(b"0\r\n\r\n"));
    assert!(to_the_end.read_to_end(&mut Vec::new()).is_err(), "an end would look like the end of the list");
    let (code, log) = serving.end();
    assert!(code == Some(0) && log.contains("aborting connections"), "{log}");
}

#[test]
fn a_tunnel_is_waited_for_until_the_deadline() {
    let listener = TcpListener::bind("127.0.0.1:0").unwrap();
    let api = listener.local_addr().unwrap();
    thread::spawn(move || {
        let (mut stream, _) = listener.accept().unwrap();
        let mut bytes = [0; 4096];
        let _ = stream.read(&mut bytes);
        stream
            .write_all(b"HTTP/1.1 101 Switching Protocols\r\nConnection: Upgrade\r\nUpgrade: websocket\r\n\r\n")
            .unwrap();
        while let Ok(length @ 1..) = stream.read(&mut bytes) {
            stream.write_all(&bytes[..length]).unwrap();
        }
    });
    let mut command = last4(&["serve", "--preset", "dify"]);
    let serving = Serving::before(api, command.env("LAST4_LIMITS__DRAIN_SECS", "3"));
    let mut stream = TcpStream::connect(serving.address).unwrap();
    stream.write_all(b"GET /ws HTTP/1.1\r\nHost: a\r\nConnection: Upgrade\r\nUpgrade: websocket\r\n\r\n").unwrap();
    let mut bytes = [0; 4096];
    assert!(stream.read(&mut bytes).unwrap() > 0);
    let begun = Instant::now();
    serving.signal("TERM");
    thread::sleep(Duration::from_millis(1500));
    stream.write_all(b"ping").unwrap();
    assert_eq!(stream.read(&mut bytes).unwrap(), 4);
    assert!(stream.read(&mut bytes).is_ok_and(|length| length == 0) && begun.elapsed() > Duration::from_millis(2900));
    assert_eq!(serving.end().0, Some(0));
}
