//! The top level, `[upstream]`, `[admin]`, `[forwarded]`, `[limits]` and `[log]`.

use super::*;

#[test]
fn five_mistakes_are_five_problems_from_top_to_bottom() {
    let text = r#"listen = "localhost:8080"

[upstream]
url = "ftp://api:5001"
conect_timeout_secs = 5

[[route]]
name = "keys"
path = "/keys/"
fields = ["$.data[0].token"]
"#;
    assert_eq!(
        problems(text),
        r#"last4.toml:1: listen: not a socket address: write an IP address and a port, such as "127.0.0.1:8080", or "unix:/run/last4/last4.sock"
last4.toml:4: upstream.url: not an HTTP URL: write "http://host:port", "https://host:port" or "unix:/path"
last4.toml:5: upstream.conect_timeout_secs: unknown key: did you mean `connect_timeout_secs`?
last4.toml:9: route[0].path: an empty segment never matches: write single slashes and none at the end
last4.toml:10: route[0].fields[0]: indexes, slices and filters are not supported: write `[*]` for every element
    $.data[0].token
           ^"#
    );
}

#[test]
fn every_problem_of_the_other_tables_says_what_to_write_instead() {
    let cases = r#"
        workers = "two" => workers: must be a whole number from 0 to 1024, not a text
        presets = ["dfiy"] => presets[0]: unknown preset: did you mean "dify"?
        allowed_rerouting_headers = ["a b"] => allowed_rerouting_headers[0]: not a header name: write one such as "X-Original-URL"
        admin.listen = "9464" => admin.listen: not a socket address: write an IP address and a port, such as "127.0.0.1:8080"
        admin.hosts = ["a.example:80"] => admin.hosts[0]: not a name: write one such as "last4.example.com", without a port
        admin.listen = "127.0.0.1:8080" => admin.listen: is the same as `listen`: each listener needs its own port
        forwarded.trusted_peers = ["10/8"] => forwarded.trusted_peers[0]: not a network: write "10.0.0.0/8", "10.1.2.3" or "unix:"
        forwarded.preserve_host = 1 => forwarded.preserve_host: must be true or false, not a number
        limits.header_timeout_secs = 0 => limits.header_timeout_secs: must be more than 0 and at most 86400 seconds
        limits.max_header_bytes = 100 => limits.max_header_bytes: must be a whole number from 8192 to 1048576
        log.level = "warning" => log.level: must be one of "error", "warn", "info", "debug", "trace"
        log.format = "jsn" => log.format: must be one of "text", "json"; did you mean "json"?
        socket_mode = 660 => socket_mode: not a file's permissions: write them in octal and in double quotes, such as "0660"
        socket_mode = "0666" => socket_mode: has no effect without a Unix socket: write listen = "unix:/path", or leave it out
        log = "info" => log: must be a table, not a text
        upstrem.url = "" => upstrem: unknown key: did you mean `upstream`?"#;
    for (line, expected) in table(cases) {
        assert_eq!(problems(&format!("{line}\n{MINIMAL}")), format!("last4.toml:1: {expected}"), "{line}");
    }
}

#[test]
fn empty_sources_name_the_required_keys() {
    assert_eq!(
        load(&Sources::default()).unwrap_err().to_string(),
        "configuration: route: missing: nothing would be masked: write a `[[route]]`, or take the built-in routes with \
         presets = [\"dify\"] or --preset dify\n\
         configuration: upstream.url: missing: the API behind the proxy: write url = \"http://host:port\" in \
         `[upstream]`, set LAST4_UPSTREAM__URL, or pass --upstream"
    );
}

#[test]
fn standing_in_front_of_itself_is_refused() {
    for (listen, url) in [
        ("127.0.0.1:80", "http://127.0.0.1"),
        ("0.0.0.0:8080", "http://localhost:8080"),
        ("[::]:8080", "http://[::1]:8080"),
        ("unix:/run/a.sock", "unix:/run/a.sock"),
    ] {
        let text = format!("{MINIMAL}\n").replace("http://api:5001", url);
        let problems = load(&file(&text).with_flag("--listen", "listen", listen)).unwrap_err().to_string();
        assert!(problems.contains("upstream.url: is where last4 itself listens"), "{problems}");
    }
}

#[test]
fn a_password_in_the_url_is_refused_and_not_repeated() {
    let found = load(&file(&MINIMAL.replace("//api", "//user:hunter2@api"))).unwrap_err();
    assert!(found.to_string().contains("must not hold a user name or password"));
    assert!(!format!("{found} {found:?}").contains("hunter2"));

    let sources = file("").with_environment(environment([("LAST4_UPSTREAM__URL", "http://user:hunter2@api")]));
    let sources = sources.with_flag("--upstream", "upstream.url", "http://user:hunter2@api");
    assert!(!format!("{sources:?} {}", load(&sources).unwrap_err()).contains("hunter2"));
}

#[test]
fn peers_of_ipv4_are_trusted_however_their_network_is_written() {
    let peers = |peers: &str| format!("forwarded.trusted_peers = [{peers}]\n{MINIMAL}");
    let trusted = |text: &str| load(&file(&peers(text))).unwrap().proxy.forwarded.trusted_peers;
    assert_eq!(trusted("\"::ffff:127.0.0.0/104\""), trusted("\"127.0.0.0/8\""));
    assert_eq!(trusted("\"::ffff:10.1.2.3\""), trusted("\"10.1.2.3\""));
    assert_eq!(trusted("\"::ffff:0:0/96\""), trusted("\"0.0.0.0/0\""));
    for (written, advice) in [
        ("\"::ffff:0:0/90\"", "write their network, such as \"10.0.0.0/8\""),
        ("\"0.0.0.0\"", "write \"0.0.0.0/0\" for all"),
        ("\"::\"", "write \"::/0\" for all"),
    ] {
        let found = problems(&peers(written));
        assert!(found.starts_with("last4.toml:1: forwarded.trusted_peers[0]: ") && found.contains(advice), "{found}");
    }
    for everybody in ["\"0.0.0.0/0\"", "\"::/0\"", "\"::ffff:0:0/96\""] {
        let found = warnings(&peers(everybody));
        assert!(found.starts_with("last4.toml:1: forwarded.trusted_peers[0]: trusts every peer"), "{found}");
    }
    assert_eq!(warnings(&peers("\"10.0.0.0/8\", \"unix:\", \"fd00::/8\"")), "");
}
