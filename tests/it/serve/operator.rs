//! The operator's listener: where it is, whom it answers, and what it may cost.

use super::log::operator;
use super::{Serving, api, last4, list};
use std::io::{Read, Write};
use std::net::{SocketAddr, TcpStream};
use std::thread;
use std::time::{Duration, Instant};

impl Serving {
    /// A proxy before an API that always answers, with an operator's listener at a port of its own choice.
    fn with_operator(set: impl FnOnce(&mut std::process::Command)) -> (Self, SocketAddr) {
        let api = api(list("{}"), Duration::ZERO);
        let mut command = last4(&["serve", "--preset", "dify"]);
        command.env("LAST4_ADMIN__LISTEN", "127.0.0.1:0");
        set(&mut command);
        let mut serving = Self::before(api, &mut command);
        let said = serving.log_until("operator's listener");
        let line: serde_json::Value = serde_json::from_str(said.lines().last().unwrap()).unwrap();
        (serving, line["fields"]["address"].as_str().unwrap().parse().unwrap())
    }
}

/// The status of what answers to this.
fn status(address: SocketAddr, request: &str) -> String {
    let mut stream = TcpStream::connect(address).unwrap();
    stream.set_read_timeout(Some(Duration::from_secs(20))).unwrap();
    stream.write_all(request.as_bytes()).unwrap();
    let mut answer = String::new();
    stream.read_to_string(&mut answer).unwrap();
    answer.split(' ').nth(1).unwrap_or_default().to_owned()
}

#[test]
fn the_log_says_at_which_port_the_operators_listener_is() {
    let (_serving, address) = Serving::with_operator(|_| {});
    assert_ne!(address.port(), 0);
    assert!(operator(address, "/livez").ends_with("ok\n"));
}

#[test]
fn a_name_that_a_web_site_may_own_is_not_answered_on_any_page() {
    let (_serving, address) = Serving::with_operator(|command| {
        command.env("LAST4_ADMIN__HOSTS", "[metrics.example.com]");
    });
    let asked = |head: &str| status(address, &format!("{head}\r\n\r\n"));
    for page in ["/livez", "/readyz", "/metrics", "/other"] {
        let admitted = if page == "/other" { "404" } else { "200" };
        for host in ["127.0.0.1:9464", "localhost", "[::1]:1", "last4", "last4.shop.svc.cluster.local:9464"] {
            assert_eq!(asked(&format!("GET {page} HTTP/1.1\r\nHost: {host}")), admitted, "{page} {host}");
        }
        assert_eq!(asked(&format!("GET {page} HTTP/1.1\r\nHost: metrics.example.com")), admitted);
        for host in ["rebind.example", "127.0.0.1.nip.io:9464", "example.com@127.0.0.1"] {
            assert_eq!(asked(&format!("GET {page} HTTP/1.1\r\nHost: {host}")), "421", "{page} {host}");
        }
    }
    // By all that names a host.
    assert_eq!(asked("GET http://rebind.example/metrics HTTP/1.1\r\nHost: localhost"), "421");
    assert_eq!(asked("GET /metrics HTTP/1.1\r\nHost: localhost\r\nHost: rebind.example"), "421");
    // Old probes name none.
    assert_eq!(asked("GET /livez HTTP/1.0"), "200");
}

#[test]
fn the_default_address_may_be_taken_and_one_that_was_asked_for_may_not() {
    // Another last4's, or anybody's.
    let _taken = std::net::TcpListener::bind("127.0.0.1:9464");
    let api = api(list("{}"), Duration::ZERO);
    let mut serving = Serving::before(api, last4(&["serve", "--preset", "dify"]).env_remove("LAST4_ADMIN__LISTEN"));
    assert!(serving.start.contains("no operator's listener") && serving.start.contains("127.0.0.1:9464"));
    assert!(serving.get("/x").ends_with("{}"));
    serving.signal("TERM");
    serving.log_until("stopping");
    let upstream = format!("http://{api}");
    let mut asked_for = last4(&["serve", "--preset", "dify", "--upstream", &upstream, "--listen", "127.0.0.1:0"]);
    let output = asked_for.env("LAST4_ADMIN__LISTEN", "127.0.0.1:9464").output().unwrap();
    assert_eq!(output.status.code(), Some(64));
    assert!(String::from_utf8(output.stderr).unwrap().contains("LAST4_ADMIN__LISTEN"));
}

#[test]
#[cfg(target_os = "linux")]
fn a_hundred_clients_that_read_nothing_or_never_end_their_head_hold_little_and_keep_no_probe_out() {
    let folder = tempfile::tempdir().unwrap();
    let file = folder.path().join("last4.toml");
    let routes = (0..1000).map(|n| format!("[[route]]\nname = \"r{n}\"\npath = \"/r{n}\"\nfields = [\"token\"]\n"));
    std::fs::write(&file, routes.collect::<String>()).unwrap();
    let (serving, address) = Serving::with_operator(|command| {
        command.env("LAST4_WORKERS", "1").args(["--config", file.to_str().unwrap()]);
    });
    let resident = || {
        let status = std::fs::read_to_string(format!("/proc/{}/status", serving.process.id())).unwrap();
        let line = status.lines().find_map(|line| line.strip_prefix("VmRSS:")).unwrap();
        line.trim().trim_end_matches(" kB").parse::<u64>().unwrap() / 1024
    };
    assert!(operator(address, "/metrics").len() > 1 << 20);
    let before = resident();
    let clients = |request: String| -> Vec<TcpStream> {
        let connect = |_| {
            let mut stream = TcpStream::connect(address).unwrap();
            stream.set_write_timeout(Some(Duration::from_secs(5))).unwrap();
            let _ = stream.write_all(request.as_bytes());
            stream
        };
        (0..100).map(connect).collect()
    };
    let _reading_nothing = clients("GET /metrics HTTP/1.1\r\nHost: localhost\r\n\r\n".to_owned());
    let asked = Instant::now();
    assert!(operator(address, "/livez").ends_with("ok\n"));
    assert!(asked.elapsed() < Duration::from_secs(5));
    thread::sleep(Duration::from_millis(500));
    let held = resident().saturating_sub(before);
    assert!(held < 20, "they hold {held} MiB");
    let _never_ending = clients(format!("GET /livez HTTP/1.1\r\nHost: localhost\r\nX-A: {}", "a".repeat(300_000)));
    assert!(operator(address, "/livez").ends_with("ok\n"));
    let held = resident().saturating_sub(before);
    assert!(held < 20, "they hold {held} MiB");
}

#[test]
fn no_connection_of_the_operators_listener_lives_for_ever() {
    let (_serving, address) = Serving::with_operator(|_| {});
    // Nothing is asked for, or a page, or a head never ends.
    for request in
        ["", "GET /metrics HTTP/1.1\r\nHost: localhost\r\n\r\n", "GET /livez HTTP/1.1\r\nHost: localhost\r\nX-A: "]
    {
        let mut stream = TcpStream::connect(address).unwrap();
        stream.write_all(request.as_bytes()).unwrap();
        stream.set_read_timeout(Some(Duration::from_secs(20))).unwrap();
        thread::sleep(Duration::from_millis(100));
        // An end of the connection, in whatever way.
        let _ = stream
            .read_to_end(&mut Vec::new())
            .map_err(|error| assert_ne!(error.kind(), std::io::ErrorKind::WouldBlock));
    }
}
