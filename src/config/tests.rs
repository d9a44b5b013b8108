//! Whole messages and whole configurations.
//!
//! Compiled for tests alone (`mod.rs` says `#[cfg(test)]`): no input of the program reaches an `unwrap` here, and one that fails is a
//! failed test.

use super::*;
use crate::layer::Mode;
use crate::route::CanonicalPath;
use http::Method;
use std::ffi::OsString;
use std::time::Duration;

const MINIMAL: &str = r#"
[upstream]
url = "http://api:5001"

[[route]]
name = "keys"
path = "/keys"
fields = ["token"]
"#;

const EXAMPLE: &str = include_str!("../../config/last4.toml");

fn file(text: &str) -> Sources {
    Sources::default().with_text("last4.toml", text)
}

fn environment<const N: usize>(variables: [(&str, &str); N]) -> Vec<(OsString, OsString)> {
    variables.map(|(name, value)| (name.into(), value.into())).into()
}

/// What is wrong with a file whose one route has these lines, the first of them line 4, beside an upstream and a name.
fn route_problems(lines: &str) -> String {
    problems(&format!("upstream.url = \"http://api\"\n[[route]]\nname = \"keys\"\n{lines}"))
}

fn problems(text: &str) -> String {
    load(&file(text)).unwrap_err().to_string()
}

#[test]
fn what_is_left_out_has_its_default() {
    let config = load(&file(MINIMAL)).unwrap();
    assert_eq!(config.listen.to_string(), "127.0.0.1:8080");
    assert_eq!(config.workers, None);
    assert_eq!(config.admin.unwrap().to_string(), "127.0.0.1:9464");
    assert_eq!(config.log, Log { level: tracing::Level::INFO, format: LogFormat::Text, access: true, paths: false });
    assert_eq!(config.proxy.upstream.authority, "api:5001");
    assert_eq!(config.proxy.upstream.response_timeout, Duration::from_secs(600));
    assert!(config.proxy.forwarded.preserve_host);
    assert_eq!(config.proxy.limits.max_headers, 100);
}

#[test]
fn the_environment_overrides_the_file_and_a_flag_overrides_both() {
    let sources = file(&format!("listen = \"127.0.0.1:1\"\nworkers = 1\n{MINIMAL}")).with_environment(environment([
        ("LAST4_LISTEN", "[::1]:2"),
        ("LAST4_UPSTREAM__URL", "http://two:2"),
        ("HOME", "/"),
    ]));
    let config = load(&sources).unwrap();
    assert_eq!(config.listen.to_string(), "[::1]:2");
    assert_eq!(config.workers.unwrap().get(), 1);
    assert_eq!(config.proxy.upstream.authority, "two:2");

    let config = load(&sources.with_flag("--listen", "listen", "127.0.0.1:3")).unwrap();
    assert_eq!(config.listen.to_string(), "127.0.0.1:3");
    assert_eq!(config.proxy.upstream.authority, "two:2");
}

#[test]
fn a_table_may_be_filled_by_several_sources() {
    let sources = file(MINIMAL).with_environment(environment([
        ("LAST4_UPSTREAM__CONNECT_TIMEOUT_SECS", "0.5"),
        ("LAST4_UPSTREAM__MAX_IDLE_CONNECTIONS", "7"),
        ("LAST4_FORWARDED__TRUSTED_PEERS", "[10.0.0.0/8, 192.0.2.1]"),
        ("LAST4_ADMIN__LISTEN", ""),
    ]));
    let config = load(&sources).unwrap();
    assert_eq!(config.proxy.upstream.authority, "api:5001");
    assert_eq!(config.proxy.upstream.connect_timeout, Duration::from_millis(500));
    assert_eq!(config.proxy.upstream.max_idle_connections, 7);
    assert_eq!(config.proxy.forwarded.trusted_peers.len(), 2);
    assert_eq!(config.admin, None);
}

#[test]
fn no_file_is_needed_with_an_upstream_and_a_preset() {
    let from_flags = Sources::default().with_flag("--upstream", "upstream.url", "http://api:5001").with_preset("dify");
    let from_environment = Sources::default()
        .with_environment(environment([("LAST4_UPSTREAM__URL", "http://api:5001"), ("LAST4_PRESETS", "[dify]")]));
    for sources in [from_flags, from_environment] {
        let names: Vec<_> = load(&sources).unwrap().routes.described.into_iter().map(|route| route.name).collect();
        assert_eq!(names[..3], ["app-keys", "workspace-dataset-keys", "dataset-keys"]);
    }
}

#[test]
fn a_preset_flag_adds_to_the_routes_and_presets_of_the_file() {
    let text = format!("presets = [\"dify\"]\n{MINIMAL}");
    let routes = load(&file(&text).with_preset("dify")).unwrap().routes;
    assert_eq!(routes.described[0].name, "keys");
    assert_eq!(routes.described.len(), 4);
    assert_eq!(routes.described[1].preset.as_deref(), Some("dify"));
}

#[test]
fn the_example_file_holds_every_key_at_its_default() {
    // Keys that are commented out are read too: prose has a space behind the `#`.
    let is_prose = |line: &str| line.is_empty() || line.starts_with("# ") || line == "#";
    let keys: Vec<_> =
        EXAMPLE.lines().filter(|line| !is_prose(line)).map(|line| line.strip_prefix('#').unwrap_or(line)).collect();
    let config = load(&file(EXAMPLE)).unwrap();
    let default = load(&file(MINIMAL)).unwrap();
    let whole = |config: &Config| {
        let mut proxy = config.proxy.clone();
        proxy.upstream.authority = http::uri::Authority::from_static("any");
        format!("{:?} {:?} {:?} {:?} {proxy:?}", config.listen, config.workers, config.admin, config.log)
    };
    assert_eq!(whole(&config), whole(&default));
    assert_eq!(format!("{:?}", config.routes.set.routes()[0].rule), format!("{:?}", with_reveal(&default)));
    // Files that are not here.
    let is_file = |line: &str| line.contains("/etc/last4/") || written(line) == "server_name";
    let one_path: Vec<_> = keys.iter().copied().filter(|line| written(line) != "path" && !is_file(line)).collect();
    assert_eq!(load(&file(&one_path.join("\n"))).map(|config| whole(&config)), Ok(whole(&default)));
    for key in ALL_KEYS {
        assert!(keys.iter().any(|line| written(line) == *key), "{key}");
    }
}

/// The key of a line.
fn written(line: &str) -> &str {
    line.split('=').next().unwrap_or_default().trim()
}

/// The rule of a minimal route with what a minimal route cannot do without.
fn with_reveal(config: &Config) -> crate::layer::MaskRule {
    config.routes.set.routes()[0].rule.clone().with_reveal([Method::POST], crate::mask::Reveal::TopLevel)
}

const ALL_KEYS: &[&str] = &[
    "listen",
    "socket_mode",
    "certificate",
    "key",
    "client_roots",
    "http2",
    "roots",
    "server_name",
    "workers",
    "presets",
    "allowed_rerouting_headers",
    "url",
    "connect_timeout_secs",
    "response_timeout_secs",
    "idle_timeout_secs",
    "max_idle_connections",
    "trusted_peers",
    "preserve_host",
    "header_timeout_secs",
    "max_header_bytes",
    "max_request_bytes",
    "max_headers",
    "width",
    "mark",
    "hide",
    "first",
    "last",
    "min_hidden",
    "ellipsis",
    "short",
    "max_depth",
    "hold_bytes",
    "max_body_bytes",
    "level",
    "format",
    "name",
    "path",
    "path_regex",
    "fields",
    "reveal",
    "reveal_fields",
    "ignore_case",
    "ndjson",
];

#[test]
fn every_preset_loads() {
    for name in preset_names() {
        let routes = load_routes(&Sources::default().with_preset(name)).unwrap();
        assert!(routes.described.iter().all(|route| route.preset.as_deref() == Some(name)));
    }
}

#[test]
fn the_dify_preset_covers_the_three_lists_and_reveals_only_what_is_created() {
    let routes = load_routes(&Sources::default().with_preset("dify")).unwrap().set;
    let reveals = |target: &str, method: &Method| {
        let path = CanonicalPath::new(target.as_bytes()).unwrap();
        routes.find(&path).next().map(|found| found.route.rule.may_reveal(method))
    };
    for list in ["/console/api/apps/7/api-keys", "/console/api/datasets/api-keys", "/console/api/datasets/7/api-keys"] {
        assert_eq!(reveals(list, &Method::POST), Some(true), "{list}");
        assert_eq!(reveals(list, &Method::GET), Some(false), "{list}");
        assert_eq!(reveals(&format!("{list}/1"), &Method::DELETE), None, "{list}/1");
    }
}

#[test]
fn a_route_overrides_how_values_are_masked_in_general() {
    let text = format!("[masking]\nfirst = 2\nlast = 2\nmax_body_bytes = 0\n{MINIMAL}last = 3\nignore_case = true");
    let routes = load(&file(&text)).unwrap().routes.set;
    let rule = format!("{:?}", routes.routes()[0].rule);
    assert!(rule.contains("first: 2, last: 3, min_hidden: 8") && rule.contains("max_body_bytes: None"), "{rule}");
    assert!(rule.contains("ignore_case: true"), "{rule}");
}

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
fn every_problem_of_a_route_says_what_to_write_instead() {
    let path = "path = \"/keys\"";
    for (lines, expected) in [
        (
            "fields = [\"token\"]",
            "2: route[0].path: missing: which requests, such as path = \"/api/apps/{app_id}/keys\"",
        ),
        (
            "path = \"/a\"\npath_regex = \"/a\"\nfields = [\"token\"]",
            "2: route[0]: has both `path` and `path_regex`: keep one",
        ),
        ("path = \"keys\"\nfields = [\"token\"]", "4: route[0].path: a path begins with `/`: write \"/keys\""),
        (
            "path = \"/a{b}\"\nfields = [\"token\"]",
            "4: route[0].path: a placeholder is a whole segment: `{name}` for one segment, `{*name}` for any number",
        ),
        ("{path}", "2: route[0].fields: missing: what to mask, such as fields = [\"token\"]"),
        ("{path}\nfields = []", "5: route[0].fields: an empty list masks nothing: name a field, such as [\"token\"]"),
        ("{path}\nfields = \"token\"", "5: route[0].fields: must be a list in square brackets, not a text"),
        (
            "{path}\nfields = [\n  \"a\",\n  1,\n]",
            "7: route[0].fields[1]: must be a text in double quotes, not a number",
        ),
        (
            "{path}\nfields = [\"data.token\"]",
            "5: route[0].fields[0]: a name stands for itself at any depth: for a path write \"$.data.token\", for a member \
             of that very name \"$..['data.token']\"",
        ),
        (
            "{path}\nfields = [\"$.a b\"]",
            "5: route[0].fields[0]: not a path: write names as `.name` or `['name']`, any member or element as `.*` or \
             `[*]`, any depth as `..name`\n    $.a b\n      ^",
        ),
        (
            "{fields}\nreveal = [\"GET\"]",
            "6: route[0].reveal[0]: `GET` would reveal every list: name the method that creates, such as \"POST\"",
        ),
        ("{fields}\nreveal = [\"POST\", \"TRACE\"]", "6: route[0].reveal[1]: `TRACE` creates nothing: leave it out"),
        ("{fields}\nreveal = [\"post\"]", "6: route[0].reveal[0]: methods are case-sensitive: write \"POST\""),
        ("{fields}\nreveal = [\"P T\"]", "6: route[0].reveal[0]: not a method: write one such as \"POST\""),
        (
            "{fields}\nreveal_fields = [\"$.token\"]",
            "6: route[0].reveal_fields: has no effect without `reveal`: add reveal = [\"POST\"], or leave it out",
        ),
        (
            "{fields}\nreveal = [\"POST\"]\nreveal_fields = [\"$..token\"]",
            "7: route[0].reveal_fields[0]: a revealed field must be a path of plain names, such as \"$.data.token\": a \
             wildcard could reveal a list",
        ),
        (
            "{fields}\nreveal = [\"POST\"]\nndjson = true",
            "6: route[0].reveal: has no effect with ndjson = true, which never is one created object: leave it out",
        ),
        (
            "{fields}\nellipsis = \"\"",
            "6: route[0].ellipsis: `ellipsis` must not be empty: write at least one character, such as \"...\"",
        ),
        ("{fields}\nfirst = 65", "6: route[0].first: must be a whole number from 0 to 64"),
        (
            "{fields}\nmode = \"observ\"",
            "6: route[0].mode: must be one of \"enforce\", \"observe\"; did you mean \"observe\"?",
        ),
        ("{fields}\nmodel = \"observe\"", "6: route[0].model: unknown key: did you mean `mode`?"),
        ("{fields}\nmethod = \"GET\"", "6: route[0].method: unknown key: known here are "),
    ] {
        let fields = format!("{path}\nfields = [\"token\"]");
        let found = route_problems(&lines.replace("{path}", path).replace("{fields}", &fields));
        assert!(found.starts_with(&format!("last4.toml:{expected}")), "{lines}\n{found}\n{expected}");
        assert_eq!(found.matches("last4.toml").count(), 1, "{lines}\n{found}");
    }
}

#[test]
fn an_expression_is_refused_with_the_reason_of_its_engine() {
    let found = route_problems("path_regex = \"/a(\"\nfields = [\"token\"]");
    assert!(found.starts_with("last4.toml:4: route[0].path_regex: not a regular expression:"), "{found}");
    assert!(found.contains("unclosed group"), "{found}");
}

#[test]
fn every_problem_of_the_other_tables_says_what_to_write_instead() {
    let cases = [
        ("workers = \"two\"", "workers: must be a whole number from 0 to 1024, not a text"),
        ("presets = [\"dfiy\"]", "presets[0]: unknown preset: did you mean \"dify\"?"),
        (
            "allowed_rerouting_headers = [\"a b\"]",
            "allowed_rerouting_headers[0]: not a header name: write one such as \"X-Original-URL\"",
        ),
        (
            "admin.listen = \"9464\"",
            "admin.listen: not a socket address: write an IP address and a port, such as \"127.0.0.1:8080\"",
        ),
        ("admin.listen = \"127.0.0.1:8080\"", "admin.listen: is the same as `listen`: the two need a port each"),
        (
            "forwarded.trusted_peers = [\"10/8\"]",
            "forwarded.trusted_peers[0]: not a network: write \"10.0.0.0/8\", \"10.1.2.3\" or \"unix:\"",
        ),
        ("forwarded.preserve_host = 1", "forwarded.preserve_host: must be true or false, not a number"),
        ("limits.header_timeout_secs = 0", "limits.header_timeout_secs: must be more than 0 and at most 86400 seconds"),
        ("limits.max_header_bytes = 100", "limits.max_header_bytes: must be a whole number from 8192 to 1048576"),
        ("log.level = \"warning\"", "log.level: must be one of \"error\", \"warn\", \"info\", \"debug\", \"trace\""),
        ("log.format = \"jsn\"", "log.format: must be one of \"text\", \"json\"; did you mean \"json\"?"),
        (
            "socket_mode = 660",
            "socket_mode: not a file's permissions: write them in octal and in double quotes, such as \"0660\"",
        ),
        (
            "socket_mode = \"0666\"",
            "socket_mode: has no effect without a Unix socket: write listen = \"unix:/path\", or leave it out",
        ),
        ("log = \"info\"", "log: must be a table, not a text"),
        ("upstrem.url = \"\"", "upstrem: unknown key: did you mean `upstream`?"),
    ];
    for (line, expected) in cases {
        assert_eq!(problems(&format!("{line}\n{MINIMAL}")), format!("last4.toml:1: {expected}"), "{line}");
    }
}

#[test]
fn what_is_missing_altogether_is_said() {
    assert_eq!(
        load(&Sources::default()).unwrap_err().to_string(),
        "configuration: route: missing: nothing would be masked: write a `[[route]]`, or take the built-in routes with \
         presets = [\"dify\"] or --preset dify\n\
         configuration: upstream.url: missing: the API to stand in front of: write url = \"http://host:port\" in \
         `[upstream]`, set LAST4_UPSTREAM__URL, or give --upstream"
    );
}

#[test]
fn a_route_that_would_silently_do_nothing_is_refused() {
    for (route, key, advice) in [
        ("path = \"/v1/:id/t\"\nfields = [\"token\"]", "path", "placeholders are written"),
        ("path = \"/v1/t?x=1\"\nfields = [\"token\"]", "path", "decoded"),
        ("path_regex = \"v1/t\"\nfields = [\"token\"]", "path_regex", "begins with `/`"),
        ("path = \"/v1/t\"\nfields = [\"$.data.token\"]\nreveal = [\"POST\"]", "reveal", "reveal_fields"),
    ] {
        let text = format!("upstream.url = \"http://api:5001\"\n[[route]]\nname = \"keys\"\n{route}\n");
        let problems = load(&file(&text)).unwrap_err().to_string();
        assert_eq!(problems.lines().count(), 1, "{problems}");
        assert!(problems.contains(&format!("route[0].{key}: ")) && problems.contains(advice), "{problems}");
    }
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
fn one_underscore_where_two_belong_is_recognised() {
    let variables = [("LAST4_UPSTREAM_URL".into(), "http://api:5001".into())];
    let problems = load(&file(MINIMAL).with_environment(variables)).unwrap_err().to_string();
    assert!(problems.contains("did you mean LAST4_UPSTREAM__URL, with two underscores?"), "{problems}");
}

#[test]
fn two_routes_of_one_name_are_refused_wherever_they_come_from() {
    let route = "[[route]]\nname = \"app-keys\"\npath = \"/a\"\nfields = [\"token\"]\n";
    assert_eq!(
        problems(&format!("upstream.url = \"http://api\"\n{route}{route}")),
        "last4.toml:7: route[1].name: a route at last4.toml:3 is named \"app-keys\" too: give each its own name"
    );
    let found = problems(&format!("presets = [\"dify\"]\nupstream.url = \"http://api\"\n{route}"));
    assert!(found.contains("a route at last4.toml:4 is named \"app-keys\" too"), "{found}");
}

#[test]
fn a_problem_of_the_environment_or_a_flag_names_it() {
    let sources = file(MINIMAL)
        .with_environment(environment([
            ("LAST4_CONFIG", "last4.toml"),
            ("LAST4_LISTN", "127.0.0.1:1"),
            ("LAST4_PORT", "tcp://10.0.0.1:80"),
            ("LAST4_ROUTE", "[]"),
            ("LAST4_SERVICE_HOST", "10.0.0.1"),
            ("LAST4_UPSTREAM__ULR", "http://x"),
            ("LAST4_WORKERS", "many"),
        ]))
        .with_flag("--listen", "listen", "8080")
        .with_preset("nope");
    assert_eq!(
        load(&sources).unwrap_err().to_string(),
        "environment variable LAST4_LISTN: listn: unknown key: did you mean `listen`?\n\
         environment variable LAST4_ROUTE: route: write `[[route]]` in a file, where a list can be read\n\
         environment variable LAST4_UPSTREAM__ULR: upstream.ulr: unknown key: did you mean `url`?\n\
         environment variable LAST4_WORKERS: workers: must be a whole number from 0 to 1024, not a text\n\
         --listen: listen: not a socket address: write an IP address and a port, such as \"127.0.0.1:8080\", or \
         \"unix:/run/last4/last4.sock\"\n\
         --preset: presets: unknown preset: the built-in ones are dify"
    );
}

#[test]
fn a_syntax_error_is_one_problem_with_line_and_column() {
    assert_eq!(
        problems("listen = \"127.0.0.1:1\"\nworkers = = 2\n"),
        "last4.toml:2:11: not TOML: invalid string; expected `\"`, `'`"
    );
}

#[test]
fn a_file_that_is_not_there_is_a_problem() {
    let found = load(&Sources::default().with_file("no/such.toml")).unwrap_err().to_string();
    assert!(found.starts_with("no/such.toml: cannot be read: "), "{found}");
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
fn routes_and_the_admin_address_load_without_the_rest() {
    let text = "[admin]\nlisten = \"0.0.0.0:9000\"\n[[route]]\nname = \"keys\"\npath = \"/keys\"\nfields = [\"token\"]";
    assert_eq!(load_routes(&file(text)).unwrap().described.len(), 1);
    assert_eq!(load_admin(&file("admin.listen = \"0.0.0.0:9000\"\nnonsense = 1")).unwrap().unwrap().port(), 9000);
    assert!(load_admin(&file("admin.listen = \"9000\"")).is_err());
    assert!(load_routes(&file("nonsense = 1")).is_err());
}

#[test]
fn a_route_masks_unless_it_or_the_whole_is_told_to_observe() {
    let modes = |text: &str| -> Vec<_> {
        let routes = load(&file(text)).unwrap().routes;
        let described = routes.described.iter().map(|route| route.mode);
        let compiled = routes.set.routes().iter().map(|route| route.rule.mode());
        described.zip(compiled).map(|(described, compiled)| [described, compiled]).collect()
    };
    assert_eq!(modes(MINIMAL), [[Mode::Enforce; 2]]);
    assert_eq!(modes(&format!("{MINIMAL}mode = \"observe\"")), [[Mode::Observe; 2]]);
    assert_eq!(modes(&format!("mode = \"observe\"\n{MINIMAL}")), [[Mode::Observe; 2]]);
    assert_eq!(modes(&format!("mode = \"observe\"\n{MINIMAL}mode = \"enforce\"")), [[Mode::Enforce; 2]]);
    let both = modes(&format!("mode = \"observe\"\npresets = [\"dify\"]\n{MINIMAL}mode = \"enforce\""));
    assert_eq!(both, [[Mode::Enforce; 2], [Mode::Observe; 2], [Mode::Observe; 2], [Mode::Observe; 2]]);
}

/// A folder with a certificate, its key, and another key.
fn certificate_files() -> tempfile::TempDir {
    let folder = tempfile::tempdir().unwrap();
    let made = rcgen::generate_simple_self_signed(["api.example".to_owned()]).unwrap();
    let other = rcgen::KeyPair::generate().unwrap();
    std::fs::write(folder.path().join("a.crt"), made.cert.pem()).unwrap();
    std::fs::write(folder.path().join("a.key"), made.signing_key.serialize_pem()).unwrap();
    std::fs::write(folder.path().join("b.key"), other.serialize_pem()).unwrap();
    folder
}

#[test]
fn every_problem_of_certificates_says_what_to_write_instead() {
    let folder = certificate_files();
    let at = |text: &str| text.replace('@', &format!("{}/", folder.path().display()));
    let found = |text: &str| problems(&at(text)).replace(&*folder.path().to_string_lossy(), "");
    let tail = MINIMAL.replace("[upstream]\nurl = \"http://api:5001\"\n", "");
    let listener = |lines: &str| found(&format!("{lines}\n{MINIMAL}"));
    let upstream = |url: &str, lines: &str| found(&format!("upstream.url = \"{url}\"\n{lines}\n{tail}"));
    for (found, expected) in [
        (
            listener("tls.certificate = \"@no.crt\"\ntls.key = \"@a.key\""),
            "1: tls.certificate: /no.crt cannot be read: No such file",
        ),
        (
            listener("tls.certificate = \"@a.crt\"\ntls.key = \"@b.key\""),
            "2: tls.key: is not the key of the certificate: name a file with the certificate's private key",
        ),
        (
            listener("tls.certificate = \"@a.key\"\ntls.key = \"@a.key\""),
            "1: tls.certificate: /a.key holds no certificate in PEM form: name a file",
        ),
        (
            listener("tls.certificate = \"@a.crt\"\ntls.key = \"@a.crt\""),
            "2: tls.key: /a.crt holds no private key in PEM form, or one with a passphrase: name a file",
        ),
        (
            listener("tls.certificate = \"@a.crt\""),
            "1: tls.key: missing: name a file with the certificate's private key",
        ),
        (listener("tls.key = \"@a.key\""), "1: tls.certificate: missing: name a file with the certificate"),
        (
            listener("tls.client_roots = \"@a.crt\""),
            "1: tls.client_roots: has no effect without `certificate` and `key`: add them, or leave it out",
        ),
        (
            upstream("http://api", "upstream.roots = \"@a.crt\""),
            "2: upstream.roots: has no effect without an `https://` URL: change the URL, or leave it out",
        ),
        (
            upstream("https://api", "upstream.roots = \"@a.key\""),
            "2: upstream.roots: /a.key holds no certificate in PEM form: name a file with root certificates",
        ),
        (
            upstream("https://a_b!c", "upstream.roots = \"@a.crt\""),
            "1: upstream.url: its host can be in no certificate: add `server_name`",
        ),
        (
            upstream("https://api", "upstream.roots = \"@a.crt\"\nupstream.server_name = \"a b\""),
            "3: upstream.server_name: not a host name: write one such as \"api.example\"",
        ),
        (
            upstream(
                "https://api",
                "upstream.roots = \"@a.crt\"\nupstream.certificate = \"@a.crt\"\nupstream.key = \"@b.key\"",
            ),
            "4: upstream.key: is not the key of the certificate",
        ),
    ] {
        assert!(found.starts_with(&format!("last4.toml:{expected}")), "{found}\n{expected}");
        assert_eq!(found.matches("last4.toml").count(), 1, "{found}");
    }
}

#[test]
fn certificates_are_loaded_and_their_files_are_watched_whatever_is_wrong_with_them() {
    let folder = certificate_files();
    let text = "tls = { certificate = \"@a.crt\", key = \"@a.key\", client_roots = \"@a.crt\" }\n\
                upstream = { url = \"https://127.0.0.1\", roots = \"@a.crt\", http2 = true }\n\
                [[route]]\nname = \"keys\"\npath = \"/keys\"\nfields = [\"token\"]\n"
        .replace('@', &format!("{}/", folder.path().display()));
    let config = load(&file(&text)).unwrap();
    assert!(config.proxy.tls.is_some() && config.proxy.upstream.http2);
    assert_eq!(config.proxy.upstream.to_string(), "https://127.0.0.1");
    // Two readings of the same files make the same connections.
    assert!(load(&file(&text)).unwrap().proxy.upstream == config.proxy.upstream);
    let names = |text: &str| -> Vec<_> {
        let files = files(&file(text)).into_iter();
        files.map(|path| path.file_name().unwrap().to_string_lossy().into_owned()).collect()
    };
    assert_eq!(names(&text), ["a.crt", "a.key", "a.crt", "a.crt"]);
    assert_eq!(
        names(&text.replace("a.key", "no.key").replace("https", "nonsense")),
        ["a.crt", "no.key", "a.crt", "a.crt"]
    );
    assert!(names("tls = = 1").is_empty());
}

#[test]
fn a_page_is_read_with_all_that_is_wrong_with_it() {
    let config = load(&file(&format!("{MINIMAL}\n[[page]]\npath = \"/{{*rest}}\"\nhide = [\"#a > b\"]"))).unwrap();
    let [page] = &*config.routes.pages.described else { panic!("{:?}", config.routes.pages.described) };
    assert_eq!((page.hide.join(" "), page.remove.len()), ("#a > b".to_owned(), 0));
    assert_eq!(load(&file(MINIMAL)).unwrap().routes.pages.described, []);
    for (lines, expected) in [
        (
            "path = \"/\"",
            "12: page[0].hide: missing: what to hide, such as hide = [\"#keys .copy\"], or what to `remove`",
        ),
        ("hide = [\"a\"]", "12: page[0].path: missing: which requests"),
        (
            "path = \"/\"\nhide = [\"a{}\"]",
            "14: page[0].hide[0]: a selector may not have `{`, `}`, `;` or `@` outside quotes",
        ),
        (
            "path = \"/\"\nremove = [\"a\", \"b ~ c\"]",
            "14: page[0].remove[1]: Unsupported combinator `~` in selector: while a page",
        ),
        ("path = \"x\"\nhide = [\"a\"]", "13: page[0].path: a path begins with `/`: write \"/x\""),
    ] {
        let found = problems(&format!("{MINIMAL}\n\n\n[[page]]\n{lines}"));
        assert!(found.starts_with(&format!("last4.toml:{expected}")), "{lines}\n{found}");
        assert_eq!(found.matches("last4.toml:").count(), 1, "{lines}\n{found}");
    }
}

/// What a client gets of a text by a configuration with these lines in `[masking]` and in its route.
async fn answered(masking: &str, route: &str, text: &str) -> String {
    use http_body_util::{BodyExt, Full};
    use tower_layer::Layer;
    use tower_service::Service;

    let config = load(&file(&format!("[masking]\n{masking}\n{MINIMAL}{route}"))).unwrap();
    let text = bytes::Bytes::from(text.to_owned());
    let mut service = config.routes.layer().layer(tower::service_fn(move |_| {
        std::future::ready(Ok::<_, std::convert::Infallible>(http::Response::new(Full::new(text.clone()))))
    }));
    let request = http::Request::get("/keys").body(Full::<bytes::Bytes>::default()).unwrap();
    let body = service.call(request).await.unwrap().into_body().collect().await.unwrap();
    String::from_utf8(body.to_bytes().to_vec()).unwrap()
}

const KEY: &str = r#"{"token":"app-8fK2mQ7vXz31LtPq0RbNcY5d"}"#;

#[tokio::test]
async fn a_width_is_that_of_every_masked_value() {
    let token = |shown: &str| format!("{{\"token\":\"{shown}\"}}");
    for (masking, route, text, expected) in [
        ("", "", KEY, "app-8...cY5d"),
        ("width = 26", "", KEY, "app-8.................cY5d"),
        ("width = 26", "", r#"{"token":"short"}"#, "**************************"),
        ("width = 26", "", r#"{"token":12}"#, "**************************"),
        ("width = 12\nellipsis = \"<>\"", "", KEY, "app-8<><cY5d"),
        ("width = 12", "ellipsis = \"•\"\nshort = \"\"", KEY, "app-8•••cY5d"),
        ("width = 12", "short = \"\"", r#"{"token":"short"}"#, "............"),
        ("width = 26", "width = 0", KEY, "app-8...cY5d"),
        ("width = 26", "width = 10", KEY, "app-8.cY5d"),
        ("width = 26", "first = 3\nlast = 20\nmin_hidden = 1", KEY, "app...mQ7vXz31LtPq0RbNcY5d"),
        // What came masked stays as it is.
        ("width = 26", "", r#"{"token":"app-8.................cY5d"}"#, "app-8.................cY5d"),
    ] {
        assert_eq!(answered(masking, route, text).await, token(expected), "{masking} {route} {text}");
    }
    let found = problems(&format!("{MINIMAL}width = 9"));
    assert!(
        found.contains("`width` = 9 leaves nothing hidden beside 9 characters that are shown: write 10 or more"),
        "{found}"
    );
    let found = problems(&format!("{MINIMAL}width = 100"));
    assert!(found.contains("may have at most 64 characters"), "{found}");
}

#[tokio::test]
async fn a_mark_is_written_where_a_route_says_so() {
    assert_eq!(answered("", "mark = \"masked\"", KEY).await, r#"{"token":"app-8...cY5d","masked":true}"#);
    assert_eq!(answered("", "", KEY).await, r#"{"token":"app-8...cY5d"}"#);
    let found = problems(&format!("{MINIMAL}mark = \"token\""));
    assert!(found.contains("route[0].mark: is one of `fields`"), "{found}");
    let found = problems(&format!("{MINIMAL}mark = \"\""));
    assert!(found.contains("route[0].mark: the name of a member has 1 to 64 characters"), "{found}");
}

#[tokio::test]
async fn a_dry_run_changes_no_page_either() {
    use http_body_util::{BodyExt, Full};
    use tower_layer::Layer;
    use tower_service::Service;

    for (mode, expected) in [("enforce", true), ("observe", false)] {
        let text = format!("mode = \"{mode}\"\n{MINIMAL}\n[[page]]\npath = \"/\"\nhide = [\"a\"]");
        let mut service = load(&file(&text)).unwrap().routes.layer().layer(tower::service_fn(|_| {
            let page = http::Response::builder().header("content-type", "text/html");
            std::future::ready(Ok::<_, std::convert::Infallible>(page.body(Full::<bytes::Bytes>::from("<p>")).unwrap()))
        }));
        let request = http::Request::get("/").body(Full::<bytes::Bytes>::default()).unwrap();
        let body = service.call(request).await.unwrap().into_body().collect().await.unwrap().to_bytes();
        assert_eq!(body.starts_with(b"<style>"), expected, "{mode}");
    }
}
