//! Path templates that mask nothing. The errors and warnings contain the likely template.

use super::*;
use crate::config::checks::path::path;
use crate::route::{CanonicalPath, Route, RouteSet};
use proptest::prelude::ProptestConfig;

/// Returns the lines of a route with this path.
fn route(path: &str) -> String {
    format!("path = {}\nfields = [\"token\"]", toml(path))
}

/// Returns the template that a message advises.
fn cure(message: &str) -> Option<String> {
    let (_, written) = message.rsplit_once("write \"")?;
    Some(written[..written.rfind('"')?].replace("\\\\", "\\"))
}

#[test]
fn a_template_that_matches_nothing_is_refused_with_the_one_that_was_meant() {
    for (path, meant) in [
        // Spaces and invisible characters of copied texts.
        ("/v1/keys ", "/v1/keys"),
        ("/v1 /keys", "/v1/keys"),
        (" /v1/keys", "/v1/keys"),
        ("/v1/keys\u{a0}", "/v1/keys"),
        ("/v1/\u{200b}keys", "/v1/keys"),
        ("/v1/keys\u{feff}", "/v1/keys"),
        ("/v1/keys\r", "/v1/keys"),
        ("/v1/\tkeys", "/v1/keys"),
        // Parts of a path that servers resolve before they compare paths.
        ("/a/../b", "/b"),
        ("/a/./b", "/a/b"),
        ("/a/b/..", "/a"),
        ("/v1\\keys", "/v1/keys"),
        ("/v1/keys.", "/v1/keys"),
        ("/v1/...", "/v1/{*rest}"),
        // Globs and expressions.
        ("/v1/keys*", "/v1/{keys}"),
        ("/v1/*", "/v1/{*rest}"),
        ("/v1/*/keys", "/v1/{any}/keys"),
        ("/v1/**", "/v1/{*rest}"),
        ("/v1/.*", "/v1/{*rest}"),
        ("/v1/[^/]+/keys", "/v1/{any}/keys"),
        ("/v1/[0-9]+/keys", "/v1/{any}/keys"),
        ("/v1/(\\d+)/keys", "/v1/{any}/keys"),
        // Express 4 and 5, path-to-regexp, Rails, Sinatra, Phoenix, gin, axum 0.7.
        ("/v1/:id/keys", "/v1/{id}/keys"),
        ("/v1/:id.json", "/v1/{id}"),
        ("/v1/:rest*", "/v1/{*rest}"),
        ("/v1/*splat", "/v1/{*splat}"),
        ("/v1/keys(.:format)", "/v1/keys"),
        ("/v1/:id(.:format)", "/v1/{id}"),
        // Next.js, SvelteKit, Astro.
        ("/v1/[id]/keys", "/v1/{id}/keys"),
        ("/v1/[user-id]/keys", "/v1/{user}/keys"),
        ("/v1/[...slug]", "/v1/{*slug}"),
        ("/v1/[[...slug]]", "/v1/{*slug}"),
        // Flask, Django, Bottle, Rocket.
        ("/v1/<id>/keys", "/v1/{id}/keys"),
        ("/v1/<int:id>/keys", "/v1/{id}/keys"),
        ("/v1/<path:rest>", "/v1/{*rest}"),
        ("/v1/<rest..>", "/v1/{*rest}"),
        // Spring, JAX-RS, gorilla, chi, actix, FastAPI, ASP.NET, Go 1.22, AWS, hapi, Envoy and
        // RFC 6570.
        ("/v1/{id:[0-9]+}/keys", "/v1/{id}/keys"),
        ("/v1/{id:[^/]+}/keys", "/v1/{id}/keys"),
        ("/v1/{id:int}/keys", "/v1/{id}/keys"),
        ("/v1/{id:\\d+}/keys", "/v1/{id}/keys"),
        ("/v1/{rest:.*}", "/v1/{*rest}"),
        ("/v1/{rest:path}", "/v1/{*rest}"),
        ("/v1/{**path}", "/v1/{*path}"),
        ("/v1/{path...}", "/v1/{*path}"),
        ("/v1/keys/{$}", "/v1/keys"),
        ("/v1/{proxy+}", "/v1/{*proxy}"),
        ("/v1/{rest*}", "/v1/{*rest}"),
        ("/v1/{path=**}", "/v1/{*path}"),
        ("/v1/{id?}", "/v1/{id}"),
        ("/v1/{+path}", "/v1/{*path}"),
        ("/v1/{ id }/keys", "/v1/{id}/keys"),
        ("/v1/${id}/keys", "/v1/{id}/keys"),
        ("/v1/{{id}}/keys", "/v1/{id}/keys"),
        // Placeholders that are only a part of a segment.
        ("/v1/{id}.json", "/v1/{id}"),
        ("/v1/{id/keys", "/v1/{id}/keys"),
        ("/v1/key-{id}/x", "/v1/{key}/x"),
        // Prefixes of a path: Go and OpenAPI, nginx, a URL.
        ("GET /v1/keys", "/v1/keys"),
        ("= /v1/keys", "/v1/keys"),
        ("https://api.example/v1/keys", "/v1/keys"),
        ("v1/keys", "/v1/keys"),
        // A query, a fragment, and quotes.
        ("/v1/keys?page=1", "/v1/keys"),
        ("/v1/keys#x", "/v1/keys"),
        ("/v1/\"keys\"", "/v1/{keys}"),
    ] {
        let found = route_problems(&route(path));
        assert!(found.starts_with("last4.toml:4: route[0].path: "), "{path:?}: {found}");
        assert_eq!(found.matches("last4.toml").count(), 1, "{path:?}: {found}");
        assert_eq!(cure(&found).unwrap_or_default(), meant, "{path:?}: {found}");
        if !meant.is_empty() {
            assert!(load(&file(&with_route(&route(meant)))).is_ok(), "{meant}");
        }
    }
}

#[test]
fn a_template_that_needs_an_expression_is_refused_with_the_expression() {
    for (path, advice) in [
        ("^/v1/keys$", "path_regex = \"^/v1/keys$\""),
        ("~ ^/v1/keys", "path_regex = \"^/v1/keys\""),
        ("/v1/(a|b)/keys", "path_regex = \"/v1/(a|b)/keys\""),
        ("/v1/%20", "written decoded"),
        ("/v1/keys(/:id)", "placeholders are written"),
    ] {
        let found = route_problems(&route(path));
        assert!(found.contains(advice), "{path}: {found}");
    }
}

#[test]
fn a_template_that_is_only_suspicious_is_warned_of() {
    for (path, meant) in [
        ("/v1/keys.json", "/v1/keys"),
        ("/v1/keys.XML", "/v1/keys"),
        ("/v1/apps/42713/keys", "/v1/apps/{id}/keys"),
        ("/v1/apps/3f2504e0-4f89-11d3-9a0c-0305e82c3301/keys", "/v1/apps/{id}/keys"),
        ("/v1/keys;v=1", "/v1/keys"),
        ("/v1/api\u{2013}keys", "/v1/api-keys"),
    ] {
        let found = route_warnings(&route(path));
        assert!(found.starts_with("last4.toml:4: route[0].path: "), "{path}: {found}");
        assert!(found.contains(&format!("write \"{meant}\"")), "{path}: {found}");
        assert_eq!(route_warnings(&route(meant)), "", "{path}");
    }
    let found = route_warnings(&route("/odata/{set}/$count"));
    assert!(found.contains("write \"/odata/{set}/{count}\""), "{found}");
    assert!(found.contains(r"path_regex = '/odata/[^/]+/\$count'"), "{found}");
    assert_eq!(route_warnings("path_regex = '/odata/[^/]+/\\$count'\nfields = [\"token\"]"), "");
}

#[test]
fn a_template_that_is_right_is_neither_refused_nor_warned_of() {
    for path in [
        "/", "/{*any}", "/api/0/projects/{org}/keys", "/v1/keys:list", "/Keys(1)/a.b", "/api/apps.list", "/index.php",
        "/v1/my keys", "/schl\u{fc}ssel", "/.well-known/keys", "/~user/@me/a+b/_x", "/v2/{path}/keys",
    ] {
        assert_eq!(route_warnings(&route(path)), "", "{path}");
    }
}

proptest::proptest! {
    #![proptest_config(ProptestConfig { failure_persistence: None, ..ProptestConfig::default() })]

    /// Makes a plain path from each accepted template, percent-encodes it as a client does, and
    /// expects it to be on the route.
    #[test]
    fn a_template_that_is_accepted_is_one_that_a_plain_request_is_on(
        parts in proptest::collection::vec(
            proptest::sample::select(vec![
                "/", "/a", "b", "/{x}", "/{*y}", ".", "..", " ", "*", ":a", "[a]", "(", ")", "$a", "\\", "%", "<", "+", "\u{200b}",
                "\u{e9}", "~", "|", "\t",
            ]),
            1..6,
        )
    ) {
        let text = parts.concat();
        if let Ok(pattern) = path(&text) {
            let path = text.replace("{x}", "x").replace("{*y}", "y");
            let segments: Vec<_> = path.split('/').skip(1).collect();
            let dropped = segments.iter().any(|one| matches!(*one, "." | "..") || one.starts_with(' ') || one.ends_with([' ', '.']));
            proptest::prop_assert!(!dropped && !path.contains(['\\', '%', '*', '[', '<', '\u{200b}', '\t']), "{}", text);
            let encoded: String = path.bytes().map(|byte| match byte {
                b'!'..=b'~' => char::from(byte).to_string(),
                _ => format!("%{byte:02X}"),
            }).collect();
            let routes = RouteSet::compile(vec![Route { name: String::new(), pattern, rule: () }]).unwrap();
            let read = CanonicalPath::new(encoded.as_bytes()).unwrap();
            proptest::prop_assert!(routes.find(&read).next().is_some(), "{} {}", text, encoded);
        }
    }
}
