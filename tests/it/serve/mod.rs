//! `serve` and `demo` as a user runs them: the process, its signals, its log, its exit status.

mod advice;
mod certificates;
mod log;
mod operator;
mod reload;
mod sockets;
mod stop;
mod take_over;
#[cfg(feature = "otlp")]
mod traces;

use std::io::{BufRead, BufReader, Read, Write};
use std::net::{SocketAddr, TcpListener, TcpStream};
use std::process::{Child, ChildStderr, Command, Stdio};
use std::thread;
use std::time::Duration;

const SECRET: &str = "app-8fK2mQ7vXz31LtPq0RbNcY5d";
const KEYS: &str = "/console/api/apps/7/api-keys";

fn last4(arguments: &[&str]) -> Command {
    let mut command = Command::new(env!("CARGO_BIN_EXE_last4"));
    command.args(arguments).env("LAST4_ADMIN__LISTEN", "").env("LAST4_LOG__LEVEL", "trace");
    command
}

/// A running `serve`, ended when dropped.
struct Serving {
    process: Child,
    log: BufReader<ChildStderr>,
    address: SocketAddr,
    /// What was logged until it listened.
    start: String,
}

impl Serving {
    fn before(upstream: SocketAddr, command: &mut Command) -> Self {
        Self::start(command.env("LAST4_UPSTREAM__URL", format!("http://{upstream}")).env("LAST4_LISTEN", "127.0.0.1:0"))
    }

    /// What the sources of the command say.
    fn start(command: &mut Command) -> Self {
        let mut process = command.env("LAST4_LOG__FORMAT", "json").stderr(Stdio::piped()).spawn().unwrap();
        let log = BufReader::new(process.stderr.take().unwrap());
        // A listener at a path has no port.
        let mut serving = Self { process, log, address: SocketAddr::from(([0, 0, 0, 0], 0)), start: String::new() };
        // A process that takes a port over may answer requests before it logs `listening`.
        let address = loop {
            let mut line = String::new();
            assert_ne!(serving.log.read_line(&mut line).unwrap(), 0, "it never listened: {}", serving.start);
            serving.start.push_str(&line);
            let line: serde_json::Value = serde_json::from_str(&line).unwrap_or_else(|_| panic!("{}", serving.start));
            if let Some(address) = line["fields"]["address"].as_str() {
                break address.to_owned();
            }
        };
        if !address.starts_with("unix:") {
            serving.address = address.parse().unwrap();
        }
        serving
    }

    fn get(&self, target: &str) -> String {
        let mut stream = TcpStream::connect(self.address).unwrap();
        stream.set_read_timeout(Some(Duration::from_secs(20))).unwrap();
        write!(stream, "GET {target} HTTP/1.1\r\nHost: a\r\nAuthorization: Bearer {SECRET}\r\nCookie: s={SECRET}\r\nConnection: close\r\n\r\n")
            .unwrap();
        let mut answer = String::new();
        stream.read_to_string(&mut answer).unwrap();
        answer
    }

    /// What answers to `request`, which is to close the connection.
    fn ask(&self, request: &str) -> String {
        let mut stream = TcpStream::connect(self.address).unwrap();
        stream.set_read_timeout(Some(Duration::from_secs(20))).unwrap();
        stream.write_all(request.as_bytes()).unwrap();
        let mut answer = String::new();
        stream.read_to_string(&mut answer).unwrap();
        answer
    }

    fn signal(&self, name: &str) {
        let sent = Command::new("kill").args([&format!("-{name}"), &self.process.id().to_string()]).status().unwrap();
        assert!(sent.success());
    }

    /// Reads the log up to a line with this text, and returns the lines since the last call.
    fn log_until(&mut self, says: &str) -> String {
        let mut read = String::new();
        while !read.lines().last().is_some_and(|line| line.contains(says)) {
            assert_ne!(self.log.read_line(&mut read).unwrap(), 0, "the log ended before {says:?}: {read}");
        }
        self.start.push_str(&read);
        read
    }

    /// Waits for the end; gives the exit code and the rest of the log.
    fn end(mut self) -> (Option<i32>, String) {
        let mut log = std::mem::take(&mut self.start);
        self.log.read_to_string(&mut log).unwrap();
        assert!(!log.contains(SECRET), "{log}");
        (self.process.wait().unwrap().code(), log)
    }
}

impl Drop for Serving {
    fn drop(&mut self) {
        let _ = self.process.kill();
        let _ = self.process.wait();
    }
}

/// An API that gives one answer after `delay` to every request, and then closes.
fn api(answer: String, delay: Duration) -> SocketAddr {
    let listener = TcpListener::bind("127.0.0.1:0").unwrap();
    let address = listener.local_addr().unwrap();
    thread::spawn(move || {
        for stream in listener.incoming() {
            let (mut stream, answer) = (stream.unwrap(), answer.clone());
            thread::spawn(move || {
                let mut lines = BufReader::new(stream.try_clone().unwrap()).lines();
                while lines.next().is_some_and(|line| line.is_ok_and(|line| !line.is_empty())) {}
                thread::sleep(delay);
                stream.write_all(answer.as_bytes()).unwrap();
            });
        }
    });
    address
}

/// The fields of the access lines in a log.
fn access_lines(log: &str) -> Vec<serde_json::Value> {
    let lines = log.lines().map(|line| serde_json::from_str::<serde_json::Value>(line).unwrap());
    let fields = lines.map(|mut line| line["fields"].take());
    fields.filter(|fields| fields["message"] == "request").collect()
}

fn list(body: &str) -> String {
    format!("HTTP/1.1 200 OK\r\nConnection: close\r\nContent-Length: {}\r\n\r\n{body}", body.len())
}

#[test]
fn the_preset_needs_no_file_and_says_what_it_masks() {
    let api = api(list(&format!("[{{\"token\":\"{SECRET}\"}}]")), Duration::ZERO);
    let serving = Serving::before(api, &mut last4(&["serve", "--preset", "dify"]));
    assert!(serving.get(KEYS).ends_with("[{\"token\":\"app-8...cY5d\"}]"));
    assert!(serving.get("/other").contains(SECRET));
    serving.signal("TERM");
    let (code, log) = serving.end();
    assert_eq!(code, Some(0), "{log}");
    assert!(log.contains(&api.to_string()) && log.contains("/console/api/datasets/api-keys"), "{log}");
}

#[test]
fn the_compose_file_configures_it() {
    let compose = include_str!("../../../examples/compose/compose.yaml");
    let value = |name: &str| {
        let line = compose.lines().find_map(|line| line.trim().strip_prefix(&format!("{name}: "))).unwrap();
        line.trim_matches('"').to_owned()
    };
    assert_eq!(value("LAST4_UPSTREAM__URL"), "http://127.0.0.1:5001");
    assert!(compose.contains("\"--listen\", \"127.0.0.1:5001\"]"), "the API is on loopback");
    assert_eq!(compose.matches("ports:").count(), 1, "for last4 alone");
    let api = api(list(&format!("[{{\"token\":\"{SECRET}\"}}]")), Duration::ZERO);
    let serving = Serving::before(api, last4(&["serve"]).env("LAST4_PRESETS", value("LAST4_PRESETS")));
    assert!(serving.get(KEYS).ends_with("[{\"token\":\"app-8...cY5d\"}]"));
}

#[test]
fn no_secret_is_logged_at_any_level() {
    let bodies = [
        format!("[{{\"token\":\"{SECRET}\"}}]"),
        format!("<html>{SECRET}"),
        format!("{{\"{SECRET}\":1,}}"),
        SECRET.to_owned(),
    ];
    for body in bodies {
        let api = api(list(&body), Duration::ZERO);
        let serving = Serving::before(api, &mut last4(&["serve", "--preset", "dify"]));
        serving.get(KEYS);
        serving.get(&format!("{KEYS}?token={SECRET}"));
        serving.get(&format!("/a%00{SECRET}"));
        serving.signal("TERM");
        let (_, log) = serving.end();
        assert!(log.contains("listening") && !log.contains(SECRET), "{body}: {log}");
    }
}

#[test]
fn an_address_that_is_taken_is_one_line_and_bad_input() {
    let taken = TcpListener::bind("127.0.0.1:0").unwrap();
    let address = taken.local_addr().unwrap().to_string();
    for arguments in [
        &["serve", "--preset", "dify", "--upstream", "http://127.0.0.1:9", "--listen", &address][..],
        &["demo", "--once", "--listen", &address],
    ] {
        let output = last4(arguments).output().unwrap();
        let message = String::from_utf8(output.stderr).unwrap();
        assert_eq!(output.status.code(), Some(64), "{message}");
        assert!(
            message.lines().count() == 1 && message.contains(&address) && message.contains("--listen"),
            "{message}"
        );
    }
}

#[test]
fn a_second_one_on_the_same_address_is_refused_instead_of_sharing_its_requests() {
    let api = api(list("{}"), Duration::ZERO);
    let serving = Serving::before(api, &mut last4(&["serve", "--preset", "dify"]));
    let (address, upstream) = (serving.address.to_string(), format!("http://{api}"));
    let second = last4(&["serve", "--preset", "dify", "--upstream", &upstream, "--listen", &address]).output().unwrap();
    assert_eq!(second.status.code(), Some(64));
    assert!(serving.get("/x").ends_with("{}"));
}

#[test]
fn an_answer_that_is_cut_is_logged_with_its_route_and_reason() {
    let body = format!("[{}", format!("{{\"token\":\"{SECRET}\"}},").repeat(5_000));
    let api = api(list(&body), Duration::ZERO);
    let serving = Serving::before(api, &mut last4(&["serve", "--preset", "dify"]));
    assert!(!serving.get(KEYS).contains(SECRET));
    serving.signal("TERM");
    let (_, log) = serving.end();
    let line = log.lines().find(|line| line.contains("answer cut")).unwrap();
    assert!(line.contains("app-keys") && line.contains("not-json") && !log.contains(SECRET), "{log}");
}

#[test]
fn the_demo_shows_a_list_before_and_after_and_a_create() {
    let output = last4(&["demo", "--once"]).output().unwrap();
    let text = String::from_utf8(output.stdout).unwrap();
    assert_eq!(output.status.code(), Some(0), "{text}");
    for part in
        ["The list, from the legacy API", "The same list, through last4", "201\n{", "The secrets stayed hidden", "..."]
    {
        assert!(text.contains(part), "{part}: {text}");
    }
}

#[test]
fn each_request_has_one_line_that_says_what_was_done_and_nothing_a_client_wants_kept() {
    let api = api(list(&format!("[{{\"token\":\"{SECRET}\"}}]")), Duration::ZERO);
    let serving = Serving::before(api, &mut last4(&["serve", "--preset", "dify"]));
    let trace = "4bf92f3577b34da6a3ce929d0e0e4736";
    serving.ask(&format!(
        "GET {KEYS}?k={SECRET} HTTP/1.1\r\nHost: a\r\nX-A: {SECRET}\r\ntraceparent: 00-{trace}-00f067aa0ba902b7-01\r\n\
         Connection: close\r\n\r\n"
    ));
    serving.ask(&format!("GET /{SECRET} HTTP/1.1\r\nHost: a\r\ntraceparent: {SECRET}\r\nConnection: close\r\n\r\n"));
    serving.ask("GET /%00 HTTP/1.1\r\nHost: a\r\nConnection: close\r\n\r\n");
    serving.signal("TERM");
    let (_, log) = serving.end();
    let lines = access_lines(&log);
    let [masked, passed, refused] = &*lines else { panic!("{log}") };
    for (field, value) in [
        ("method", "GET"),
        ("route", "app-keys"),
        ("path", "/console/api/apps/{app_id}/api-keys"),
        ("decision", "masked"),
        ("client", "127.0.0.1"),
        ("version", "1.1"),
        ("trace_id", trace),
    ] {
        assert_eq!(masked[field], value, "{masked}");
    }
    assert_eq!((&masked["status"], &masked["masked"], &masked["bytes"]), (&200.into(), &1.into(), &26.into()));
    assert!(masked["duration_secs"].as_f64() >= masked["upstream_secs"].as_f64(), "{masked}");
    assert_eq!((&passed["route"], &passed["decision"]), (&"-".into(), &"passed".into()));
    for field in ["path", "trace_id", "reason", "cut"] {
        assert!(passed.get(field).is_none(), "{passed}");
    }
    assert_eq!((&refused["reason"], &refused["status"]), (&"ambiguous-path".into(), &400.into()));
}

#[test]
fn the_access_log_says_paths_when_told_to_and_nothing_when_switched_off() {
    let api = api(list("{}"), Duration::ZERO);
    let line = |key: &str, value: &str| {
        let serving = Serving::before(api, last4(&["serve", "--preset", "dify"]).env(key, value));
        serving.get("/over/there?there=1");
        serving.signal("TERM");
        access_lines(&serving.end().1).pop()
    };
    assert_eq!(line("LAST4_LOG__PATHS", "true").unwrap()["path"], "/over/there");
    assert_eq!(line("LAST4_LOG__ACCESS", "false"), None);
}

#[test]
fn observe_mode_is_warned_of_for_each_route_and_counted_in_the_access_line() {
    let api = api(list("[{\"token\":\"app-0000000000000000\"}]"), Duration::ZERO);
    let serving = Serving::before(api, last4(&["serve", "--preset", "dify"]).env("LAST4_MODE", "observe"));
    assert!(serving.get(KEYS).contains("app-0000000000000000"));
    serving.signal("TERM");
    let (_, log) = serving.end();
    let warned = log.lines().filter(|line| line.contains("WARN") && line.contains("every secret passes"));
    assert_eq!(warned.count(), 3, "{log}");
    let lines = access_lines(&log);
    assert_eq!((&lines[0]["decision"], &lines[0]["would_mask"]), (&"observed".into(), &1.into()));
    assert_eq!(lines[0]["masked"], 0);
}
