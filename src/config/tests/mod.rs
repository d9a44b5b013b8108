//! Tests of configurations and messages, one module per table. Each test loads a whole file.

mod example;
mod expression;
mod field;
mod masking;
mod overlap;
mod page;
mod path;
mod route;
mod server;
mod sources;
mod tls;

use super::*;
use std::ffi::OsString;

const MINIMAL: &str = r#"
[upstream]
url = "http://api:5001"

[[route]]
name = "keys"
path = "/keys"
fields = ["token"]
"#;

const EXAMPLE: &str = include_str!("../../../config/last4.toml");

fn file(text: &str) -> Sources {
    Sources::default().with_text("last4.toml", text)
}

fn environment<'a>(variables: impl IntoIterator<Item = (&'a str, &'a str)>) -> Vec<(OsString, OsString)> {
    variables.into_iter().map(|(name, value)| (name.into(), value.into())).collect()
}

/// Returns a file with one route that has `lines`. They start at line 4 of the file.
fn with_route(lines: &str) -> String {
    format!("upstream.url = \"http://api\"\n[[route]]\nname = \"keys\"\n{lines}")
}

/// Splits a text into cases, which are separated by two spaces or by line feeds.
fn cases(text: &str) -> impl Iterator<Item = &str> {
    text.split("  ").flat_map(str::lines).map(str::trim).filter(|case| !case.is_empty())
}

/// Splits a text into rows of the form `input => expected`, one per line. In both parts, ` & `
/// means a line feed.
fn table(text: &str) -> impl Iterator<Item = (String, String)> {
    let feeds = |cell: &str| cell.trim_start().replace(" & ", "\n");
    text.lines().filter_map(|row| row.split_once(" => ")).map(move |(input, expected)| (feeds(input), feeds(expected)))
}

/// Quotes a text for TOML.
fn toml(text: &str) -> String {
    let escaped = text.chars().map(|c| match c {
        '"' | '\\' => format!("\\{c}"),
        _ if c.is_control() => format!("\\u{:04X}", u32::from(c)),
        _ => c.to_string(),
    });
    format!("\"{}\"", escaped.collect::<String>())
}

/// Returns the errors of a file.
fn problems(text: &str) -> String {
    load(&file(text)).map(|_| text).expect_err("no problem").to_string()
}

fn route_problems(lines: &str) -> String {
    problems(&with_route(lines))
}

/// Returns the warnings of a valid file.
fn warnings(text: &str) -> String {
    let config = load(&file(text)).unwrap_or_else(|problems| panic!("{problems}"));
    config.warnings.iter().map(ToString::to_string).collect::<Vec<_>>().join("\n")
}

fn route_warnings(lines: &str) -> String {
    warnings(&with_route(lines))
}
