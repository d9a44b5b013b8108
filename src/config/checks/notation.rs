//! Other frameworks' notations of a template: what their segments mean, in ours.

/// What a segment of some notation means.
pub(in crate::config) enum Meant {
    /// It is no segment: empty, `.`, or the end of a path (`{$}` in Go).
    Nothing,
    /// It takes the segment before it away.
    Up,
    Literal(String),
    /// A placeholder for one segment.
    One(String),
    /// A placeholder for any number.
    Many(String),
}

/// The segments of a path. A slash in braces or brackets divides none: `{id:[^/]+}`.
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

/// White space, control characters, and what takes no room: they come with a text that was copied.
pub(in crate::config) fn is_blank(character: char) -> bool {
    character.is_whitespace()
        || character.is_control()
        || matches!(character, '\u{ad}' | '\u{200b}'..='\u{200f}' | '\u{202a}'..='\u{202e}' | '\u{2060}' | '\u{feff}')
}

/// Whether a segment is another notation's placeholder, which taken literally would match no request: `:id` (Express), `*path`
/// (Rails), `<int:id>` (Flask), `[id]` (Next.js), `(.:format)` (Rails), `[^/]+`. Braces are left to [`Pattern`](crate::route::Pattern).
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

/// What a segment means. `None` where that takes more than one template.
pub(in crate::config) fn meant(segment: &str, is_last: bool) -> Option<Meant> {
    let segment = segment.trim_matches(is_blank);
    Some(match segment {
        "" | "." | "{$}" => Meant::Nothing,
        ".." => Meant::Up,
        "*" | ".*" | "(.*)" if !is_last => Meant::One("any".to_owned()),
        "*" | "**" | ".*" | "(.*)" | "(.+)" | "..." | "$" | "+" => Meant::Many("rest".to_owned()),
        _ if segment.contains('|') => return None,
        _ if segment.contains(['{', '<', '[', '*', '^', '`', '"']) || segment.starts_with([':', '(']) => {
            placeholder(segment)?
        }
        _ => Meant::Literal(literal(segment)?),
    })
}

fn placeholder(segment: &str) -> Option<Meant> {
    if segment.matches('(').count() != segment.matches(')').count() {
        return None;
    }
    let name = name_in(segment);
    Some(if takes_many(segment) {
        Meant::Many(name.unwrap_or("rest").to_owned())
    } else {
        Meant::One(name.unwrap_or("any").to_owned())
    })
}

/// A literal segment without an optional format, a query and dots at its end.
fn literal(segment: &str) -> Option<String> {
    let end = segment.find("(.").or_else(|| segment.find(['?', '#'])).unwrap_or(segment.len());
    let literal = segment[..end].trim_end_matches('.');
    let whole = literal.matches('(').count() == literal.matches(')').count();
    (whole && !literal.contains('%')).then(|| literal.to_owned())
}

/// Whether a placeholder takes any number of segments: `*path`, `[...path]`, `{path...}`, `:path*`, `{+path}`, `<path:rest>`,
/// `{path:.*}`, `{path=**}`.
fn takes_many(segment: &str) -> bool {
    let bare = segment.trim_matches(['[', ']', '<', '>', ':', '{', '}', ' ']);
    let (name, pattern) = bare.split_once([':', '=']).unwrap_or((bare, ""));
    bare.starts_with(['*', '+', '/'])
        || bare.starts_with("...")
        || name.ends_with("..")
        // Without a mark before it, it is a glob of one segment.
        || (segment.starts_with([':', '{', '<']) && name.ends_with(['*', '+']))
        || (name == "path" && !pattern.is_empty())
        || matches!(pattern, "path" | ".*" | ".+" | "**")
}

/// The name of a placeholder, without the type that may stand beside it. An expression has none.
fn name_in(segment: &str) -> Option<&str> {
    const TYPES: &[&str] = &["int", "str", "string", "slug", "uuid", "path", "float", "any", "re"];
    if segment.starts_with('(') || (segment.starts_with('[') && !segment.ends_with(']')) {
        return None;
    }
    let words = segment.split(|c: char| !c.is_ascii_alphanumeric() && c != '_');
    let mut names = words.filter(|word| word.starts_with(|c: char| c.is_ascii_alphabetic()));
    let first = names.next()?;
    if TYPES.contains(&first) { Some(names.next().unwrap_or(first)) } else { Some(first) }
}
