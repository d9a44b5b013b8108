//! One `[[route]]` table.

use super::masking::Masking;
use crate::config::checks::field::{self, compile_fields, pointed};
use crate::config::checks::{expression, path};
use crate::config::read::table::{FindingTarget, Located, Table, values};
use crate::config::read::value::{boolean, choice, text};
use crate::layer::{MaskRule, Mode, WriteBack};
use crate::mask::{Reveal, Rules, RulesError, SelectorError, Selectors};
use crate::route::{Pattern, Route};
use figment::value::Value;
use http::Method;

/// A route as in the file, for display.
#[derive(Clone, Debug, PartialEq, Eq)]
#[non_exhaustive]
pub struct RouteDescription {
    /// The route's name in logs and metrics.
    pub name: String,
    /// The path template or regular expression.
    pub path: String,
    /// The names and JSONPaths of the masked fields.
    pub fields: Vec<String>,
    /// The methods whose successful (2xx) answers show the secret in full.
    pub reveal: Vec<Method>,
    /// The JSONPaths of the fields that these answers show. If empty, the answers show the masked
    /// fields of the top-level object.
    pub reveal_fields: Vec<String>,
    /// Whether the route masks, or only counts what it would mask.
    pub mode: Mode,
    /// Whether requests that hold a masked value are refused.
    pub write_back: WriteBack,
    /// The name of the preset that contains the route. `None` for a route of the file.
    pub preset: Option<String>,
}

/// A valid route, compiled, with what later checks and the display need.
pub(in crate::config) struct ConfiguredRoute {
    pub(in crate::config) description: RouteDescription,
    /// Whether the path is a regular expression, not a template.
    pub(in crate::config) is_expression: bool,
    /// The location of the key `reveal`.
    pub(in crate::config) reveal: Located<()>,
    pub(in crate::config) route: Route<MaskRule>,
}

/// The values for keys that a route does not set.
pub(in crate::config) struct RouteDefaults {
    pub(in crate::config) masking: Masking,
    pub(in crate::config) mode: Mode,
    pub(in crate::config) write_back: WriteBack,
}

pub(in crate::config) fn mode(value: &Value) -> Result<Mode, String> {
    choice(value, &[("enforce", Mode::Enforce), ("observe", Mode::Observe)])
}

pub(in crate::config) fn write_back(value: &Value) -> Result<WriteBack, String> {
    choice(value, &[("refuse", WriteBack::Refuse), ("pass", WriteBack::Pass)])
}

/// Reads one `[[route]]`. Returns `None` after reporting an error.
///
/// Adds the route's name to `names`, even if another key is wrong, so that the caller can report
/// duplicate names.
pub(in crate::config) fn route(
    table: &mut Table<'_>,
    defaults: &RouteDefaults,
    names: &mut Vec<Located<String>>,
) -> Option<ConfiguredRoute> {
    if !table.contains("name") {
        table.missing("name", "the route's name in logs, such as name = \"app-keys\"");
    }
    let located_name = table.read("name", name);
    let name = located_name.as_ref().map(|name| name.value.clone());
    names.extend(located_name);
    let is_expression = table.contains("path_regex");
    let pattern = pattern(table);
    let ignore_case = table.read_or("ignore_case", false, boolean);
    let ndjson = table.read_or("ndjson", false, boolean);
    let mark = table.read("mark", mark);
    let fields = fields(table, ignore_case);
    let reveal = reveal(table, ndjson);
    let mode = table.read_or("mode", defaults.mode, mode);
    let write_back = table.read_or("write_back", defaults.write_back, write_back);
    let masking = defaults.masking.overridden(table);
    if write_back == WriteBack::Pass && !masking.is_sentinel() {
        table.warn(
            "write_back",
            "lets a client store the mask in place of the secret. Only a mask that the API takes for \"unchanged\" is safe: \
             first = 0, last = 0, and that text as `ellipsis` and `short`",
        );
    }
    // Returns only here, so that the errors of every key are reported.
    let (name, pattern, (fields, selectors), (methods, reveal_fields, revealed)) = (name?, pattern?, fields?, reveal?);
    if !methods.is_empty() && reveal_fields.is_empty() && !selectors.may_select_top_level() {
        table.error(
            "reveal",
            "reveals nothing: it shows the fields of the top-level object, and `fields` names only deeper ones: name the \
             path of the created secret, such as reveal_fields = [\"$.data.token\"]",
        );
        return None;
    }
    if let Some(mark) = mark.as_ref().filter(|mark| fields.contains(&mark.value)) {
        table.error(mark, "is one of `fields`, which would be masked: choose another name");
        return None;
    }
    let rules = Rules::new(selectors).with_policy(masking.policy).with_max_depth(masking.max_depth).with_ndjson(ndjson);
    let rules = match &mark {
        Some(mark) => rules.with_mark(&mark.value),
        None => rules,
    };
    let rule = MaskRule::new(rules)
        .with_mode(mode)
        .with_write_back(write_back)
        .with_reveal(methods.iter().cloned(), revealed)
        .with_hold_bytes(masking.hold_bytes)
        .with_max_body_bytes(masking.max_body_bytes);
    let path = pattern.as_str().to_owned();
    let description = RouteDescription {
        name: name.clone(),
        path,
        fields,
        reveal: methods,
        reveal_fields,
        mode,
        write_back,
        preset: None,
    };
    Some(ConfiguredRoute {
        description,
        is_expression,
        reveal: table.locate("reveal"),
        route: Route { name, pattern, rule },
    })
}

/// Reads a route's name. Few characters are allowed, because names become metric labels and parts
/// of log lines.
fn name(value: &Value) -> Result<String, String> {
    let name = text(value)?;
    // In metrics and log lines, `-` means "on no route".
    let plain =
        name != "-" && name.bytes().all(|byte| byte.is_ascii_alphanumeric() || matches!(byte, b'-' | b'_' | b'.'));
    if plain && (1..=64).contains(&name.len()) {
        Ok(name)
    } else {
        Err("a name is 1 to 64 letters, digits, `-`, `_` or `.`, such as \"app-keys\"".to_owned())
    }
}

/// Reads `path` or `path_regex`. Returns `None` after reporting an error.
pub(in crate::config) fn pattern(table: &mut Table<'_>) -> Option<Pattern> {
    let is_set = (table.contains("path"), table.contains("path_regex"));
    let template = table.read("path", |value| path::path(&text(value)?));
    let regex = table.read("path_regex", |value| expression::expression(&text(value)?));
    for (pattern, suspicion) in [(&template, path::suspicion as fn(&str) -> _), (&regex, expression::suspicion)] {
        if let Some(pattern) = pattern
            && let Some(message) = suspicion(pattern.value.as_str())
        {
            table.warn(pattern, message);
        }
    }
    match is_set {
        (true, true) => table.error(FindingTarget::Table, "has both `path` and `path_regex`: keep one"),
        (false, false) => table.missing("path", "the path of the requests, such as path = \"/api/apps/{app_id}/keys\""),
        _ => return template.or(regex).map(|pattern| pattern.value),
    }
    None
}

/// Reads `fields`. Returns the fields twice: as in the file, and compiled. Returns `None` after
/// reporting an error.
fn fields(table: &mut Table<'_>, ignore_case: bool) -> Option<(Vec<String>, Selectors)> {
    if !table.contains("fields") {
        table.missing("fields", "what to mask, such as fields = [\"token\"]");
    }
    let list = table.list("fields", text)?;
    if list.is_empty() {
        table.error("fields", "an empty list masks nothing: name a field, such as [\"token\"]");
        return None;
    }
    let fields: Vec<_> = list.iter().map(|field| field.value.clone()).collect();
    let selectors = compile_fields(&fields, ignore_case).map_err(|errors| table.element_errors(&list, errors)).ok()?;
    for field in &list {
        if let Some(message) = field::suspicion(&field.value) {
            table.warn(field, message);
        }
    }
    Some((fields, selectors))
}

/// Reads `reveal` and `reveal_fields`. Returns both keys as in the file, and the compiled fields.
/// Returns `None` after reporting an error.
fn reveal(table: &mut Table<'_>, ndjson: bool) -> Option<(Vec<Method>, Vec<String>, Reveal)> {
    let has_fields = table.contains("reveal_fields");
    let methods = table.list_or_empty("reveal", method);
    let fields = table.list("reveal_fields", text);
    let methods = values(methods?);
    if ndjson && !methods.is_empty() {
        table.error("reveal", "has no effect with ndjson = true, where an answer has many values: leave it out");
        return None;
    }
    if !has_fields {
        return Some((methods, Vec::new(), Reveal::TopLevel));
    }
    let fields = fields?;
    if methods.is_empty() {
        table.error("reveal_fields", "has no effect without `reveal`: add reveal = [\"POST\"], or leave it out");
        return None;
    }
    if fields.is_empty() {
        table.error("reveal_fields", "an empty list reveals nothing: name a path, such as [\"$.data.token\"]");
        return None;
    }
    let paths: Vec<_> = fields.iter().map(|field| field.value.clone()).collect();
    match Reveal::paths(&paths) {
        Ok(reveal) => Some((methods, paths, reveal)),
        Err(errors) => {
            let message =
                |(position, error): (usize, RulesError)| Some((position, reveal_message(paths.get(position)?, &error)));
            table.element_errors(&fields, errors.into_iter().filter_map(message));
            None
        }
    }
}

fn reveal_message(path: &str, error: &RulesError) -> String {
    match error {
        RulesError::Selector(SelectorError::Unsupported { .. }) => {
            "values in an array are never revealed, because a list has older secrets: name a path of plain names, such as \
             \"$.data.token\", or leave `reveal` and `reveal_fields` out"
                .to_owned()
        }
        RulesError::RevealsMany if !path.starts_with('$') && Reveal::paths(&[format!("$.{path}")]).is_ok() => {
            format!("a revealed field must be a path, because a name also matches inside lists: write \"$.{path}\"")
        }
        RulesError::Selector(error) => pointed(path, error),
        error => error.to_string(),
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

/// Methods that only read, except GET and HEAD. Some are "safe" in the IANA method registry. The
/// others are not registered but in use, such as Vault's `LIST`.
const SAFE_METHODS: &[&str] = &["BROWSE", "FETCH", "LIST", "M-SEARCH", "PROPFIND", "QUERY", "REPORT", "SEARCH", "VIEW"];

/// Reads a method for `reveal`. Methods that only read, or that create nothing, are errors.
fn method(value: &Value) -> Result<Method, String> {
    let method = text(value)?;
    let upper = method.to_ascii_uppercase();
    match upper.as_str() {
        "GET" | "HEAD" => {
            Err(format!("`{upper}` would reveal every list: name the method that creates, such as \"POST\""))
        }
        _ if SAFE_METHODS.contains(&&*upper) => Err(format!(
            "`{upper}` reads, and would reveal older secrets: name the method that creates, such as \"POST\""
        )),
        "CONNECT" | "DELETE" | "OPTIONS" | "PRI" | "TRACE" => Err(format!("`{upper}` creates nothing: leave it out")),
        _ if upper != method => Err(format!("methods are case-sensitive: write \"{upper}\"")),
        _ => Method::from_bytes(method.as_bytes()).map_err(|_| "not a method: write one such as \"POST\"".to_owned()),
    }
}
