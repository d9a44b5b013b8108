//! The example file and the presets.

use super::*;
use crate::route::CanonicalPath;
use http::Method;

#[test]
fn the_example_file_holds_every_key_at_its_default() {
    // Commented-out keys, such as `#http2 = true`, are also loaded. Prose has a space after the
    // `#`.
    let is_prose = |line: &str| line.is_empty() || line.starts_with("# ") || line == "#";
    let keys: Vec<_> =
        EXAMPLE.lines().filter(|line| !is_prose(line)).map(|line| line.strip_prefix('#').unwrap_or(line)).collect();
    let config = load(&file(EXAMPLE)).unwrap();
    let default = load(&file(MINIMAL)).unwrap();
    let whole = |config: &Config| {
        let mut proxy = config.proxy.clone();
        proxy.upstream.authority = http::uri::Authority::from_static("any");
        let admin = config.admin.as_ref().map(|admin| (admin.listen, &admin.hosts));
        format!("{:?} {:?} {admin:?} {:?} {proxy:?}", config.listen, config.workers, config.log)
    };
    assert_eq!(whole(&config), whole(&default));
    assert_eq!(format!("{:?}", config.routes.set.routes()[0].rule), format!("{:?}", with_reveal(&default)));
    // Keys that name files are left out, because these files do not exist.
    let is_file = |line: &str| line.contains("/etc/last4/") || written(line) == "server_name";
    let one_path: Vec<_> = keys.iter().copied().filter(|line| written(line) != "path" && !is_file(line)).collect();
    assert_eq!(load(&file(&one_path.join("\n"))).map(|config| whole(&config)), Ok(whole(&default)));
    for key in ALL_KEYS.split(' ') {
        assert!(keys.iter().any(|line| written(line) == key), "{key}");
    }
}

/// Returns the key of a line.
fn written(line: &str) -> &str {
    line.split('=').next().unwrap_or_default().trim()
}

/// Returns the rule of the minimal route, with the `reveal` of the example file.
fn with_reveal(config: &Config) -> crate::layer::MaskRule {
    config.routes.set.routes()[0].rule.clone().with_reveal([Method::POST], crate::mask::Reveal::TopLevel)
}

const ALL_KEYS: &str = "listen socket_mode certificate key client_roots http2 roots server_name workers presets \
    allowed_rerouting_headers url connect_timeout_secs response_timeout_secs idle_timeout_secs \
    max_idle_connections trusted_peers preserve_host header_timeout_secs max_header_bytes max_request_bytes \
    max_headers width mark hide first last min_hidden ellipsis short max_depth hold_bytes max_body_bytes level \
    format name path path_regex fields reveal reveal_fields ignore_case ndjson write_back";

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
