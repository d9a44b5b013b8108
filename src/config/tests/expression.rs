//! Regular expressions that mask nothing, or less than intended.

use super::*;
use crate::config::checks::{expression, field, form_control, path};
use crate::config::source::environment;
use proptest::prelude::ProptestConfig;

fn route(expression: &str) -> String {
    format!("path_regex = '{expression}'\nfields = [\"token\"]")
}

#[test]
fn an_expression_that_matches_nothing_is_refused_with_what_to_write() {
    for (expression, advice) in [
        ("", "write one such as \"/apps/[^/]+/keys\""),
        ("^api/keys", "write \"/api/keys\""),
        ("^api/[^/]+/keys$", "write \"/api/[^/]+/keys$\""),
        ("(a|b)/keys", "write \"/(a|b)/keys\""),
        ("(?:a|b)/keys", "write \"/(?:a|b)/keys\""),
        ("[^/]+/keys", "write \"/[^/]+/keys\""),
        ("v1/keys", "write \"/v1/keys\""),
        ("/a/keys|b/keys", "in every alternative"),
        ("(/a/keys|b/keys)", "in every alternative"),
        ("[^\\x00-\\xff]", "matches nothing"),
        ("/v1$/keys", "matches no normalized path"),
        ("/v1/^keys", "matches no normalized path"),
        ("./v1/keys", "matches no normalized path"),
        ("/v1/keys\\?page=.*", "the query is not part of the path"),
        ("/v1/keys#x", "the query is not part of the path"),
        ("/v1/my%20keys", "written decoded"),
        ("/v1/my(%20|%2B)keys", "written decoded"),
        ("/v1\\\\keys", "a backslash is read as `/`"),
        ("/v1/keys\\n", "control characters"),
        ("/v1//keys", "single slashes"),
        ("/v1/\\./keys", "`.` and `..` are resolved"),
        ("/v1/\\.\\./keys", "`.` and `..` are resolved"),
        ("/v1/:id/keys", "a placeholder is written `[^/]+`"),
        ("/v1/<id>/keys", "a placeholder is written `[^/]+`"),
        ("/v1/keys/", "at the end of a path are dropped"),
        ("/v1/keys/$", "at the end of a path are dropped"),
        ("/v1/keys ", "at the end of a path are dropped"),
        ("/v1/keys(/|\\.)", "at the end of a path are dropped"),
        ("/v1/a|/v1/b/", "at the end of a path are dropped"),
        ("(?-i)/v1/keys", "leave out `(?-i)`"),
        ("/v1/(?-i:keys)", "leave out `(?-i)`"),
        ("/v1/{id}/keys", "a template is written path = \"/v1/{id}/keys\""),
    ] {
        let found = route_problems(&route(expression));
        assert!(found.starts_with("last4.toml:4: route[0].path_regex: "), "{expression}: {found}");
        assert!(found.contains(advice), "{expression}: {found}");
        assert_eq!(found.matches("last4.toml").count(), 1, "{expression}: {found}");
    }
}

#[test]
fn an_expression_that_is_narrower_than_what_servers_take_is_warned_of() {
    let expressions = r"/apps/[0-9]+/keys  /apps/\d+/keys  /apps/[a-z]+/keys  /apps/[a-f0-9-]{36}/keys
             /apps/[[:digit:]]+/keys  /apps/\w+/keys  /apps/(?P<id>[A-Za-z0-9_-]+)/keys
             /apps/[0-9a-f]{8}-[0-9a-f]{4}/keys  /apps/([0-9]+|me)/keys  /apps(/[0-9]+)?/keys
             /apps/[0-9][0-9][0-9]/keys  /apps/[^/.]+/keys";
    for expression in cases(expressions) {
        let found = route_warnings(&route(expression));
        assert!(found.starts_with("last4.toml:4: route[0].path_regex: is narrower than"), "{expression}: {found}");
        assert!(found.contains("write `[^/]+`"), "{found}");
    }
    for (expression, advice) in [
        ("/apps/*/keys", "for one segment write `/[^/]+`"),
        ("/apps/+keys", "for one segment write `/[^/]+`"),
        ("/apps/keys\\.json", "extension .json"),
        ("/apps/keys;v=1", "parameters after `;`"),
    ] {
        let found = route_warnings(&route(expression));
        assert!(found.contains(advice), "{expression}: {found}");
    }
}

#[test]
fn an_expression_that_is_right_is_neither_refused_nor_warned_of() {
    let expressions = r"/  /keys  ^/keys/?$  .*  /.*  /(apps|datasets)/[^/]+/api-keys  /apps(/[^/]+)*/keys  /v[12]/keys
             /v\d/keys  /v1/a|/v1/b  (?:/a|/b)/keys  (/api)?/keys  /apps/[^/?]+/keys  /apps/.+/keys
             /a/keys\.list  /my keys  (?x) /a /keys  /odata/\$batch";
    for expression in cases(expressions) {
        assert_eq!(route_warnings(&route(expression)), "", "{expression}");
    }
}

proptest::proptest! {
    #![proptest_config(ProptestConfig { failure_persistence: None, ..ProptestConfig::default() })]

    /// Each accepted expression must match at least one of all short canonical paths.
    #[test]
    fn an_expression_that_is_accepted_matches_some_plain_path(
        parts in proptest::collection::vec(
            proptest::sample::select(vec![
                "/", "/a", "b", "(", ")", "|", "*", "+", "?", "\\?", "%", "\\.", ".", "^", "$", "[^/]+", "(?-i)", "{2}", "\\\\", "/..",
            ]),
            1..7,
        )
    ) {
        let text = parts.concat();
        if let Ok(pattern) = expression::expression(&text) {
            let matcher = regex::Regex::new(&format!(r"\A(?:{})\z", pattern.as_str())).unwrap();
            let is_long = text.contains("{2}") || text.matches(['/', 'a', 'b', '.']).count() > 6;
            proptest::prop_assert!(is_long || plain_paths().any(|path| matcher.is_match(&path)), "{}", text);
        }
    }

    #[test]
    fn no_text_makes_a_check_panic(text in "\\PC{0,12}|[/{}*:<>\\[\\]()|.$\\\\a ;,'\"-]{0,12}") {
        let _ = expression::expression(&text).map(|_| expression::suspicion(&text));
        let _ = path::path(&text).map(|_| path::suspicion(&text));
        let _ = compile_fields(std::slice::from_ref(&text), false);
        let _ = field::suspicion(&text);
        let _ = form_control::selects_control(&text);
        let _ = environment::is_injected(&text, &text);
    }
}

/// Returns all canonical paths of up to six characters, over the alphabet `/`, `a`, `b`, `.`.
fn plain_paths() -> impl Iterator<Item = String> {
    let longer = |texts: &[String]| -> Vec<String> {
        texts.iter().flat_map(|text| ["/", "a", "b", "."].map(|end| format!("{text}{end}"))).collect()
    };
    let mut all = vec![vec!["/".to_owned()]];
    for _ in 0..5 {
        all.push(longer(all.last().unwrap()));
    }
    all.into_iter().flatten().filter(|path| {
        let dropped =
            path.contains("//") || path.ends_with(['/', '.']) || path.split('/').any(|one| one == "." || one == "..");
        path == "/" || !dropped
    })
}
