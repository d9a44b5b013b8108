//! `last4 explain`: shows what the proxy would do with a request, and why. Uses the proxy's own
//! code for matching paths to routes.

use super::CliError;
use super::args::{ExplainArgs, sources};
use super::output::{aligned, print};
use crate::config::{self, RouteDescription, Routes};
use crate::layer::{
    Mode, WriteBack, body_holds_masked_value, body_overrides_method, overrides_method, target_holds_masked_value,
};
use crate::route::CanonicalPath;
use http::header::CONTENT_TYPE;
use http::{HeaderMap, HeaderValue, Method};
use std::fmt::Write;
use std::fs;

pub(super) fn explain(args: ExplainArgs) -> Result<(), CliError> {
    if !args.target.starts_with('/') && !args.target.contains("://") && args.target != "*" {
        let message =
            "not a request target: write a path, such as /console/api/apps/7/api-keys, or a whole URL".to_owned();
        return Err(CliError::Flag { flag: "TARGET", message });
    }
    let mut sources = args.presets.apply(sources(args.config.config));
    let mut text = String::new();
    if !sources.may_name_routes() {
        text.push_str("(no configuration or preset named: using the routes of the preset `dify`)\n\n");
        sources = sources.with_preset("dify");
    }
    let body = match &args.body {
        Some(file) => fs::read(file).map_err(|error| CliError::Flag {
            flag: "--body",
            message: format!("cannot read {}: {error}", file.display()),
        })?,
        None => Vec::new(),
    };
    text.push_str(&explanation(&args.method, &args.target, &body, &config::load_routes(&sources)?));
    print(&text)
}

/// Explains what happens to a request. The last line is the conclusion.
fn explanation(method: &Method, target: &str, body: &[u8], routes: &Routes) -> String {
    let mut text = format!("{method} {}\n\n", target.escape_debug());
    let path = match CanonicalPath::new(target.as_bytes()) {
        Ok(path) => path,
        Err(error) => return format!("{text}refused with 400 (ambiguous-path): {error}\n"),
    };
    text.push_str("The path can be read as (* on a masked route):\n");
    text.push_str(&readings(&path, routes));
    text.push('\n');
    if let Some(route) = target_holds_masked_value(&routes.set, target).and_then(|at| routes.described.get(at)) {
        let holds = format!("the target holds a masked value, as route {} shows it", route.name);
        if route.mode == Mode::Enforce {
            return text + &format!("refused with 409 (masked-value): {holds}\n");
        }
        let _ = writeln!(text, "counted, since that route only observes: {holds}");
    }
    let mut found: Vec<_> =
        routes.set.find(&path).filter_map(|found| Some((found.route, routes.described.get(found.position)?))).collect();
    if found.is_empty() {
        return text + &off_routes(&path, routes);
    }
    for (_, described) in &found {
        let _ = writeln!(text, "{}: masks {}", described.name, described.fields.join(", "));
    }
    // If any of the routes masks, routes in observe mode do not matter.
    found.retain(|(route, _)| route.rule.mode() == Mode::Enforce);
    if found.is_empty() {
        return text + "observed: passes unchanged, because its routes are in observe mode; only metrics are counted\n";
    }
    let holder = found.iter().find(|(route, _)| body_holds_masked_value(&route.rule, &form(), body));
    if let Some((_, described)) = holder {
        let name = &described.name;
        return text
            + &format!("refused with 409 (masked-value): the body holds a masked value in a field of route {name}\n");
    }
    if !body.is_empty() {
        let passes = found.iter().any(|(route, _)| route.rule.write_back() == WriteBack::Pass);
        let why =
            if passes { "write_back = \"pass\" lets any pass" } else { "it holds no masked value in a selected field" };
        let _ = writeln!(text, "the body passes: {why}");
    }
    let silent = found.iter().find(|(route, _)| !route.rule.may_reveal(method)).map(|(_, described)| *described);
    text.push_str(&match silent {
        _ if overrides_method(&HeaderMap::new(), target) => {
            "masked: `_method` in the query may make the upstream take another method, so nothing is revealed\n".to_owned()
        }
        _ if body_overrides_method(body) => {
            "masked: the body may make the upstream take another method, so nothing is revealed\n".to_owned()
        }
        Some(described) => format!("masked: {}\n", why_silent(method, described)),
        None if !agree(&found) => "masked: the routes reveal different fields, so nothing is revealed\n".to_owned(),
        None => format!(
            "revealed in successful (2xx) answers, where {} unchanged; deeper fields and all other answers are masked\n",
            revealed(found.iter().map(|(_, described)| *described))
        ),
    });
    text
}

/// The head of a request whose body is read as a form, unless it starts like JSON.
fn form() -> HeaderMap {
    HeaderMap::from_iter([(CONTENT_TYPE, HeaderValue::from_static("application/x-www-form-urlencoded"))])
}

fn off_routes(path: &CanonicalPath<'_>, routes: &Routes) -> String {
    let page = routes.pages.set.find(path).next().and_then(|found| routes.pages.described.get(found.position));
    match page {
        Some(page) => {
            format!("not on a masked route: passes, and is rewritten if it is a page, by [[page]] {}\n", page.path)
        }
        None => "not on a masked route: passes untouched\n".to_owned(),
    }
}

fn readings(path: &CanonicalPath<'_>, routes: &Routes) -> String {
    let on_routes =
        |reading: &[u8]| {
            let on =
                routes.set.routes().iter().enumerate().filter(|(position, _)| {
                    routes.set.readings_on(*position, path).any(|matching| matching == reading)
                });
            on.map(|(_, route)| route.name.clone()).collect::<Vec<_>>().join(", ")
        };
    let row = |reading: &[u8]| {
        let names = on_routes(reading);
        let mark = if names.is_empty() { " " } else { "*" };
        [mark.to_owned(), reading.escape_ascii().to_string(), names]
    };
    aligned(&path.readings().map(row).collect::<Vec<_>>())
}

/// Returns whether all routes reveal the same fields. If they do not, the proxy reveals nothing.
fn agree<R>(found: &[(R, &RouteDescription)]) -> bool {
    found.windows(2).all(|pair| matches!(pair, [(_, one), (_, other)] if one.reveal_fields == other.reveal_fields))
}

fn why_silent(method: &Method, route: &RouteDescription) -> String {
    let names: Vec<_> = route.reveal.iter().map(Method::as_str).collect();
    match &*names {
        [] => format!("route {} reveals nothing", route.name),
        _ if names.iter().any(|name| name.eq_ignore_ascii_case(method.as_str())) => {
            format!("methods are case-sensitive, and route {} reveals to {}", route.name, names.join(", "))
        }
        _ => format!("route {} reveals only to {}", route.name, names.join(", ")),
    }
}

fn revealed<'a>(routes: impl Iterator<Item = &'a RouteDescription>) -> String {
    let paths: Vec<_> = routes.flat_map(|route| &route.reveal_fields).map(String::as_str).collect();
    match &*paths {
        [] => "the fields of the top-level object pass".to_owned(),
        _ => format!("{} passes", paths.join(", ")),
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::config::Sources;

    fn explained(method: &Method, target: &str) -> String {
        explanation(method, target, b"", &config::load_routes(&Sources::default().with_preset("dify")).unwrap())
    }

    fn conclusion(method: &Method, target: &str) -> String {
        explained(method, target).lines().last().unwrap().to_owned()
    }

    #[test]
    fn a_strange_spelling_shows_which_reading_of_it_is_on_a_route() {
        assert_eq!(
            explained(&Method::GET, "/console/api/datasets/%61pi-keys?page=1"),
            "GET /console/api/datasets/%61pi-keys?page=1\n\n\
             The path can be read as (* on a masked route):\n\
             \x20  /console/api/datasets/%61pi-keys\n\
             *  /console/api/datasets/api-keys    workspace-dataset-keys\n\n\
             workspace-dataset-keys: masks token\n\
             masked: route workspace-dataset-keys reveals only to POST\n"
        );
    }

    #[test]
    fn the_conclusion_says_what_happens_and_why() {
        let keys = "/console/api/apps/7/api-keys";
        for (method, target, expected) in [
            (Method::GET, "/health".to_owned(), "not on a masked route: passes untouched"),
            (
                Method::GET,
                "/a/%zz".to_owned(),
                "refused with 400 (ambiguous-path): the path holds an escape that cannot be decoded",
            ),
            (Method::GET, keys.to_owned(), "masked: route app-keys reveals only to POST"),
            (Method::DELETE, format!("{keys}/1"), "not on a masked route: passes untouched"),
            (Method::POST, format!("{keys}?%5Fmethod=GET"), "masked: `_method` in the query may make"),
            (
                Method::POST,
                keys.to_owned(),
                "revealed in successful (2xx) answers, where the fields of the top-level object pass",
            ),
            (
                "post".parse().unwrap(),
                keys.to_owned(),
                "masked: methods are case-sensitive, and route app-keys reveals to POST",
            ),
        ] {
            let found = conclusion(&method, &target);
            assert!(found.starts_with(expected), "{method} {target}: {found}");
        }
    }

    #[test]
    fn a_masked_value_is_refused_in_a_target_and_in_a_body() {
        let text = r#"route = [{ name = "keys", path = "/keys", fields = ["token"], reveal = ["POST"] }]"#;
        let routes = config::load_routes(&Sources::default().with_text("last4.toml", text)).unwrap();
        let of = |target, body: &str| {
            let text = explanation(&Method::POST, target, body.as_bytes(), &routes);
            text.lines().last().unwrap().to_owned()
        };
        for (target, body, expected) in [
            (
                "/keys/app-8...cY5d",
                "",
                "refused with 409 (masked-value): the target holds a masked value, as route keys",
            ),
            (
                "/keys",
                r#"{"token":"***"}"#,
                "refused with 409 (masked-value): the body holds a masked value in a field",
            ),
            (
                "/keys",
                "token=app-8...cY5d",
                "refused with 409 (masked-value): the body holds a masked value in a field",
            ),
            ("/keys", r#"{"token":"new"}"#, "revealed in successful (2xx) answers"),
            ("/keys", "_method=GET", "masked: the body may make the upstream take another method"),
        ] {
            assert!(of(target, body).starts_with(expected), "{target} {body}: {}", of(target, body));
        }
    }

    #[test]
    fn a_page_is_named_where_no_route_masks() {
        let text = "[[page]]\npath = \"/{*rest}\"\nhide = [\"a\"]";
        let sources = Sources::default().with_preset("dify").with_text("last4.toml", text);
        let routes = config::load_routes(&sources).unwrap();
        let of = |target| explanation(&Method::GET, target, b"", &routes).lines().last().unwrap().to_owned();
        assert_eq!(
            of("/apps"),
            "not on a masked route: passes, and is rewritten if it is a page, by [[page]] /{*rest}"
        );
        assert_eq!(of("/console/api/apps/7/api-keys"), "masked: route app-keys reveals only to POST");
    }

    #[test]
    fn two_routes_reveal_only_what_both_do() {
        let text = r#"
            route = [
                { name = "one", path = "/{a}/keys", fields = ["token"], reveal = ["POST"] },
                { name = "two", path = "/a/{b}", fields = ["token"], reveal = ["POST"], reveal_fields = ["$.data.token"] },
            ]"#;
        let routes = config::load_routes(&Sources::default().with_text("last4.toml", text)).unwrap();
        let of = |target| explanation(&Method::POST, target, b"", &routes).lines().last().unwrap().to_owned();
        assert!(of("/a/b").starts_with("revealed in successful (2xx) answers, where $.data.token passes"));
        assert_eq!(of("/a/keys"), "masked: the routes reveal different fields, so nothing is revealed");
    }
}
