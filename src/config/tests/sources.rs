//! Sources of values, and which one overrides which.

use super::*;
use std::time::Duration;

#[test]
fn an_absent_key_has_its_default() {
    let config = load(&file(MINIMAL)).unwrap();
    assert_eq!(config.listen.to_string(), "127.0.0.1:8080");
    assert_eq!(config.workers, None);
    assert_eq!(config.admin.unwrap().listen.to_string(), "127.0.0.1:9464");
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
fn one_underscore_where_two_belong_is_recognised() {
    let variables = [("LAST4_UPSTREAM_URL".into(), "http://api:5001".into())];
    let problems = load(&file(MINIMAL).with_environment(variables)).unwrap_err().to_string();
    assert!(problems.contains("did you mean LAST4_UPSTREAM__URL, with two underscores?"), "{problems}");
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
         environment variable LAST4_ROUTE: route: only a file can have a list of tables: write `[[route]]` there\n\
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
fn routes_and_the_admin_address_load_without_the_rest() {
    let text = "[admin]\nlisten = \"0.0.0.0:9000\"\n[[route]]\nname = \"keys\"\npath = \"/keys\"\nfields = [\"token\"]";
    assert_eq!(load_routes(&file(text)).unwrap().described.len(), 1);
    assert_eq!(load_admin(&file("admin.listen = \"0.0.0.0:9000\"\nnonsense = 1")).unwrap().unwrap().port(), 9000);
    assert!(load_admin(&file("admin.listen = \"9000\"")).is_err());
    assert!(load_routes(&file("nonsense = 1")).is_err());
}

#[test]
fn a_variable_that_takes_away_a_preset_of_the_file_is_warned_of() {
    let text = format!("presets = [\"dify\"]\n{MINIMAL}");
    let of = |sources: Sources| load(&sources).unwrap().warnings;
    let taken = file(&text).with_environment(environment([("LAST4_PRESETS", "[]")]));
    let found = of(taken.clone());
    assert_eq!(
        found.iter().map(ToString::to_string).collect::<Vec<_>>(),
        [
            "environment variable LAST4_PRESETS: presets: removes \"dify\" from the file's presets, so less is masked: list \
             every preset, or leave the variable out"
        ]
    );
    assert_eq!(of(taken.with_preset("dify")), []);
    assert_eq!(of(file(&text).with_environment(environment([("LAST4_PRESETS", "[dify]")]))), []);
    assert_eq!(of(file(MINIMAL).with_environment(environment([("LAST4_PRESETS", "[]")]))), []);
}

#[test]
fn injected_variables_of_any_service_are_ignored() {
    // Injected by Kubernetes for services named `last4`, `last4-metrics`, `last4-upstream` and
    // others.
    let kubernetes = "
        LAST4_SERVICE_HOST=10.0.0.1  LAST4_SERVICE_PORT=80  LAST4_SERVICE_PORT_HTTP=80
        LAST4_PORT=tcp://10.0.0.1:80  LAST4_PORT_8080_TCP=tcp://10.0.0.1:8080  LAST4_PORT_8080_TCP_ADDR=10.0.0.1
        LAST4_PORT_8080_TCP_PORT=8080  LAST4_PORT_8080_TCP_PROTO=tcp  LAST4_METRICS_SERVICE_HOST=10.0.0.1
        LAST4_METRICS_SERVICE_PORT=9464  LAST4_METRICS_SERVICE_PORT_HTTP_METRICS=9464
        LAST4_METRICS_PORT=tcp://10.0.0.1:9464  LAST4_METRICS_PORT_9464_TCP=tcp://10.0.0.1:9464
        LAST4_METRICS_PORT_53_UDP_ADDR=10.0.0.1  LAST4_UPSTREAM_PORT=tcp://10.0.0.1:80
        LAST4_LISTEN_PORT=tcp://[fd00::1]:80  LAST4_LISTEN_PORT_80_SCTP_PROTO=sctp
        LAST4__X_SERVICE_HOST=10.0.0.1  LAST4_SERVICE_SERVICE_PORT_SERVICE_PORT=80";
    // Injected by `docker run --link` for containers linked as `last4` or `last4-db`.
    let docker = "LAST4_NAME=/web/last4  LAST4_ENV_PATH=/bin  LAST4_DB_PORT_5432_TCP_START=tcp://172.17.0.5:5432";
    let injected = || cases(kubernetes).chain(cases(docker)).filter_map(|variable| variable.split_once('='));
    assert_eq!(injected().count(), 22);
    assert!(load(&file(MINIMAL).with_environment(environment(injected()))).is_ok());
    for (name, value) in injected() {
        assert!(load(&file(MINIMAL).with_environment(environment([(name, value)]))).is_ok(), "{name}");
    }
}

#[test]
fn a_variable_that_is_almost_an_injected_one_is_an_unknown_key() {
    let variables = "
        LAST4_PORT=8080  LAST4_LISTEN_PORT=8080  LAST4_NAME=last4  LAST4_SERVICE=x  LAST4_SERVICE_HOSTS=x
        LAST4_SERVICE_PORT_=80  LAST4_PORT_TCP=80  LAST4_PORT_80_HTTP=80  LAST4_SUPPORT_80_TCP=80
        LAST4_MYSERVICE_HOST=x  LAST4_ENV=production";
    for (name, value) in cases(variables).filter_map(|variable| variable.split_once('=')) {
        let found = load(&file(MINIMAL).with_environment(environment([(name, value)]))).map(|_| name).expect_err(name);
        assert!(found.to_string().contains("unknown key"), "{name}: {found}");
    }
}

#[test]
fn a_variable_may_hold_a_list_of_one_without_brackets() {
    let variables = [("LAST4_PRESETS", "dify"), ("LAST4_FORWARDED__TRUSTED_PEERS", "192.0.2.1")];
    let config = load(&file(MINIMAL).with_environment(environment(variables))).unwrap();
    assert_eq!(config.routes.described.len(), 4);
    assert_eq!(config.proxy.forwarded.trusted_peers.len(), 1);
    let found =
        load(&file(MINIMAL).with_environment(environment([("LAST4_PRESETS", "dfiy")]))).unwrap_err().to_string();
    assert!(found.contains("LAST4_PRESETS: presets[0]: unknown preset: did you mean \"dify\"?"), "{found}");
}
