//! Whole messages and whole configurations, by table.
//!
//! Compiled for tests alone (`mod.rs` says `#[cfg(test)]`): no input of the program reaches an `unwrap` here, and one that fails is a
//! failed test.

mod example;
mod masking;
mod page;
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

fn problems(text: &str) -> String {
    load(&file(text)).unwrap_err().to_string()
}
