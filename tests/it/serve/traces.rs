//! Spans, as a collector gets them.

use super::{KEYS, SECRET, Serving, api, last4, list};
use std::collections::BTreeMap;
use std::io::{BufRead, BufReader, Read, Write};
use std::net::{SocketAddr, TcpListener, TcpStream};
use std::process::Command;
use std::sync::mpsc::{Receiver, channel};
use std::thread;
use std::time::Duration;

const TRACE: &str = "4bf92f3577b34da6a3ce929d0e0e4736";
const PARENT: &str = "00f067aa0ba902b7";

/// What a collector was sent: the request line, and the message.
type Sent = (String, Vec<u8>);

/// A collector that answers with this status.
fn collector(status: &'static str) -> (SocketAddr, Receiver<Sent>) {
    let listener = TcpListener::bind("127.0.0.1:0").unwrap();
    let address = listener.local_addr().unwrap();
    let (sender, receiver) = channel();
    thread::spawn(move || {
        for stream in listener.incoming() {
            let mut stream = BufReader::new(stream.unwrap());
            let mut head = Vec::new();
            for line in stream.by_ref().lines() {
                match line.unwrap() {
                    line if line.is_empty() => break,
                    line => head.push(line.to_lowercase()),
                }
            }
            assert!(head.contains(&"content-type: application/x-protobuf".to_owned()), "{head:?}");
            let length = head.iter().find_map(|line| line.strip_prefix("content-length: ")).unwrap();
            let mut body = vec![0; length.parse().unwrap()];
            stream.read_exact(&mut body).unwrap();
            let answer = format!("HTTP/1.1 {status}\r\nContent-Length: 0\r\n\r\n");
            stream.get_mut().write_all(answer.as_bytes()).unwrap();
            if sender.send((head.remove(0), body)).is_err() {
                return;
            }
        }
    });
    (address, receiver)
}

/// A protobuf message: the values of each field, as bytes or as a number.
#[derive(Debug, Default)]
struct Message {
    bytes: BTreeMap<u64, Vec<Vec<u8>>>,
    numbers: BTreeMap<u64, u64>,
}

impl Message {
    fn read(mut rest: &[u8]) -> Self {
        let mut message = Self::default();
        while !rest.is_empty() {
            let key = varint(&mut rest);
            let field = key >> 3;
            let number = match key & 7 {
                0 => varint(&mut rest),
                1 => u64::from_le_bytes(take(&mut rest, 8).try_into().unwrap()),
                5 => u64::from(u32::from_le_bytes(take(&mut rest, 4).try_into().unwrap())),
                2 => {
                    let length = varint(&mut rest);
                    let bytes = take(&mut rest, usize::try_from(length).unwrap()).to_vec();
                    message.bytes.entry(field).or_default().push(bytes);
                    continue;
                }
                other => panic!("no such type: {other}"),
            };
            message.numbers.insert(field, number);
        }
        message
    }

    fn messages(&self, field: u64) -> Vec<Self> {
        self.bytes.get(&field).map(|all| all.iter().map(|bytes| Self::read(bytes)).collect()).unwrap_or_default()
    }

    fn text(&self, field: u64) -> String {
        self.bytes.get(&field).map(|all| String::from_utf8(all[0].clone()).unwrap()).unwrap_or_default()
    }

    fn hex(&self, field: u64) -> String {
        let bytes = self.bytes.get(&field).map(|all| all[0].clone()).unwrap_or_default();
        bytes.iter().map(|byte| format!("{byte:02x}")).collect()
    }

    /// A list of keys and values.
    fn attributes(&self, field: u64) -> BTreeMap<String, String> {
        let pairs = self.messages(field);
        pairs.iter().map(|pair| (pair.text(1), value(&pair.messages(2)[0]))).collect()
    }
}

fn value(any: &Message) -> String {
    match (any.bytes.get(&1), any.numbers.get(&2), any.numbers.get(&3), any.numbers.get(&4)) {
        (Some(_), ..) => any.text(1),
        (_, Some(yes), ..) => (*yes == 1).to_string(),
        (_, _, Some(number), _) => number.to_string(),
        (_, _, _, Some(bits)) => f64::from_bits(*bits).to_string(),
        _ => panic!("no value: {any:?}"),
    }
}

fn take<'a>(rest: &mut &'a [u8], length: usize) -> &'a [u8] {
    let (taken, left) = rest.split_at(length);
    *rest = left;
    taken
}

fn varint(rest: &mut &[u8]) -> u64 {
    let mut number = 0;
    for place in 0.. {
        let byte = take(rest, 1)[0];
        number |= u64::from(byte & 0x7f) << (7 * place);
        if byte < 0x80 {
            break;
        }
    }
    number
}

/// The attributes of the resource, and the spans.
fn read(message: &[u8]) -> (BTreeMap<String, String>, Vec<Message>) {
    let resources = Message::read(message).messages(1);
    let [one] = &*resources else { panic!("one resource, not {}", resources.len()) };
    let scopes = one.messages(2);
    (one.messages(1)[0].attributes(1), scopes.iter().flat_map(|scope| scope.messages(2)).collect())
}

fn serve(collector: SocketAddr) -> Command {
    let mut command = last4(&["serve", "--preset", "dify"]);
    command.env("OTEL_EXPORTER_OTLP_ENDPOINT", format!("http://{collector}"));
    command
}

fn request(target: &str, traceparent: &str) -> String {
    format!(
        "GET {target} HTTP/1.1\r\nHost: a\r\nX-A: {SECRET}\r\ntraceparent: {traceparent}\r\nConnection: close\r\n\r\n"
    )
}

#[test]
fn each_request_is_a_span_that_continues_the_clients_trace_and_says_what_the_log_says() {
    let api = api(list(&format!("[{{\"token\":\"{SECRET}\"}}]")), Duration::from_millis(20));
    let (collector, sent) = collector("200 OK");
    // Not even the log need say it.
    let serving = Serving::before(api, serve(collector).env("LAST4_LOG__ACCESS", "false"));
    serving.ask(&request(&format!("{KEYS}?k={SECRET}"), &format!("00-{TRACE}-{PARENT}-01")));
    serving.ask(&request(&format!("/{SECRET}"), SECRET));
    serving.ask(&request("/%00", ""));
    // Whoever called did not want it recorded.
    serving.ask(&request("/x", &format!("00-{TRACE}-{PARENT}-00")));
    serving.signal("TERM");
    let (code, log) = serving.end();
    assert_eq!(code, Some(0), "{log}");
    assert!(!log.contains("\"request\""), "{log}");

    // The end of the program is the end of the batch.
    let (head, body) = sent.recv_timeout(Duration::from_secs(20)).unwrap();
    assert_eq!(head, "post /v1/traces http/1.1");
    assert!(!String::from_utf8_lossy(&body).contains(&SECRET[4..]));
    let (resource, spans) = read(&body);
    assert_eq!((&*resource["service.name"], &*resource["service.version"]), ("last4", env!("CARGO_PKG_VERSION")));
    let [masked, passed, refused] = &*spans else { panic!("{}", spans.len()) };

    assert_eq!((masked.hex(1), masked.hex(4)), (TRACE.to_owned(), PARENT.to_owned()));
    assert_eq!(masked.text(5), "GET /console/api/apps/{app_id}/api-keys");
    const SERVER: u64 = 2;
    assert_eq!(masked.numbers[&6], SERVER);
    let took = Duration::from_nanos(masked.numbers[&8] - masked.numbers[&7]);
    assert!(took >= Duration::from_millis(20) && took < Duration::from_secs(20), "{took:?}");
    let said = masked.attributes(9);
    for (name, value) in [
        ("http.request.method", "GET"),
        ("http.route", "/console/api/apps/{app_id}/api-keys"),
        ("http.response.status_code", "200"),
        ("http.response.body.size", "26"),
        ("network.protocol.name", "http"),
        ("network.protocol.version", "1.1"),
        ("network.peer.address", "127.0.0.1"),
        ("last4.route", "app-keys"),
        ("last4.decision", "masked"),
        ("last4.masked", "1"),
    ] {
        assert_eq!(said[name], value, "{name} in {said:?}");
    }
    assert!(said["last4.upstream.duration"].parse::<f64>().unwrap() >= 0.02, "{said:?}");
    assert!(!said.contains_key("error.type"), "{said:?}");

    let said = passed.attributes(9);
    assert_eq!((passed.text(5), &*said["last4.decision"]), ("GET".to_owned(), "passed"));
    assert_ne!(passed.hex(1), TRACE);
    assert_eq!((passed.hex(1).len(), passed.hex(4)), (32, String::new()), "a trace of its own");
    for absent in ["url.path", "http.route"] {
        assert!(!said.contains_key(absent), "{said:?}");
    }
    assert_eq!(refused.attributes(9)["last4.reason"], "ambiguous-path");
}

#[test]
fn an_upstream_that_fails_is_an_error() {
    let (collector, sent) = collector("200 OK");
    let nobody = TcpListener::bind("127.0.0.1:0").unwrap().local_addr().unwrap();
    let mut command = serve(collector);
    let serving = Serving::before(nobody, command.env("OTEL_SERVICE_NAME", "keys").env("LAST4_LOG__PATHS", "true"));
    serving.ask("BREW /pot HTTP/1.1\r\nHost: a\r\nConnection: close\r\n\r\n");
    serving.signal("TERM");
    serving.end();
    let (resource, spans) = read(&sent.recv_timeout(Duration::from_secs(20)).unwrap().1);
    assert_eq!(resource["service.name"], "keys");
    let said = spans[0].attributes(9);
    assert_eq!((&*said["http.request.method"], &*said["url.path"]), ("_OTHER", "/pot"));
    assert_eq!((&*said["error.type"], &*said["http.response.status_code"]), ("upstream-unreachable", "502"));
    const ERROR: u64 = 2;
    assert_eq!((spans[0].text(5), spans[0].messages(15)[0].numbers[&3]), ("HTTP".to_owned(), ERROR));
}

#[test]
fn without_a_collector_requests_are_served_and_that_is_said_once() {
    let (broken, _sent) = collector("400 Bad Request");
    for collector in [TcpListener::bind("127.0.0.1:0").unwrap().local_addr().unwrap(), broken] {
        let api = api(list("{}"), Duration::ZERO);
        let mut command = serve(collector);
        let serving = Serving::before(api, command.env("OTEL_BSP_SCHEDULE_DELAY", "50"));
        for _ in 0..3 {
            assert!(serving.get("/x").ends_with("{}"));
            thread::sleep(Duration::from_millis(100));
        }
        serving.signal("TERM");
        let (code, log) = serving.end();
        // One that is silent is not waited for at the end.
        let [lost, left] = ["spans could not be sent to the collector", "the last spans could not be sent"]
            .map(|says| log.matches(says).count());
        assert!(code == Some(0) && lost <= 1 && lost + left >= 1, "{log}");
    }
}

#[test]
fn what_cannot_be_done_is_refused_at_the_start() {
    for (variable, value) in [
        ("OTEL_EXPORTER_OTLP_ENDPOINT", "https://collector:4318"),
        ("OTEL_EXPORTER_OTLP_TRACES_ENDPOINT", "collector:4318"),
        ("OTEL_EXPORTER_OTLP_PROTOCOL", "grpc"),
    ] {
        let mut command = last4(&["serve", "--preset", "dify", "--upstream", "http://127.0.0.1:9"]);
        command.env("OTEL_EXPORTER_OTLP_ENDPOINT", "http://127.0.0.1:4318").env(variable, value);
        let output = command.env("LAST4_LISTEN", "127.0.0.1:0").output().unwrap();
        let message = String::from_utf8(output.stderr).unwrap();
        assert_eq!(output.status.code(), Some(64), "{message}");
        assert!(message.lines().count() == 1 && message.contains(variable), "{message}");
    }
}

#[test]
fn nothing_is_sent_where_nothing_is_wanted() {
    for (variable, value) in
        [("OTEL_SDK_DISABLED", "true"), ("OTEL_TRACES_EXPORTER", "none"), ("OTEL_TRACES_SAMPLER", "always_off")]
    {
        let (collector, sent) = collector("200 OK");
        let api = api(list("{}"), Duration::ZERO);
        let serving = Serving::before(api, serve(collector).env(variable, value));
        serving.get("/x");
        serving.signal("TERM");
        serving.end();
        assert!(sent.try_recv().is_err(), "{variable}");
        drop(TcpStream::connect(collector));
    }
}
