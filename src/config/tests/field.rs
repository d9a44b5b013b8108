//! Fields that mask nothing.

use super::*;

fn route(field: &str) -> String {
    format!("path = \"/keys\"\nfields = [{}]", toml(field))
}

#[test]
fn a_field_that_masks_nothing_is_refused_with_the_one_that_was_meant_and_the_one_of_that_very_name() {
    for (field, meant, literal) in [
        ("token ", "token", "$..['token ']"),
        (" token", "token", "$..['token']"),
        ("to\u{200b}ken", "token", ""),
        ("token\u{a0}", "token", ""),
        ("token\n", "token", ""),
        ("token, secret", "token\", \"secret", "$..['token, secret']"),
        ("token|secret", "token\", \"secret", "$..['token|secret']"),
        ("\"token\"", "token", "$..['\"token\"']"),
        ("'token'", "token", "$..['\\'token\\'']"),
        ("`token`", "token", "$..['`token`']"),
        ("/data/token", "$.data.token", "$..['/data/token']"),
        ("#/data/token", "$.data.token", "$..['#/data/token']"),
        ("//token", "$..token", "$..['//token']"),
        ("data/0/token", "$.data[*].token", "$..['data/0/token']"),
        ("data->token", "$.data.token", "$..['data->token']"),
        ("data->>token", "$.data.token", "$..['data->>token']"),
        ("data::token", "$.data.token", "$..['data::token']"),
        ("data.token", "$.data.token", "$..['data.token']"),
        ("data[].token", "$.data[*].token", "$..['data[].token']"),
        ("data[0].token", "$.data[*].token", "$..['data[0].token']"),
        ("data.0.token", "$.data[*].token", "$..['data.0.token']"),
        ("data[*].token", "$.data[*].token", "$..['data[*].token']"),
        ("token[*]", "$.token[*]", "$..['token[*]']"),
        (".token", "$.token", "$..['.token']"),
        (".data[].token", "$.data[*].token", "$..['.data[].token']"),
        ("..token", "$..token", "$..['..token']"),
        ("@.token", "$.token", "$..['@.token']"),
        ("data['token']", "$.data.token", ""),
        ("{token}", "$.token", "$..['{token}']"),
        ("token:", "$.token", "$..['token:']"),
        ("$token", "$.token", "$..['$token']"),
    ] {
        let found = route_problems(&route(field));
        assert!(found.starts_with("last4.toml:5: route[0].fields[0]: "), "{field:?}: {found}");
        assert_eq!(found.matches("last4.toml").count(), 1, "{field:?}: {found}");
        assert!(found.contains(&format!("write \"{meant}\", for a member of")), "{field:?}: {found}");
        let meant: Vec<_> = meant.split("\", \"").collect();
        assert_eq!(route_warnings(&format!("path = \"/keys\"\nfields = {meant:?}")), "", "{field:?}");
        if !literal.is_empty() && field.trim_start() == field {
            assert!(found.contains(&format!("of exactly that name \"{literal}\"")), "{field:?}: {found}");
            assert_eq!(route_warnings(&route(literal)), "", "{field:?}");
        }
    }
}

#[test]
fn a_field_that_is_only_suspicious_is_warned_of() {
    let found = route_warnings(&route("data/token"));
    assert!(found.starts_with("last4.toml:5: route[0].fields[0]: a name is compared literally"), "{found}");
    assert!(found.contains("\"$.data.token\"") && found.contains("\"$..['data/token']\""), "{found}");
    for field in
        ["token", "api key", "to-ken", "_token", "t\u{f6}ken", "xmlns:token", "0", "$..['data/token']", "$.a[*].b"]
    {
        assert_eq!(route_warnings(&route(field)), "", "{field}");
    }
}

#[test]
fn an_index_is_refused_with_what_to_write_in_fields_and_in_reveal_fields() {
    for path in ["$.a[0].b", "$.a.0.b"] {
        let found = route_problems(&route(path));
        assert!(found.contains("write `[*]` for every element"), "{found}");
    }
    assert_eq!(route_warnings(&route("$.a[*].b")), "");
    for (path, advice) in [
        ("$.a[0].b", "values in an array are never revealed"),
        ("$.a.0.b", "values in an array are never revealed"),
        ("$.a[?(@.x)].b", "values in an array are never revealed"),
        ("$.a[*].b", "must be a path of plain names"),
        ("token", "write \"$.token\""),
    ] {
        let found = route_problems(&format!("{}\nreveal = [\"POST\"]\nreveal_fields = [{path:?}]", route("b")));
        assert!(found.starts_with("last4.toml:7: route[0].reveal_fields[0]: "), "{found}");
        assert!(found.contains(advice) && !found.contains("[*]"), "{path}: {found}");
    }
}

#[test]
fn a_method_that_reads_or_creates_nothing_reveals_nothing() {
    for method in ["QUERY", "PROPFIND", "SEARCH", "REPORT", "LIST", "M-SEARCH", "query"] {
        let found = route_problems(&format!("{}\nreveal = [\"{method}\"]", route("token")));
        assert!(found.contains("reads, and would reveal") && found.contains("such as \"POST\""), "{method}: {found}");
    }
    for method in ["OPTIONS", "TRACE", "CONNECT", "PRI", "DELETE", "delete"] {
        let found = route_problems(&format!("{}\nreveal = [\"{method}\"]", route("token")));
        assert!(found.contains("creates nothing: leave it out"), "{method}: {found}");
    }
    for method in ["POST", "PUT", "PATCH", "MKCOL"] {
        assert_eq!(route_warnings(&format!("{}\nreveal = [\"{method}\"]", route("token"))), "", "{method}");
    }
}
