//! The program as a user runs it.

use std::io::{Read, Write};
use std::net::TcpListener;
use std::process::{Child, Command, Output, Stdio};
use std::thread;

const SECRET: &str = "app-8fK2mQ7vXz31LtPq0RbNcY5d";
const MASKED: &str = "app-8...cY5d";

const RIGHT: &str = r#"
[upstream]
url = "http://api:5001"

[[route]]
name = "keys"
path = "/keys"
fields = ["token", "$..secret.value"]
reveal = ["POST"]
"#;

const FIVE_MISTAKES: &str = r#"workers = "two"

[upstream]
url = "ftp://api:5001"

[[route]]
name = "my keys"
path = "/keys"
path_regex = "/keys"
fields = ["data.token"]
"#;

/// The program with nothing of the environment that it would read.
fn last4(arguments: &[&str]) -> Command {
    let mut command = Command::new(env!("CARGO_BIN_EXE_last4"));
    command.args(arguments);
    for (name, _) in std::env::vars_os() {
        if name.to_string_lossy().starts_with("LAST4_") {
            command.env_remove(name);
        }
    }
    command
}

fn run(arguments: &[&str]) -> Output {
    last4(arguments).output().unwrap()
}

fn filter(arguments: &[&str], input: &[u8]) -> Output {
    let mut child = piped(&[&["mask"], arguments].concat());
    let mut stdin = child.stdin.take().unwrap();
    let input = input.to_vec();
    let writer = thread::spawn(move || stdin.write_all(&input));
    let output = child.wait_with_output().unwrap();
    // A program that stops early closes its input.
    let _ = writer.join().unwrap();
    output
}

fn piped(arguments: &[&str]) -> Child {
    last4(arguments).stdin(Stdio::piped()).stdout(Stdio::piped()).stderr(Stdio::piped()).spawn().unwrap()
}

fn file(text: impl AsRef<[u8]>) -> tempfile::NamedTempFile {
    let mut file = tempfile::NamedTempFile::new().unwrap();
    file.write_all(text.as_ref()).unwrap();
    file
}

fn name(file: &tempfile::NamedTempFile) -> &str {
    file.path().to_str().unwrap()
}

fn stdout(output: &Output) -> String {
    String::from_utf8(output.stdout.clone()).unwrap()
}

fn stderr(output: &Output) -> String {
    String::from_utf8(output.stderr.clone()).unwrap()
}

fn code(output: &Output) -> i32 {
    output.status.code().unwrap()
}

#[test]
fn help_and_version_succeed_and_document_the_exit_status() {
    for arguments in [&["--help"][..], &["--version"], &["help", "mask"], &["serve", "--help"]] {
        let output = run(arguments);
        assert_eq!((code(&output), stderr(&output).as_str()), (0, ""), "{arguments:?}");
    }
    assert!(stdout(&run(&["--help"])).contains("Exit status:\n  0 "));
}

#[test]
fn no_help_line_is_wider_than_a_hundred_columns() {
    for command in ["serve", "check", "explain", "mask", "healthcheck", "demo"] {
        let help = stdout(&run(&[command, "--help"]));
        assert!(help.contains("Examples:"), "{command}");
        assert!(help.lines().all(|line| line.chars().count() <= 100), "{help}");
    }
}

#[test]
fn what_is_not_a_command_is_bad_input() {
    for arguments in [&[][..], &["srve"], &["mask", "--frist", "1"], &["explain", "GET"], &["explain", "G T", "/"]] {
        let output = run(arguments);
        assert_eq!(code(&output), 64, "{arguments:?}");
        assert_eq!(stdout(&output), "");
    }
}

#[test]
fn check_shows_the_routes_of_a_right_file() {
    let output = run(&["check", name(&file(RIGHT))]);
    assert_eq!(code(&output), 0, "{}", stderr(&output));
    assert_eq!(
        stdout(&output),
        "listen    127.0.0.1:8080\n\
         upstream  http://api:5001\n\
         admin     127.0.0.1:9464\n\n\
         route  path   fields                  reveals  mode     preset\n\
         keys   /keys  token, $..secret.value  POST     enforce\n"
    );
}

#[test]
fn check_shows_what_is_suspicious_beside_the_routes_and_is_content() {
    let suspicious = RIGHT.replace("\"/keys\"", "\"/keys.json\"");
    let file = file(&suspicious);
    let output = run(&["check", name(&file)]);
    assert_eq!(code(&output), 0, "{}", stderr(&output));
    assert!(stdout(&output).contains("keys   /keys.json  token"), "{}", stdout(&output));
    let shown = stderr(&output).replace(name(&file), "last4.toml");
    assert!(
        shown.starts_with("last4.toml:") && shown.contains(": route[0].path: matches only requests with"),
        "{shown}"
    );
    assert!(shown.ends_with("last4: 1 warning; the configuration can be used\n"), "{shown}");
    assert_eq!(stderr(&run(&["check", name(&self::file(RIGHT))])), "");
}

#[test]
fn check_shows_five_mistakes_as_five_problems() {
    let file = file(FIVE_MISTAKES);
    let output = run(&["check", name(&file)]);
    assert_eq!(code(&output), 64);
    assert_eq!(stdout(&output), "");
    assert_eq!(
        stderr(&output).replace(name(&file), "last4.toml"),
        r#"last4.toml:1: workers: must be a whole number from 0 to 1024, not a text
last4.toml:4: upstream.url: not an HTTP URL: write "http://host:port", "https://host:port" or "unix:/path"
last4.toml:6: route[0]: has both `path` and `path_regex`: keep one
last4.toml:7: route[0].name: a name is 1 to 64 letters, digits, `-`, `_` or `.`, such as "app-keys"
last4.toml:10: route[0].fields[0]: a name is compared literally, at any depth: for a path write "$.data.token", for a member of exactly that name "$..['data.token']"
last4: 5 problems in the configuration
"#
    );
}

#[test]
fn check_wants_an_upstream_from_any_source() {
    assert_eq!(code(&run(&["check", "--preset", "dify"])), 64);
    assert_eq!(code(&run(&["check", "--preset", "dify", "--upstream", "http://api:5001"])), 0);
    let with_variable = last4(&["check", "--preset", "dify"]).env("LAST4_UPSTREAM__URL", "http://api:5001").output();
    assert_eq!(code(&with_variable.unwrap()), 0);
}

#[test]
fn a_variable_names_the_file_where_no_argument_does() {
    let file = file(RIGHT);
    assert_eq!(code(&last4(&["check"]).env("LAST4_CONFIG", file.path()).output().unwrap()), 0);
    assert_eq!(code(&last4(&["check"]).env("LAST4_CONFIG", "no-such-file").output().unwrap()), 64);
}

#[test]
fn serve_refuses_to_start_without_routes() {
    let output = run(&["serve", "--upstream", "http://api:5001"]);
    assert_eq!(code(&output), 64);
    assert!(stderr(&output).contains("--preset dify"), "{}", stderr(&output));
}

#[test]
fn explain_uses_the_dify_preset_where_nothing_else_is_given_and_says_so() {
    let output = run(&["explain", "GET", "/console/api/apps/7/api-keys"]);
    assert_eq!(code(&output), 0, "{}", stderr(&output));
    assert!(stdout(&output).starts_with("(no configuration or preset named: using the routes of the preset `dify`)"));
    assert!(stdout(&output).ends_with("masked: route app-keys reveals only to POST\n"));
}

#[test]
fn explain_reads_a_file_without_an_upstream() {
    let file = file(RIGHT.replace("url =", "#url ="));
    let output = run(&["explain", "POST", "/x/../keys", "--config", name(&file)]);
    assert_eq!(code(&output), 0, "{}", stderr(&output));
    assert!(stdout(&output).contains("*  /keys       keys\n"), "{}", stdout(&output));
    assert!(stdout(&output).contains("revealed in successful (2xx) answers"));
    assert!(stdout(&run(&["explain", "GET", "/other", "--config", name(&file)])).ends_with("passes untouched\n"));
}

#[test]
fn mask_masks_what_is_piped_through_it() {
    let text = format!("{{ \"token\":\"{SECRET}\", \"n\": 1.0 }}\n");
    let output = filter(&[], text.as_bytes());
    assert_eq!((code(&output), stdout(&output)), (0, text.replace(SECRET, MASKED)));
}

#[test]
fn mask_masks_alike_with_all_instructions_and_knows_no_others() {
    let list: Vec<_> =
        (0..200).map(|n| format!("{{\"n\":{n},\"text\":\"a\\n\\u00e9\",\"token\":\"{SECRET}\"}}")).collect();
    let text = format!("[{}]", list.join(","));
    for instructions in last4::mask::Instructions::available() {
        let output = filter(&["--instructions", instructions.name()], text.as_bytes());
        assert_eq!((code(&output), stdout(&output)), (0, text.replace(SECRET, MASKED)), "{instructions:?}");
    }
    let output = filter(&["--instructions", "bytes"], text.as_bytes());
    assert_eq!((code(&output), stdout(&output)), (64, String::new()));
}

#[test]
fn mask_takes_fields_policy_and_kinds_of_text_from_its_flags() {
    let arguments = [
        "--field", "$.a.key", "--field", "PIN", "--ignore-case", "--ndjson", "--first", "0", "--ellipsis", "~",
        "--short", "-",
    ];
    let text = format!("{{\"a\":{{\"key\":\"{SECRET}\"}}}}\n{{\"key\":\"{SECRET}\",\"pin\":1234}}\n");
    let output = filter(&arguments, text.as_bytes());
    assert_eq!(stdout(&output), format!("{{\"a\":{{\"key\":\"~cY5d\"}}}}\n{{\"key\":\"{SECRET}\",\"pin\":\"-\"}}\n"));
    assert_eq!(code(&output), 0);
}

#[test]
fn mask_reads_a_file_larger_than_a_block() {
    let item = format!("{{\"token\":\"{SECRET}\"}}");
    let text = format!("[{}]", vec![item; 10_000].join(",\n"));
    let output = run(&["mask", name(&file(&text))]);
    assert_eq!(code(&output), 0);
    assert!(stdout(&output) == text.replace(SECRET, MASKED));
    assert_eq!(stderr(&output), "");
}

#[test]
fn mask_ends_its_output_where_the_text_is_not_json() {
    let output = filter(&[], format!("{{\"a\":1,\"token\":'{SECRET}'}}").as_bytes());
    assert_eq!(code(&output), 1);
    assert!("{\"a\":1,\"token\":".starts_with(&stdout(&output)), "{}", stdout(&output));
    assert_eq!(stderr(&output), "last4: the output ends before the invalid part of the input: not JSON at byte 15\n");

    let cut = filter(&[], format!("{{\"token\":\"{SECRET}").as_bytes());
    assert_eq!(code(&cut), 1);
    assert!(!stdout(&cut).contains(SECRET), "{}", stdout(&cut));
    assert!(stderr(&cut).contains("ends too early"), "{}", stderr(&cut));
}

#[test]
fn mask_refuses_what_it_cannot_use() {
    for (arguments, expected) in [
        (&["--field", "data.token"][..], "--field: a name is compared literally, at any depth"),
        (&["--field", "$.a[0]"], "--field: indexes, slices and filters are not supported"),
        (&["--ellipsis", ""], "--ellipsis: `ellipsis` must not be empty"),
        (&["--first", "65"], "--first: `first` may be at most 64"),
        (&["no-such-file"], "cannot open no-such-file"),
        (&["."], "cannot open ."),
    ] {
        let output = filter(arguments, b"{}");
        assert_eq!((code(&output), stdout(&output).as_str()), (64, ""), "{arguments:?}");
        assert!(stderr(&output).starts_with(&format!("last4: {expected}")), "{}", stderr(&output));
    }
}

#[test]
fn a_reader_that_had_enough_is_no_failure() {
    let item = format!("{{\"token\":\"{SECRET}\"}}");
    let file = file(format!("[{}]", vec![item; 100_000].join(",")));
    let mut child = piped(&["mask", name(&file)]);
    let mut first = [0; 10];
    child.stdout.take().unwrap().read_exact(&mut first).unwrap();
    let output = child.wait_with_output().unwrap();
    assert_eq!((code(&output), stderr(&output).as_str()), (0, ""));
}

/// An admin listener that answers once.
fn admin(answer: &'static str) -> (String, thread::JoinHandle<String>) {
    let listener = TcpListener::bind("127.0.0.1:0").unwrap();
    let address = listener.local_addr().unwrap().to_string();
    let served = thread::spawn(move || {
        let (mut stream, _) = listener.accept().unwrap();
        let mut request = vec![0; 1024];
        let length = stream.read(&mut request).unwrap();
        stream.write_all(answer.as_bytes()).unwrap();
        request.truncate(length);
        String::from_utf8(request).unwrap()
    });
    (address, served)
}

#[test]
fn healthcheck_asks_the_admin_listener_whatever_else_is_in_the_file() {
    let (address, served) = admin("HTTP/1.1 200 OK\r\ncontent-length: 0\r\n\r\n");
    let port = address.rsplit(':').next().unwrap();
    let file = file(format!("nonsense = 1\nadmin.listen = \"0.0.0.0:{port}\""));
    let output = run(&["healthcheck", "--config", name(&file)]);
    assert_eq!(code(&output), 0, "{}", stderr(&output));
    assert!(served.join().unwrap().starts_with("GET /livez HTTP/1.1\r\nHost: 127.0.0.1:"));
}

#[test]
fn healthcheck_fails_where_the_proxy_is_unwell_or_away() {
    let (address, served) = admin("HTTP/1.1 503 Service Unavailable\r\n\r\n");
    let output = run(&["healthcheck", "--url", &format!("http://{address}/readyz")]);
    assert_eq!(code(&output), 1);
    assert_eq!(stderr(&output), format!("last4: unhealthy: http://{address}/readyz answered 503\n"));
    assert!(served.join().unwrap().starts_with("GET /readyz "));
    assert_eq!(code(&run(&["healthcheck", "--url", &format!("http://{address}")])), 1);
}

#[test]
fn healthcheck_without_an_address_is_bad_input() {
    assert_eq!(code(&run(&["healthcheck", "--url", "https://127.0.0.1"])), 64);
    let off = last4(&["healthcheck"]).env("LAST4_ADMIN__LISTEN", "").output().unwrap();
    assert_eq!(code(&off), 64);
    assert!(stderr(&off).contains("switches the admin listener off"));
}
