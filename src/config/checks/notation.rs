//! Interprets segments of path templates in the syntax of other frameworks.

/// What a segment means, in terms of last4's templates.
pub(in crate::config) enum Meaning {
    /// The segment adds nothing to the path: it is empty, `.`, or Go's mark for the end, `{$}`.
    Nothing,
    /// `..`: removes the segment before it.
    Up,
    Literal(String),
    /// A placeholder for one segment, by its name.
    One(String),
    /// A placeholder for any number of segments, by its name.
    Many(String),
}

/// Splits a path into segments at its slashes. A slash in braces or brackets is part of a segment,
/// as in `{id:[^/]+}`.
pub(in crate::config) fn split(path: &str) -> Vec<&str> {
    let path = path.strip_prefix('/').unwrap_or(path);
    let (mut depth, mut start) = (0_usize, 0);
    let mut segments = Vec::new();
    for (at, character) in path.char_indices() {
        match character {
            '{' | '[' => depth += 1,
            '}' | ']' => depth = depth.saturating_sub(1),
            '/' if depth == 0 => {
                segments.push(&path[start..at]);
                start = at + 1;
            }
            _ => {}
        }
    }
    if depth > 0 {
        return path.split('/').collect();
    }
    segments.push(&path[start..]);
    segments
}

/// Returns whether a character is white space, a control character or invisible. Copied text may
/// have such characters.
pub(in crate::config) fn is_blank(character: char) -> bool {
    character.is_whitespace()
        || character.is_control()
        || matches!(character, '\u{ad}' | '\u{200b}'..='\u{200f}' | '\u{202a}'..='\u{202e}' | '\u{2060}' | '\u{feff}')
}

/// Returns whether a segment is a placeholder in another syntax: `:id` (Express), `*path` (Rails),
/// `<int:id>` (Flask), `[id]` (Next.js), `(.:format)` (Rails), `[^/]+`. As a literal, it would
/// match no request. Segments with braces are left to [`Pattern`](crate::route::Pattern).
pub(in crate::config) fn is_foreign(segment: &str) -> bool {
    if segment.contains(['{', '}']) {
        return false;
    }
    let opened = segment.matches('(').count();
    segment.starts_with([':', '('])
        || matches!(segment, "..." | "$" | "+")
        || segment.contains(['*', '<', '>', '|', '[', ']', '^', '"', '`'])
        || segment.contains("(.")
        || opened != segment.matches(')').count()
}

/// Interprets a segment. Returns `None` if no single template can express it.
pub(in crate::config) fn meaning(segment: &str, is_last: bool) -> Option<Meaning> {
    let segment = segment.trim_matches(is_blank);
    Some(match segment {
        "" | "." | "{$}" => Meaning::Nothing,
        ".." => Meaning::Up,
        "*" | ".*" | "(.*)" if !is_last => Meaning::One("any".to_owned()),
        "*" | "**" | ".*" | "(.*)" | "(.+)" | "..." | "$" | "+" => Meaning::Many("rest".to_owned()),
        _ if segment.contains('|') => return None,
        _ if segment.contains(['{', '<', '[', '*', '^', '`', '"']) || segment.starts_with([':', '(']) => {
            placeholder(segment)?
        }
        _ => Meaning::Literal(literal(segment)?),
    })
}

fn placeholder(segment: &str) -> Option<Meaning> {
    if segment.matches('(').count() != segment.matches(')').count() {
        return None;
    }
    let name = name_in(segment);
    Some(if takes_many(segment) {
        Meaning::Many(name.unwrap_or("rest").to_owned())
    } else {
        Meaning::One(name.unwrap_or("any").to_owned())
    })
}

/// Returns a literal segment without an optional format (`(.:format)`), a query and trailing dots.
/// Returns `None` if the rest is still no literal.
fn literal(segment: &str) -> Option<String> {
    let end = segment.find("(.").or_else(|| segment.find(['?', '#'])).unwrap_or(segment.len());
    let literal = segment[..end].trim_end_matches('.');
    let whole = literal.matches('(').count() == literal.matches(')').count();
    (whole && !literal.contains('%')).then(|| literal.to_owned())
}

/// Returns whether a placeholder takes any number of segments: `*path`, `[...path]`, `{path...}`,
/// `:path*`, `{+path}`, `<path:rest>`, `{path:.*}`, `{path=**}`.
fn takes_many(segment: &str) -> bool {
    let bare = segment.trim_matches(['[', ']', '<', '>', ':', '{', '}', ' ']);
    let (name, pattern) = bare.split_once([':', '=']).unwrap_or((bare, ""));
    bare.starts_with(['*', '+', '/'])
        || bare.starts_with("...")
        || name.ends_with("..")
        // `path*` is a glob for one segment unless it starts with `:`, `{` or `<`.
        || (segment.starts_with([':', '{', '<']) && name.ends_with(['*', '+']))
        || (name == "path" && !pattern.is_empty())
        || matches!(pattern, "path" | ".*" | ".+" | "**")
}

/// Returns the name of a placeholder, without its type: `id` for `<int:id>`. Returns `None` if it
/// has no name, such as `[^/]+`.
fn name_in(segment: &str) -> Option<&str> {
    const TYPES: &[&str] = &["int", "str", "string", "slug", "uuid", "path", "float", "any", "re"];
    if segment.starts_with('(') || (segment.starts_with('[') && !segment.ends_with(']')) {
        return None;
    }
    let parts = segment.split(|c: char| !c.is_ascii_alphanumeric() && c != '_');
    let mut names = parts.filter(|part| part.starts_with(|c: char| c.is_ascii_alphabetic()));
    let first = names.next()?;
    if TYPES.contains(&first) { Some(names.next().unwrap_or(first)) } else { Some(first) }
}
