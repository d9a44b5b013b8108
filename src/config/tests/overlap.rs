//! Routes that cancel each other's `reveal`.

use super::*;

/// Returns the warnings of a file with two routes. Each argument has a route's path and its other
/// keys.
fn of(one: [&str; 2], two: [&str; 2]) -> String {
    let key = |path: &str| if path.starts_with('^') { "path_regex" } else { "path" };
    let route = |name: &str, [path, rest]: [&str; 2]| {
        format!("[[route]]\nname = \"{name}\"\n{} = \"{path}\"\nfields = [\"token\"]\n{rest}\n", key(path))
    };
    warnings(&format!("upstream.url = \"http://api\"\n{}{}", route("one", one), route("two", two)))
}

const POST: &str = "reveal = [\"POST\"]";

#[test]
fn a_route_that_cancels_what_another_reveals_is_named() {
    for (one, two) in [
        ("/api/variables", "/api/variables/{*rest}"),
        ("/api/{a}/keys", "/api/{b}/keys"),
        ("/api/{a}/keys", "/{*all}"),
        ("/api/keys", "/api/{id}"),
        ("/api/{*a}/keys", "/{*b}/KEYS"),
        ("/api/{id}/keys", "^/api/.*"),
        ("^/api/[^/]+/keys$", "/api/{*rest}"),
        ("^/api/[^/]+/keys", "^/api/.*/?keys"),
    ] {
        let expected = format!(
            "last4.toml:6: route[0].reveal: reveals nothing to POST, because the route \"two\" ({two}) matches the same paths: \
             write POST in its `reveal` too, or narrow its path"
        );
        assert_eq!(of([one, POST], [two, ""]), expected, "{one} {two}");
        assert_eq!(of([one, POST], [two, POST]), "", "{one} {two}");
        assert_eq!(of([one, POST], [two, "mode = \"observe\""]), "", "{one} {two}");
        assert_eq!(of([one, ""], [two, ""]), "", "{one} {two}");
    }
}

#[test]
fn routes_that_meet_nowhere_or_on_some_paths_alone_are_not() {
    for (one, two) in [
        ("/api/keys", "/api/keys/{id}"),
        // The second route covers only a part of the first one's paths: it may be an exception.
        ("/api/{*rest}", "/api/admin/keys"),
        ("/console/api/{*of}/api-keys", "/console/api/datasets/external-knowledge-api/{id}"),
        ("/{*all}", "/"),
        ("/api/{a}/keys", "/api/{b}/tokens"),
        ("/a/{*x}", "/b/{*x}"),
        ("/api/{*a}/keys", "/api/{*b}/tokens"),
        ("/api/keys", "^/api/keys/.+"),
    ] {
        assert_eq!(of([one, POST], [two, ""]), "", "{one} {two}");
    }
}

#[test]
fn routes_that_reveal_differently_are_named() {
    let found = of(["/api/{a}", POST], ["/api/{b}", "reveal = [\"POST\"]\nreveal_fields = [\"$.data.token\"]"]);
    assert!(found.contains("give both the same `reveal_fields`") && found.lines().count() == 2, "{found}");
    let found = of(["/api/{a}", "reveal = [\"PUT\", \"POST\"]"], ["/api/{b}", POST]);
    assert!(found.contains("reveals nothing to PUT") && found.lines().count() == 1, "{found}");
}

#[test]
fn the_route_of_a_preset_that_another_cancels_is_named_too() {
    let found =
        warnings(&format!("presets = [\"dify\"]\n{MINIMAL}").replace("\"/keys\"", "\"/console/api/apps/{*rest}\""));
    assert!(found.starts_with("preset dify:") && found.contains("the route \"keys\""), "{found}");
    assert_eq!(found.lines().count(), 1, "{found}");
    assert_eq!(warnings(&format!("presets = [\"dify\"]\n{MINIMAL}")), "");
}
