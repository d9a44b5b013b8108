//! Checks of path templates. For a template in the syntax of another framework, the message
//! contains the likely template.

use super::notation::{Meaning, is_blank, is_foreign, meaning, split};
use crate::route::{Pattern, PatternError};

/// Compiles a template, or returns a message with the fault and what to write instead.
pub(in crate::config) fn path(text: &str) -> Result<Pattern, String> {
    let fault = match (fault(text), Pattern::template(text)) {
        (Some(fault), _) => fault,
        (None, Ok(pattern)) => return Ok(pattern),
        // The message of this error already has a replacement.
        (None, Err(error @ PatternError::EmptySegment)) => return Err(error.to_string()),
        (None, Err(error)) => error.to_string(),
    };
    if looks_like_expression(text) {
        return Err(format!("{fault}; an expression is written path_regex = {:?}", path_of(text)));
    }
    Err(match cure(text) {
        Some(cure) => format!("{fault}: write {cure:?}"),
        None => fault,
    })
}

/// Returns a message about a suspicious part of a valid template, and what to write instead.
pub(in crate::config) fn suspicion(template: &str) -> Option<String> {
    let segments: Vec<_> = template.split('/').collect();
    let replaced = |with: &dyn Fn(&str) -> Option<String>| {
        let replaced: Vec<_> =
            segments.iter().map(|segment| with(segment).unwrap_or_else(|| (*segment).to_owned())).collect();
        replaced.join("/")
    };
    let last = segments.last().copied().unwrap_or_default();
    if let Some((name, extension)) = format_extension(last) {
        let cure = replaced(&|segment| (segment == last).then(|| name.to_owned()));
        return Some(format!(
            "matches only requests with the extension .{extension}: write {cure:?} to match any extension and none"
        ));
    }
    if let Some(named) = segments.iter().find(|segment| segment.starts_with('$')) {
        let cure = replaced(&|segment| segment.strip_prefix('$').map(|name| format!("{{{name}}}")));
        return Some(format!(
            "`{named}` is compared literally: for a placeholder write {cure:?}, for a path that really has it \
             path_regex = '{}'",
            replaced(&|segment| Some(as_expression(segment)))
        ));
    }
    if let Some(id) = segments.iter().find(|segment| is_identifier(segment)) {
        let cure = replaced(&|segment| is_identifier(segment).then(|| "{id}".to_owned()));
        return Some(format!("`{id}` looks like the identifier of one resource: to match all of them write {cure:?}"));
    }
    if segments.iter().any(|segment| segment.contains(';')) {
        let cure = replaced(&|segment| segment.split_once(';').map(|(name, _)| name.to_owned()));
        return Some(format!("parameters after `;` are dropped before paths are compared: write {cure:?}"));
    }
    let typed = replaced(&|segment| Some(segment.chars().map(typewritten).collect()));
    (typed != template).then(|| format!("has a typographic character, such as a long dash: write {typed:?}"))
}

/// Converts a segment of a template into an expression.
fn as_expression(segment: &str) -> String {
    match segment {
        _ if segment.starts_with("{*") => ".*".to_owned(),
        _ if segment.starts_with('{') => "[^/]+".to_owned(),
        _ => segment.replace('$', r"\$").replace('.', r"\."),
    }
}

/// Extensions by which clients select the format of an answer. Other extensions, such as `.php`,
/// are part of a name.
const FORMATS: &[&str] = &[
    "json", "jsonp", "jsonld", "ndjson", "xml", "yaml", "yml", "csv", "tsv", "txt", "html", "htm", "xhtml", "js",
    "rss", "atom", "msgpack", "pb",
];

/// Splits a segment into its name and its extension. Returns `None` if it has no extension, or if
/// the extension does not select a format.
pub(in crate::config) fn format_extension(segment: &str) -> Option<(&str, &str)> {
    let (name, extension) = segment.rsplit_once('.')?;
    let known = FORMATS.iter().any(|format| format.eq_ignore_ascii_case(extension));
    (known && !name.is_empty() && !name.contains(['{', '}'])).then_some((name, extension))
}

/// Returns why no request can match the template. Does not repeat the checks of
/// [`Pattern::template`].
fn fault(text: &str) -> Option<String> {
    let fault = if !text.starts_with('/') {
        if text.trim_start_matches(is_blank).starts_with('/') {
            "a path with a space before it never matches"
        } else if path_of(text) != text {
            "a path is written alone, without method, host or modifier"
        } else {
            return None;
        }
    } else if text.contains(|c: char| c.is_control() || (is_blank(c) && !c.is_whitespace())) {
        "a path with a control character or an invisible character never matches"
    } else {
        split(text).into_iter().find_map(segment_fault)?
    };
    Some(fault.to_owned())
}

fn segment_fault(segment: &str) -> Option<&'static str> {
    if segment.starts_with(is_blank) || segment.ends_with(is_blank) {
        Some("a segment with a space at its start or end never matches")
    } else if matches!(segment, "." | "..") {
        Some("`.` and `..` are resolved before paths are compared")
    } else if is_foreign(segment) {
        Some(
            "placeholders are written `{name}`, and choices need `path_regex`: taken literally, this would match nothing",
        )
    } else if segment.contains('\\') && !segment.contains('{') {
        Some("a backslash is read as `/`")
    } else if segment.ends_with('.') {
        Some("dots at the end of a path are dropped before paths are compared")
    } else {
        None
    }
}

/// Returns whether a path is likely a regular expression, not a template in another syntax.
fn looks_like_expression(text: &str) -> bool {
    let path = path_of(text);
    path.starts_with('^') || path.ends_with('$') || (path.contains('|') && !path.contains(['{', ':']))
}

/// Returns the template that was likely meant. Returns `None` if there is none, or if `text` is
/// that template already.
fn cure(text: &str) -> Option<String> {
    let path = path_of(text);
    let is_placeholder = |segment: &&str| segment.contains('{') || is_foreign(segment);
    let slashed = path.replace('\\', "/");
    // A backslash in a placeholder is part of its expression, as in `{id:\d+}`.
    let in_placeholder = split(path).iter().any(|segment| segment.contains('\\') && is_placeholder(segment));
    let segments = split(if in_placeholder { path } else { &slashed });
    let count = segments.len();
    let mut cured: Vec<String> = Vec::new();
    for (position, segment) in segments.into_iter().enumerate() {
        match meaning(segment, position + 1 == count)? {
            Meaning::Nothing => {}
            Meaning::Up => drop(cured.pop()),
            Meaning::Literal(literal) => cured.push(literal),
            Meaning::One(name) => cured.push(format!("{{{name}}}")),
            Meaning::Many(name) => cured.push(format!("{{*{name}}}")),
        }
    }
    let cured = format!("/{}", cured.join("/"));
    (cured != text && fault(&cured).is_none() && Pattern::template(&cured).is_ok()).then_some(cured)
}

/// Returns the path without a preceding method (Go, OpenAPI), nginx modifier, or scheme and host.
fn path_of(text: &str) -> &str {
    let text = text.trim_matches(is_blank);
    let split = text.split_once(char::is_whitespace).map(|(first, rest)| (first, rest.trim_start_matches(is_blank)));
    match split {
        Some((first, rest)) if first.bytes().all(|byte| byte.is_ascii_uppercase()) => return path_of(rest),
        Some(("=" | "~" | "~*" | "^~" | "location", rest)) => return path_of(rest),
        _ => {}
    }
    let Some((_, rest)) = text.split_once("://") else { return text };
    if text.starts_with('/') {
        return text;
    }
    rest.find('/').map_or("/", |at| &rest[at..])
}

/// Returns whether a segment looks like a resource's identifier: a number, a UUID or a hash. URLs
/// that were copied from a browser have such segments.
fn is_identifier(segment: &str) -> bool {
    let digits = segment.bytes().all(|byte| byte.is_ascii_digit());
    let plain: String = segment.chars().filter(|c| *c != '-').collect();
    let hexadecimal =
        plain.bytes().all(|byte| byte.is_ascii_hexdigit()) && plain.contains(|c: char| c.is_ascii_digit());
    (digits && segment.len() >= 3) || (hexadecimal && plain.len() >= 16)
}

/// Returns the ASCII character for a typographic one, which word processors write in its place.
fn typewritten(character: char) -> char {
    match character {
        '\u{2010}'..='\u{2015}' | '\u{2212}' => '-',
        '\u{2018}' | '\u{2019}' => '\'',
        '\u{2044}' | '\u{2215}' => '/',
        '\u{ff01}'..='\u{ff5e}' => char::from_u32(u32::from(character) - 0xff01 + 0x21).unwrap_or(character),
        _ => character,
    }
}
