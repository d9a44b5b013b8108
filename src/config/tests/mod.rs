//! Whole messages and whole configurations, by table.
//!
//! Compiled for tests alone (`mod.rs` says `#[cfg(test)]`): no input of the program reaches an `unwrap` here, and one that fails is a
//! failed test.

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

fn environment<const N: usize>(variables: [(&str, &str); N]) -> Vec<(OsString, OsString)> {
    variables.map(|(name, value)| (name.into(), value.into())).into()
}

/// What is wrong with a file whose one route has these lines, the first of them line 4, beside an upstream and a name.
fn route_problems(lines: &str) -> String {
    problems(&format!("upstream.url = \"http://api\"\n[[route]]\nname = \"keys\"\n{lines}"))
}

/// A text as TOML has it, whatever is in it.
fn toml(text: &str) -> String {
    let escaped = text.chars().map(|c| match c {
        '"' | '\\' => format!("\\{c}"),
        _ if c.is_control() => format!("\\u{:04X}", u32::from(c)),
        _ => c.to_string(),
    });
    format!("\"{}\"", escaped.collect::<String>())
}

/// What is suspicious in a file that is otherwise right.
fn warnings(text: &str) -> String {
    let config = load(&file(text)).unwrap_or_else(|problems| panic!("{problems}"));
    config.warnings.iter().map(ToString::to_string).collect::<Vec<_>>().join("\n")
}

/// What is suspicious in a file whose one route has these lines, the first of them line 4.
fn route_warnings(lines: &str) -> String {
    warnings(&format!("upstream.url = \"http://api\"\n[[route]]\nname = \"keys\"\n{lines}"))
}

fn problems(text: &str) -> String {
    load(&file(text)).map(|_| text).expect_err("no problem").to_string()
}
