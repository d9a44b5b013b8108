//! The `[[route]]` tables.

use super::*;
use crate::layer::Mode;

#[test]
fn a_route_masks_unless_its_mode_or_the_top_level_one_is_observe() {
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

#[test]
fn every_problem_of_a_route_says_what_to_write_instead() {
    let path = "path = \"/keys\"";
    let cases = r#"
        fields = ["token"] => 2: route[0].path: missing: the path of the requests, such as path = "/api/apps/{app_id}/keys"
        path = "/a" & path_regex = "/a" & fields = ["token"] => 2: route[0]: has both `path` and `path_regex`: keep one
        path = "keys" & fields = ["token"] => 4: route[0].path: a path begins with `/`: write "/keys"
        path = "/a{b}" & fields = ["token"] => 4: route[0].path: a placeholder is a whole segment: `{name}` for one segment, `{*name}` for any number
        {path} => 2: route[0].fields: missing: what to mask, such as fields = ["token"]
        {path} & fields = [] => 5: route[0].fields: an empty list masks nothing: name a field, such as ["token"]
        {path} & fields = "token" => 5: route[0].fields: must be a list in square brackets, not a text
        {path} & fields = [ &   "a", &   1, & ] => 7: route[0].fields[1]: must be a text in double quotes, not a number
        {path} & fields = ["data.token"] => 5: route[0].fields[0]: a name is compared literally, at any depth: for a path write "$.data.token", for a member of exactly that name "$..['data.token']"
        {path} & fields = ["$.a b"] => 5: route[0].fields[0]: not a path: write names as `.name` or `['name']`, any member or element as `.*` or `[*]`, any depth as `..name` &     $.a b &       ^
        {fields} & reveal = ["GET"] => 6: route[0].reveal[0]: `GET` would reveal every list: name the method that creates, such as "POST"
        {fields} & reveal = ["POST", "TRACE"] => 6: route[0].reveal[1]: `TRACE` creates nothing: leave it out
        {fields} & reveal = ["post"] => 6: route[0].reveal[0]: methods are case-sensitive: write "POST"
        {fields} & reveal = ["P T"] => 6: route[0].reveal[0]: not a method: write one such as "POST"
        {fields} & reveal_fields = ["$.token"] => 6: route[0].reveal_fields: has no effect without `reveal`: add reveal = ["POST"], or leave it out
        {fields} & reveal = ["POST"] & reveal_fields = ["$..token"] => 7: route[0].reveal_fields[0]: a revealed field must be a path of plain names, such as "$.data.token": a wildcard could reveal a list
        {fields} & reveal = ["POST"] & ndjson = true => 6: route[0].reveal: has no effect with ndjson = true, where an answer has many values: leave it out
        {fields} & ellipsis = "" => 6: route[0].ellipsis: `ellipsis` must not be empty: write at least one character, such as "..."
        {fields} & first = 65 => 6: route[0].first: must be a whole number from 0 to 64
        {fields} & mode = "observ" => 6: route[0].mode: must be one of "enforce", "observe"; did you mean "observe"?
        {fields} & model = "observe" => 6: route[0].model: unknown key: did you mean `mode`?
        {fields} & method = "GET" => 6: route[0].method: unknown key: known here are"#;
    for (lines, expected) in table(cases) {
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
fn single_brackets_are_refused_with_double_ones() {
    for (key, rest) in [
        ("route", "name = \"keys\"\npath = \"/keys\"\nfields = [\"token\"]"),
        ("page", "path = \"/x\"\nhide = [\"a\"]"),
    ] {
        let found = problems(&format!(
            "{}\n[{key}]\n{rest}",
            if key == "page" { MINIMAL } else { "upstream.url = \"http://api\"" }
        ));
        assert!(found.contains(&format!("{key}: there may be several: write `[[{key}]]`")), "{found}");
        assert_eq!(found.lines().count(), 1, "{found}");
    }
}
