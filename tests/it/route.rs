//! Paths against models of servers: whatever reaches a list of keys on one of them is found or refused.

use crate::support::route_vs_servers::{check_target, found, matcher_misses_nothing};
use proptest::prelude::*;

/// Each of these made one of 33 real set-ups answer with the list, or one of the models.
#[test]
fn every_target_that_reached_a_list_is_found_or_refused() {
    for target in include_str!("../fixtures/targets.txt").lines() {
        assert_ne!(found(target.as_bytes()), Some(false), "{target}");
        check_target(target.as_bytes());
    }
}

/// Masking too much at a strange address harms nobody; at an ordinary one it would.
#[test]
fn ordinary_neighbours_are_on_no_route() {
    for target in [
        "/",
        "/console/api",
        "/console/api/apps",
        "/console/api/apps?page=1",
        "/console/api/apps/7",
        "/console/api/apps/7?x=/api-keys",
        "/console/api/apps/7/",
        "/console/api/apps/7/api-keys-usage",
        "/console/api/apps/7/api-keys_usage.json",
        "/console/api/apps/7/api-keys/8",
        "/console/api/apps/api-keys",
        "/console/api/apps/7/8/api-keys",
        "/console/api/apps/7/api%20key",
        "/console/api/apps/7/keys",
        "/?page=/console/api/apps",
        "/login?next=/console/api/apps/7/api-keys",
        "/files/index.html/console/api/apps/7/api-keys",
        "/keys.php",
        "/(S(x)",
        "/console/api/datasets/7/documents",
        "/console/api/datasets/7/documents/report.2026.pdf",
        "/console/api/datasets/api-keys-usage",
        "/v1/files/a%2Fb%20c.json",
        "/v1/x/console/api/apps/7/api-keys",
        "/static/app.7f3c1a52.js",
        "//cdn/x.js",
    ] {
        assert_eq!(found(target.as_bytes()), Some(false), "{target}");
    }
}

/// Each was seen to list keys on a real server that the models above do not know, or is its sibling. Written by hand, after what those
/// servers do and not after the matcher.
#[test]
fn what_real_servers_take_for_a_list_is_found() {
    for target in [
        // PHP, as Apache, lighttpd and its own server run it: PATH_INFO, front controllers, queries that are paths.
        "/console/api/apps/7/api-keys.php/x",
        "/console/api/apps/7/api-keys.PHP7/x/y",
        "/index.php/console/api/apps/7/api-keys",
        "/app/public/index.php/console/api/apps/7/api-keys/",
        "/?/console/api/apps/7/api-keys",
        "/index.php?/console/api/apps/7/api-keys",
        "/index.php?route=console/api/apps/7/api-keys&x=1",
        "/?a=b&_url=%2Fconsole%2Fapi%2Fapps%2F7%2Fapi-keys",
        // ASP.NET without cookies.
        "/(S(lit3py55t21z5v55vlm25s55))/console/api/apps/7/api-keys",
        "/console/(A(1)S(2))/api/apps/7/api-keys",
        // CherryPy takes punctuation for `_`, Zend Framework 1 takes a space for `-` and drops the rest.
        "/console/api/apps/7/api_keys",
        "/console/api/apps/7/api.keys",
        "/console/api/apps/7/api~keys",
        "/console/api/apps/7/api+keys",
        "/console/api/apps/7/api%20keys",
        "/console/api/apps/7/api--keys",
        "/console/api/apps/7/a!pi-keys",
    ] {
        assert_eq!(found(target.as_bytes()), Some(true), "{target}");
    }
}

#[test]
fn what_was_found_once_stays_right() {
    let findings = std::fs::read_dir(concat!(env!("CARGO_MANIFEST_DIR"), "/tests/fixtures/findings/path")).unwrap();
    for finding in findings {
        matcher_misses_nothing(&std::fs::read(finding.unwrap().path()).unwrap());
    }
}

proptest! {
    #![proptest_config(ProptestConfig { cases: 4000, failure_persistence: None, ..ProptestConfig::default() })]

    #[test]
    fn any_bent_path_is_found_or_refused_if_some_server_lists_keys_there(data in prop::collection::vec(any::<u8>(), 1..24)) {
        matcher_misses_nothing(&data);
    }
}
