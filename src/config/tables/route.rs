//! The `[[route]]` tables.

use super::field::{self, compile_fields, pointed};
use super::masking::Masking;
use crate::config::checks::expression;
use crate::config::checks::path;
use crate::config::read::table::{Located, Table, Target};
use crate::config::read::value::{choice, text, yes_or_no};
use crate::layer::{MaskRule, Mode};
use crate::mask::{Reveal, Rules, RulesError, SelectorError, Selectors};
use crate::route::{Pattern, Route};
use figment::value::Value;
use http::Method;

/// A route as it was written, for people to read.
#[derive(Clone, Debug, PartialEq, Eq)]
#[non_exhaustive]
pub struct RouteDescription {
    /// Its name.
    pub name: String,
    /// Its path, or its expression.
    pub path: String,
    /// Its fields.
    pub fields: Vec<String>,
    /// The methods that reveal.
    pub reveal: Vec<Method>,
    /// The paths that they reveal; none for the fields of the top-level object.
    pub reveal_fields: Vec<String>,
    /// Whether it masks or only observes.
    pub mode: Mode,
    /// The preset it comes from.
    pub preset: Option<String>,
}

/// A route that was read.
pub(in crate::config) struct Entry {
    pub(in crate::config) description: RouteDescription,
    /// Whether its path is an expression rather than a template.
    pub(in crate::config) is_expression: bool,
    /// Where it says what it reveals.
    pub(in crate::config) reveal: Located<()>,
    pub(in crate::config) route: Route<MaskRule>,
}

/// What holds for a route that says nothing else.
pub(in crate::config) struct RouteDefaults {
    pub(in crate::config) masking: Masking,
    pub(in crate::config) mode: Mode,
}

/// Whether to mask or only to observe.
pub(in crate::config) fn mode(value: &Value) -> Result<Mode, String> {
    choice(value, &[("enforce", Mode::Enforce), ("observe", Mode::Observe)])
}

/// Reads one `[[route]]`. `None` with at least one problem noted.
///
/// Its name goes to `names` whatever else is wrong with it.
pub(in crate::config) fn route(
    table: &mut Table<'_>,
    defaults: &RouteDefaults,
    names: &mut Vec<Located<String>>,
) -> Option<Entry> {
    let name = required(table, "name", "the route's name in logs, such as name = \"app-keys\"", name);
    let is_expression = table.contains("path_regex");
    let pattern = pattern(table);
    let ignore_case = table.read_or("ignore_case", false, yes_or_no);
    let ndjson = table.read("ndjson", yes_or_no);
    let mark = table.read("mark", mark);
    let fields = fields(table, ignore_case);
    let reveal = reveal(table, ndjson.as_ref().is_some_and(|given| given.value));
    let mode = table.read_or("mode", defaults.mode, mode);
    let masking = defaults.masking.overridden(table);
    let name = name.map(|given| {
        let name = given.value.clone();
        names.push(given);
        name
    });
    // Only now, so that every key was read and its problems noted.
    let (name, pattern, (fields, selectors), (methods, reveal_fields, revealed)) = (name?, pattern?, fields?, reveal?);
    if !methods.is_empty() && reveal_fields.is_empty() && !selectors.may_select_top_level() {
        table.error("reveal", REVEALS_NOTHING);
        return None;
    }

    if let Some(given) = mark.as_ref().filter(|given| fields.contains(&given.value)) {
        table.error(given, "is one of `fields`, which would be masked: choose another name");
        return None;
    }
    let rules = Rules::new(selectors)
        .with_policy(masking.policy)
        .with_max_depth(masking.max_depth)
        .with_ndjson(ndjson.is_some_and(|given| given.value));
    let rules = match &mark {
        Some(given) => rules.with_mark(&given.value),
        None => rules,
    };
    let rule = MaskRule::new(rules)
        .with_mode(mode)
        .with_reveal(methods.iter().cloned(), revealed)
        .with_hold_bytes(masking.hold_bytes)
        .with_max_body_bytes(masking.max_body_bytes);
    let description = RouteDescription {
        name: name.clone(),
        path: pattern.as_str().to_owned(),
        fields,
        reveal: methods,
        reveal_fields,
        mode,
        preset: None,
    };
    Some(Entry { description, is_expression, reveal: table.at("reveal"), route: Route { name, pattern, rule } })
}

const REVEALS_NOTHING: &str = "reveals nothing: it shows the fields of the top-level object, and `fields` names only deeper \
                               ones: say where a create has its secret, such as reveal_fields = [\"$.data.token\"]";

fn required<T>(
    table: &mut Table<'_>,
    key: &'static str,
    missing: &str,
    convert: impl FnOnce(&Value) -> Result<T, String>,
) -> Option<Located<T>> {
    if !table.contains(key) {
        table.missing(key, missing);
    }
    table.read(key, convert)
}

/// A name stands in metric labels and log lines, and so has a narrow alphabet.
fn name(value: &Value) -> Result<String, String> {
    let name = text(value)?;
    let plain =
        name != "-" && name.bytes().all(|byte| byte.is_ascii_alphanumeric() || matches!(byte, b'-' | b'_' | b'.'));
    // `-` stands for no route in metrics and log lines.
    if plain && (1..=64).contains(&name.len()) {
        Ok(name)
    } else {
        Err("a name is 1 to 64 letters, digits, `-`, `_` or `.`, such as \"app-keys\"".to_owned())
    }
}

pub(in crate::config) fn pattern(table: &mut Table<'_>) -> Option<Pattern> {
    let (has_path, has_regex) = (table.contains("path"), table.contains("path_regex"));
    let template = table.read("path", |value| path::path(&text(value)?));
    let regex = table.read("path_regex", |value| expression::expression(&text(value)?));
    for (given, suspicion) in [(&template, path::suspicion as fn(&str) -> _), (&regex, expression::suspicion)] {
        if let Some(given) = given
            && let Some(suspicion) = suspicion(given.value.as_str())
        {
            table.warn(given, suspicion);
        }
    }
    match (has_path, has_regex) {
        (true, true) => {
            table.error(Target::Table, "has both `path` and `path_regex`: keep one");
            None
        }
        (false, false) => {
            table.missing("path", "which requests, such as path = \"/api/apps/{app_id}/keys\"");
            None
        }
        _ => template.or(regex).map(|given| given.value),
    }
}

/// Fields as they were written, and compiled.
type Fields = (Vec<String>, Selectors);

fn fields(table: &mut Table<'_>, ignore_case: bool) -> Option<Fields> {
    if !table.contains("fields") {
        table.missing("fields", "what to mask, such as fields = [\"token\"]");
    }
    let given = table.list("fields", text)?;
    if given.is_empty() {
        table.error("fields", "an empty list masks nothing: name a field, such as [\"token\"]");
        return None;
    }
    let fields: Vec<_> = given.iter().map(|given| given.value.clone()).collect();
    match compile_fields(&fields, ignore_case) {
        Ok(selectors) => {
            for given in &given {
                if let Some(suspicion) = field::suspicion(&given.value) {
                    table.warn(given, suspicion);
                }
            }
            Some((fields, selectors))
        }
        Err(refused) => {
            for (position, message) in refused {
                if let Some(given) = given.get(position) {
                    table.error(given, message);
                }
            }
            None
        }
    }
}

/// Methods that reveal, the paths they reveal as they were written, and compiled.
type Revealing = (Vec<Method>, Vec<String>, Reveal);

fn reveal(table: &mut Table<'_>, ndjson: bool) -> Option<Revealing> {
    let has_fields = table.contains("reveal_fields");
    let has_methods = table.contains("reveal");
    let methods = table.list("reveal", method).or_else(|| (!has_methods).then(Vec::new));
    let paths = table.list("reveal_fields", text);
    let methods: Vec<_> = methods?.into_iter().map(|given| given.value).collect();
    if ndjson && !methods.is_empty() {
        table.error("reveal", "has no effect with ndjson = true, which never is one created object: leave it out");
        return None;
    }
    if !has_fields {
        return Some((methods, Vec::new(), Reveal::TopLevel));
    }
    let paths = paths?;
    if methods.is_empty() {
        table.error("reveal_fields", "has no effect without `reveal`: add reveal = [\"POST\"], or leave it out");
        return None;
    }
    if paths.is_empty() {
        table.error("reveal_fields", "an empty list reveals nothing: name a path, such as [\"$.data.token\"]");
        return None;
    }
    let written: Vec<_> = paths.iter().map(|given| given.value.clone()).collect();
    match Reveal::paths(&written) {
        Ok(reveal) => Some((methods, written, reveal)),
        Err(refused) => {
            for (position, error) in refused {
                if let Some(given) = paths.get(position) {
                    table.error(given, revealed(given, &error));
                }
            }
            None
        }
    }
}

fn mark(value: &Value) -> Result<String, String> {
    let name = text(value)?;
    if (1..=64).contains(&name.chars().count()) {
        Ok(name)
    } else {
        Err("the name of a member has 1 to 64 characters, such as \"masked\"".to_owned())
    }
}

/// Methods that read: those which the IANA registry calls safe, beside GET and HEAD, and others that servers have (`LIST` of Vault).
const READING: &[&str] = &["BROWSE", "FETCH", "LIST", "M-SEARCH", "PROPFIND", "QUERY", "REPORT", "SEARCH", "VIEW"];

fn method(value: &Value) -> Result<Method, String> {
    let method = text(value)?;
    let upper = method.to_ascii_uppercase();
    match upper.as_str() {
        "GET" | "HEAD" => {
            Err(format!("`{upper}` would reveal every list: name the method that creates, such as \"POST\""))
        }
        _ if READING.contains(&&*upper) => Err(format!(
            "`{upper}` reads, and would reveal what was made before: name the method that creates, such as \"POST\""
        )),
        "CONNECT" | "DELETE" | "OPTIONS" | "PRI" | "TRACE" => Err(format!("`{upper}` creates nothing: leave it out")),
        _ if upper != method => Err(format!("methods are case-sensitive: write \"{upper}\"")),
        _ => Method::from_bytes(method.as_bytes()).map_err(|_| "not a method: write one such as \"POST\"".to_owned()),
    }
}

fn revealed(given: &Located<String>, error: &RulesError) -> String {
    let path = &given.value;
    match error {
        RulesError::Selector(SelectorError::Unsupported { .. }) => {
            "what stands in an array is never revealed, for a list must not be: name a path of plain names, such as \
             \"$.data.token\", or leave `reveal` and `reveal_fields` out"
                .to_owned()
        }
        RulesError::RevealsMany if !path.starts_with('$') && Reveal::paths(&[format!("$.{path}")]).is_ok() => {
            format!("a revealed field is a path, for a name could be a list's: write \"$.{path}\"")
        }
        RulesError::Selector(error) => pointed(path, error),
        error => error.to_string(),
    }
}
