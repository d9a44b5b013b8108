//! Routes that cancel what another reveals.
//!
//! Compiled for tests alone (`mod tests` is `#[cfg(test)]`): no input of the program reaches an `unwrap` here.

use super::*;

/// What is suspicious in a file with two routes, `one` and `two`: their paths and further keys.
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
    for (one, two, path) in [
        ("/api/variables", "/api/variables/{*rest}", "/api/variables"),
        ("/api/{a}/keys", "/api/admin/{b}", "/api/admin/keys"),
        ("/api/{*a}/keys", "/{*b}/v1/{c}", "/api/x/v1/keys"),
        ("/{*all}", "/api/KEYS", "/api/KEYS"),
        ("/{*all}", "/", "/"),
        ("/api/{*a}/x/{*b}/y", "/api/x/{c}/{d}/{e}", "/api/x/x/x/y"),
        ("/api/{id}/keys", "^/api/.*", "/api/x/keys"),
        ("^/api/[^/]+/keys$", "/api/{*rest}", "/api/a/keys"),
        ("^/api/[^/]+/keys", "^/api/.*/?keys", "/api/a/keys"),
    ] {
        let found = of([one, POST], [two, ""]);
        let expected = format!(
            "last4.toml:6: route[0].reveal: nothing is revealed to POST where the route \"two\" ({two}) is on the path \
             too, such as \"{path}\": write POST in its `reveal` too, or narrow one of the two paths"
        );
        assert_eq!(found, expected, "{one} {two}");
        assert_eq!(of([one, POST], [two, POST]), "", "{one} {two}");
        assert_eq!(of([one, POST], [two, "mode = \"observe\""]), "", "{one} {two}");
        assert_eq!(of([one, ""], [two, ""]), "", "{one} {two}");
    }
}

#[test]
fn routes_that_have_no_path_in_common_are_not() {
    for (one, two) in [
        ("/api/keys", "/api/keys/{id}"),
        ("/api/{a}/keys", "/api/{b}/tokens"),
        ("/a/{*x}", "/b/{*x}"),
        ("/api/{*a}/keys", "/api/{*b}/tokens"),
        ("/api/keys", "^/api/keys/.+"),
    ] {
        assert_eq!(of([one, POST], [two, ""]), "", "{one} {two}");
    }
}

#[test]
fn routes_that_reveal_different_fields_are_named_once() {
    let found = of(["/api/{a}", POST], ["/{a}/keys", "reveal = [\"POST\"]\nreveal_fields = [\"$.data.token\"]"]);
    assert!(found.contains("give both the same `reveal_fields`") && found.lines().count() == 1, "{found}");
    let found = of(["/api/{a}", "reveal = [\"PUT\", \"POST\"]"], ["/{a}/keys", POST]);
    assert!(found.contains("nothing is revealed to PUT") && found.lines().count() == 1, "{found}");
}

#[test]
fn the_route_of_a_preset_that_another_cancels_is_named_too() {
    let found =
        warnings(&format!("presets = [\"dify\"]\n{MINIMAL}").replace("\"/keys\"", "\"/console/api/apps/{*rest}\""));
    assert!(found.starts_with("preset dify:") && found.contains("the route \"keys\""), "{found}");
    assert_eq!(found.lines().count(), 1, "{found}");
    assert_eq!(warnings(&format!("presets = [\"dify\"]\n{MINIMAL}")), "");
}
