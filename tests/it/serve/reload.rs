//! Another configuration while requests are served: by signal, and by a changed file.

use super::{KEYS, SECRET, Serving, api, last4, list};
use std::fs;
use std::io::{Read, Write};
use std::net::{SocketAddr, TcpListener, TcpStream};
use std::path::Path;
use std::process::Command;
use std::thread;
use std::time::Duration;

fn configuration(api: SocketAddr, fields: &str) -> String {
    format!(
        "listen = \"127.0.0.1:0\"\n[upstream]\nurl = \"http://{api}\"\n\
         [[route]]\nname = \"keys\"\npath = \"{KEYS}\"\nfields = [{fields}]\n"
    )
}

fn serving(path: &Path) -> Serving {
    Serving::start(last4(&["serve", "--config", path.to_str().unwrap()]).env("LAST4_LOG__LEVEL", "info"))
}

fn body() -> String {
    list(&format!("{{\"token\":\"{SECRET}\",\"other\":\"{SECRET}\"}}"))
}

#[test]
fn a_signal_puts_a_new_configuration_in_force_and_a_bad_one_changes_nothing() {
    let folder = tempfile::tempdir().unwrap();
    let path = folder.path().join("last4.toml");
    let api = api(body(), Duration::ZERO);
    fs::write(&path, configuration(api, "\"token\"")).unwrap();
    let mut serving = serving(&path);
    assert_eq!(serving.get(KEYS).matches(SECRET).count(), 1);

    fs::write(&path, configuration(api, "\"token\", \"other\"")).unwrap();
    serving.signal("HUP");
    serving.log_until("configuration reloaded");
    assert_eq!(serving.get(KEYS).matches(SECRET).count(), 0);

    fs::write(&path, configuration(api, "\"token\"") + "feilds = []\npath_regex = \"(\"\n").unwrap();
    serving.signal("HUP");
    let log = serving.log_until("the previous one stays in force");
    for problem in
        ["last4.toml:8: route[0].feilds: unknown key: did you mean `fields`?", "last4.toml:9: route[0].path_regex"]
    {
        assert!(log.contains(problem), "{problem}: {log}");
    }
    assert_eq!(serving.get(KEYS).matches(SECRET).count(), 0);
    serving.signal("TERM");
    assert_eq!(serving.end().0, Some(0));
}

/// The line of the log that says this.
fn line<'a>(log: &'a str, says: &str) -> &'a str {
    log.lines().find(|line| line.contains(says)).unwrap_or_else(|| panic!("{says}: {log}"))
}

#[test]
fn what_is_suspicious_is_logged_at_the_start_and_after_a_reload() {
    let folder = tempfile::tempdir().unwrap();
    let path = folder.path().join("last4.toml");
    let api = api(body(), Duration::ZERO);
    let suspicious = "[[route]]\nname = \"file\"\npath = \"/keys.json\"\nfields = [\"token\"]\n";
    fs::write(&path, configuration(api, "\"token\"") + suspicious).unwrap();
    let mut serving = serving(&path);
    let log = serving.log_until("route[1].path: matches only requests with the extension .json");
    assert!(line(&log, "route[1].path").contains("WARN"), "{log}");
    assert_eq!(serving.get(KEYS).matches(SECRET).count(), 1);
    serving.signal("HUP");
    let log = serving.log_until("configuration reloaded");
    assert!(line(&log, "route[1].path").contains("WARN"), "{log}");
}

#[test]
fn a_reload_names_the_routes_that_went_and_came_and_changed() {
    let folder = tempfile::tempdir().unwrap();
    let path = folder.path().join("last4.toml");
    let api = api(body(), Duration::ZERO);
    let route = |name: &str, path: &str, rest: &str| {
        format!("[[route]]\nname = \"{name}\"\npath = \"{path}\"\nfields = [\"token\", \"other\"]\n{rest}\n")
    };
    let written = |routes: &[String]| fs::write(&path, configuration(api, "\"token\"") + &routes.concat()).unwrap();
    written(&[
        route("gone", "/gone", ""),
        route("same", "/same", ""),
        route("moved", "/from", ""),
        route("laxer", "/laxer", "first = 2"),
        route("less", "/less", ""),
    ]);
    let mut serving = serving(&path);
    serving.log_until("\"route\":\"less\"");
    // Facts learned from answers are not a change of the configuration.
    serving.get("/same");
    written(&[
        route("same", "/same", ""),
        route("moved", "/to", ""),
        route("laxer", "/laxer", "first = 3"),
        route("less", "/less", "").replace(", \"other\"", ""),
        route("new", "/new", ""),
    ]);
    serving.signal("HUP");
    let log = serving.log_until("configuration reloaded");
    for (route, level, says) in [
        ("gone", "WARN", "route removed"),
        ("moved", "WARN", "route path changed"),
        ("less", "WARN", "route masks less"),
        ("laxer", "INFO", "route changed"),
        ("new", "INFO", "route added"),
    ] {
        let line = line(&log, &format!("\"route\":\"{route}\""));
        assert!(line.contains(level) && line.contains(says), "{route}: {line}");
    }
    let mut unchanged = log.lines().filter(|line| !line.contains("\"message\":\"request\""));
    assert!(!unchanged.any(|line| line.contains("\"same\"") || line.contains("\"keys\"")), "{log}");
    serving.signal("HUP");
    let log = serving.log_until("configuration reloaded");
    assert!(!log.contains("\"route\""), "{log}");
}

#[test]
fn a_changed_file_is_noticed_and_what_needs_a_restart_is_named() {
    let folder = tempfile::tempdir().unwrap();
    let path = folder.path().join("last4.toml");
    let (one, two) = (api(list("1"), Duration::ZERO), api(list("2"), Duration::ZERO));
    fs::write(&path, configuration(one, "\"token\"")).unwrap();
    let mut serving = serving(&path);
    assert!(serving.get("/x").ends_with('1'));
    fs::write(&path, "workers = 7\n".to_owned() + &configuration(two, "\"token\"")).unwrap();
    let log = serving.log_until("configuration reloaded");
    assert!(log.contains("\"key\":\"workers\"") && !log.contains("\"key\":\"listen\""), "{log}");
    assert!(serving.get("/x").ends_with('2'), "a kept connection to the old upstream is not used");
}

#[test]
fn a_request_in_flight_keeps_its_configuration() {
    let folder = tempfile::tempdir().unwrap();
    let path = folder.path().join("last4.toml");
    let (slow, fast) = (api(body(), Duration::from_millis(700)), api(list("2"), Duration::ZERO));
    fs::write(&path, configuration(slow, "\"token\"")).unwrap();
    let mut serving = serving(&path);
    let mut stream = TcpStream::connect(serving.address).unwrap();
    write!(stream, "GET {KEYS} HTTP/1.1\r\nHost: a\r\n\r\n").unwrap();
    thread::sleep(Duration::from_millis(200));
    fs::write(&path, configuration(fast, "\"token\", \"other\"")).unwrap();
    serving.signal("HUP");
    serving.log_until("configuration reloaded");
    let mut answer = vec![0; 4096];
    let length = stream.read(&mut answer).unwrap();
    let answer = String::from_utf8_lossy(&answer[..length]);
    assert_eq!(answer.matches(SECRET).count(), 1, "{answer}");
    write!(stream, "GET {KEYS} HTTP/1.1\r\nHost: a\r\nConnection: close\r\n\r\n").unwrap();
    let mut answer = String::new();
    stream.read_to_string(&mut answer).unwrap();
    assert!(answer.ends_with('2'), "the next one on the same connection has the new one: {answer}");
}

/// What the operator's listener answers.
fn operator(address: SocketAddr, target: &str) -> String {
    let mut stream = TcpStream::connect(address).unwrap();
    write!(stream, "GET {target} HTTP/1.1\r\nHost: a\r\n\r\n").unwrap();
    let mut page = String::new();
    stream.read_to_string(&mut page).unwrap();
    page
}

/// Like a file on a mount that hangs.
#[test]
fn a_configuration_that_nobody_can_read_to_its_end_keeps_neither_the_operator_nor_a_stop_waiting() {
    let folder = tempfile::tempdir().unwrap();
    let (path, pipe) = (folder.path().join("last4.toml"), folder.path().join("pipe"));
    let admin = TcpListener::bind("127.0.0.1:0").unwrap().local_addr().unwrap();
    fs::write(&path, configuration(api(body(), Duration::ZERO), "\"token\"")).unwrap();
    let mut command = last4(&["serve", "--config", path.to_str().unwrap()]);
    command.env("LAST4_LOG__LEVEL", "info").env("LAST4_ADMIN__LISTEN", admin.to_string());
    let mut serving = Serving::start(&mut command);
    assert!(Command::new("mkfifo").arg(&pipe).status().unwrap().success());
    fs::rename(&pipe, &path).unwrap();
    serving.signal("HUP");
    // By the signal, or by the change where that is seen first.
    serving.log_until("reloading the configuration");
    thread::sleep(Duration::from_millis(200));
    assert!(operator(admin, "/livez").contains("200 OK"));
    assert_eq!(serving.get(KEYS).matches(SECRET).count(), 1);
    serving.signal("TERM");
    assert_eq!(serving.end().0, Some(0));
}

#[test]
fn counts_outlast_a_reload_and_the_operator_is_told_of_it() {
    let folder = tempfile::tempdir().unwrap();
    let path = folder.path().join("last4.toml");
    let api = api(body(), Duration::ZERO);
    let gone = TcpListener::bind("127.0.0.1:0").unwrap().local_addr().unwrap();
    let admin = TcpListener::bind("127.0.0.1:0").unwrap().local_addr().unwrap();
    let mut command = last4(&["serve", "--config", path.to_str().unwrap()]);
    command.env("LAST4_LOG__LEVEL", "info").env("LAST4_ADMIN__LISTEN", admin.to_string()).env("LAST4_WORKERS", "1");
    fs::write(&path, configuration(api, "\"token\"")).unwrap();
    let mut serving = Serving::start(&mut command);
    serving.get(KEYS);
    assert!(operator(admin, "/readyz").contains("200 OK"));

    // Observed from now on, and the paths of other requests are in the log.
    let observing = configuration(api, "\"token\"") + "mode = \"observe\"\n[log]\npaths = true\n";
    fs::write(&path, &observing).unwrap();
    serving.signal("HUP");
    let log = serving.log_until("configuration reloaded");
    assert!(log.contains("every secret passes") && !log.contains("restart"), "{log}");
    serving.get(KEYS);
    serving.get("/over/there");
    assert!(serving.log_until("\"passed\"").contains("/over/there"));
    fs::write(&path, "listen = 1").unwrap();
    serving.signal("HUP");
    serving.log_until("the previous one stays in force");
    let page = operator(admin, "/metrics");
    for line in [
        "last4_requests_total{route=\"keys\",decision=\"masked\",status_class=\"2xx\"} 1\n",
        "last4_requests_total{route=\"keys\",decision=\"observed\",status_class=\"2xx\"} 1\n",
        "last4_route_observing{route=\"keys\"} 1\n",
    ] {
        assert!(page.contains(line), "{line}{page}");
    }
    // One signal each, but the file may have been looked at too.
    for result in ["applied", "refused"] {
        assert!(!page.contains(&format!("last4_config_reloads_total{{result=\"{result}\"}} 0\n")), "{page}");
    }

    // Without that route, and with an API that is not there.
    fs::write(&path, configuration(gone, "\"token\"").replace("\"keys\"", "\"others\"")).unwrap();
    serving.signal("HUP");
    serving.log_until("configuration reloaded");
    assert!(serving.get("/x").contains("upstream-unreachable"), "by now every setup is the new one");
    assert!(operator(admin, "/metrics").contains("last4_route_observing{route=\"keys\"} 0\n"));
    assert!(operator(admin, "/readyz").contains(&format!("{gone} cannot be reached")));
}
