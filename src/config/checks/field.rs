//! Checks of field names and JSONPaths.

use crate::config::checks::notation::is_blank;
use crate::mask::{SelectorError, Selectors};

/// Compiles fields. Each field is a name or a JSONPath.
///
/// # Errors
/// For each invalid field, its position in `fields` and a message, which may have several lines.
pub(crate) fn compile_fields(fields: &[String], ignore_case: bool) -> Result<Selectors, Vec<(usize, String)>> {
    let misread = fields.iter().enumerate().filter_map(|(position, field)| Some((position, misread(field)?)));
    let mut rejected: Vec<_> = misread.collect();
    match Selectors::compile(fields, ignore_case) {
        Ok(selectors) if rejected.is_empty() => return Ok(selectors),
        Ok(_) => {}
        Err(errors) => {
            for (position, error) in errors {
                if rejected.iter().all(|(other, _)| *other != position) {
                    let message =
                        fields.get(position).map_or_else(|| error.to_string(), |field| pointed(field, &error));
                    rejected.push((position, message));
                }
            }
        }
    }
    Err(rejected)
}

/// Returns a message if a name likely masks nothing: it is a path in another notation, several
/// names, or a name copied with quotes or spaces. The message contains the likely field, and a
/// JSONPath for a member with exactly the written name.
fn misread(field: &str) -> Option<String> {
    let (fault, cure) = if let Some(name) = field.strip_prefix('$').filter(|name| name.starts_with(is_name_character)) {
        ("`$` stands for the whole document", format!("$.{name}"))
    } else if field.is_empty() || field.starts_with('$') {
        return None;
    } else if field.contains(is_hidden) || field.trim() != field {
        let name: String = field.chars().filter(|c| !is_hidden(*c)).collect();
        ("spaces around a name and invisible characters are part of the name", name.trim().to_owned())
    } else if let Some(name) = unquoted(field) {
        ("quotes around a name are part of the name", name.to_owned())
    } else if field.contains([',', ';', '|']) {
        let names: Vec<_> = field.split([',', ';', '|']).map(str::trim).filter(|name| !name.is_empty()).collect();
        ("each name is an element of its own", names.join("\", \""))
    } else if is_path(field) {
        ("a name is compared literally, at any depth: for a path", as_path(field))
    } else {
        return None;
    };
    let joint = if fault.ends_with("a path") { "" } else { ":" };
    Some(format!("{fault}{joint} write \"{cure}\", for a member of exactly that name \"$..['{}']\"", quoted(field)))
}

/// Returns whether a name looks like a path, with dots (JavaScript, jq), slashes (JSON Pointer) or
/// arrows (SQL).
fn is_path(field: &str) -> bool {
    let is_index = |segment: &str| !segment.is_empty() && segment.bytes().all(|byte| byte.is_ascii_digit());
    field.contains(['.', '[', '*', '{', '<'])
        || field.contains("->")
        || field.contains("::")
        || field.starts_with(['/', '#', '@', ':'])
        || field.ends_with(['/', ':'])
        || field.split('/').skip(1).any(is_index)
}

/// Returns the JSONPath that was likely meant.
fn as_path(field: &str) -> String {
    let dotted = field.replace("->>", ".").replace("->", ".").replace("::", ".").replace("[]", ".*").replace('/', ".");
    let depth = if dotted.starts_with("..") { ".." } else { "." };
    let is_index = |segment: &str| segment.bytes().all(|byte| byte.is_ascii_digit());
    let plain =
        |segment: &str| segment.trim_matches(['\'', '"', '#', '@', ':', '{', '}', '<', '>', '[', ']']).to_owned();
    let segments = dotted.split(['.', '[']).map(plain).filter(|segment| !segment.is_empty());
    let steps: Vec<_> = segments.map(|segment| if is_index(&segment) { "*".to_owned() } else { segment }).collect();
    let path = format!("${depth}{}", steps.join(".")).replace(".*", "[*]");
    // If the guess is not a valid JSONPath, show an example instead.
    if Selectors::compile([&path], false).is_ok() { path } else { "$.data[*].token".to_owned() }
}

/// Returns a message about a suspicious field, and what to write instead.
pub(in crate::config) fn suspicion(field: &str) -> Option<String> {
    (!field.starts_with('$') && field.contains('/')).then(|| {
        format!(
            "a name is compared literally, at any depth: for a path write \"{}\", for a member of exactly that name \
             \"$..['{}']\"",
            as_path(field),
            quoted(field)
        )
    })
}

fn is_name_character(c: char) -> bool {
    c.is_alphanumeric() || c == '_'
}

/// Returns whether a character is invisible and not a space. Copied text may have such characters;
/// names of fields have none.
fn is_hidden(c: char) -> bool {
    is_blank(c) && c != ' '
}

fn unquoted(field: &str) -> Option<&str> {
    ['"', '\'', '`'].into_iter().find_map(|quote| field.strip_prefix(quote)?.strip_suffix(quote))
}

/// Escapes a name for single quotes in a path.
fn quoted(name: &str) -> String {
    name.replace('\\', r"\\").replace('\'', r"\'")
}

/// Returns the error's message. For a syntax error, two lines follow: the selector, and a caret
/// under the fault.
pub(in crate::config) fn pointed(selector: &str, error: &SelectorError) -> String {
    let (SelectorError::Syntax { rest_len } | SelectorError::Unsupported { rest_len }) = error else {
        return error.to_string();
    };
    let before = selector.get(..selector.len().saturating_sub(*rest_len)).unwrap_or_default();
    format!("{error}\n    {selector}\n    {}^", " ".repeat(before.chars().count()))
}
