//! The grammar of paths: the subset of RFC 9535 that can be matched while a text streams.

use super::selector::MAX_PATH_SEGMENTS;
use thiserror::Error;

/// Reads a path, behind its `$`.
pub(super) fn parse_path(path: &str) -> Result<Vec<Step>, SelectorError> {
    let mut steps = Vec::new();
    let mut rest = path;
    while !rest.is_empty() {
        let descend = rest.starts_with("..");
        let after_dots = if descend { &rest[2..] } else { rest.strip_prefix('.').unwrap_or(rest) };
        let dotted = after_dots.len() < rest.len();
        let (select, after) = if let Some(inner) = after_dots.strip_prefix('[') {
            if dotted && !descend {
                return Err(SelectorError::Syntax { rest_len: rest.len() });
            }
            bracket(inner)?
        } else if dotted {
            dot_member(after_dots)?
        } else {
            return Err(SelectorError::Syntax { rest_len: rest.len() });
        };
        steps.push(Step { select, descend, last: false });
        rest = after;
    }
    match steps.last_mut() {
        Some(step) => step.last = true,
        None => return Err(SelectorError::Root),
    }
    Ok(steps)
}

fn dot_member(text: &str) -> Result<(Select, &str), SelectorError> {
    if let Some(after) = text.strip_prefix('*') {
        return Ok((Select::Any, after));
    }
    let end = text.find(['.', '[']).unwrap_or(text.len());
    let (name, after) = text.split_at(end);
    // RFC 9535 member-name-shorthand, with `-` let in because API fields often have it.
    let starts_well = name.chars().next().is_some_and(|c| !c.is_ascii_digit() && c != '-');
    let plain = name.chars().all(|c| c.is_ascii_alphanumeric() || c == '_' || c == '-' || !c.is_ascii());
    if !name.is_empty() && name.bytes().all(|byte| byte.is_ascii_digit()) {
        Err(SelectorError::Unsupported { rest_len: text.len() })
    } else if starts_well && plain {
        Ok((Select::Name(name.as_bytes().into()), after))
    } else {
        Err(SelectorError::Syntax { rest_len: text.len() })
    }
}

/// What stands behind an opening bracket: `*]` or a quoted name and `]`.
fn bracket(text: &str) -> Result<(Select, &str), SelectorError> {
    if let Some(after) = text.strip_prefix("*]") {
        return Ok((Select::Any, after));
    }
    let syntax = SelectorError::Syntax { rest_len: text.len() };
    let Some(quote) = text.chars().next().filter(|c| matches!(c, '\'' | '"')) else {
        return Err(SelectorError::Unsupported { rest_len: text.len() });
    };
    let mut name = String::new();
    let mut chars = text.char_indices().skip(1);
    while let Some((at, c)) = chars.next() {
        match c {
            '\\' => match chars.next() {
                Some((_, escaped @ ('\\' | '\'' | '"'))) => name.push(escaped),
                _ => return Err(syntax),
            },
            _ if c == quote => {
                let after = &text[at + c.len_utf8()..];
                return match after.strip_prefix(']') {
                    Some(after) => Ok((Select::Name(name.into_bytes().into_boxed_slice()), after)),
                    None => Err(syntax),
                };
            }
            _ => name.push(c),
        }
    }
    Err(syntax)
}

/// One segment of a path.
#[derive(Clone, Debug, PartialEq, Eq)]
pub(super) struct Step {
    pub(super) select: Select,
    /// Also tried at every deeper level (`..`).
    pub(super) descend: bool,
    /// Whether it ends a path, so that what it matches is selected.
    pub(super) last: bool,
}

/// What a segment matches.
#[derive(Clone, Debug, PartialEq, Eq)]
pub(super) enum Select {
    Any,
    Name(Box<[u8]>),
}

/// Why a selector was refused.
///
/// `rest_len` is how many bytes before the selector's end the fault lies, for a message that points at it.
#[derive(Clone, Debug, Error, PartialEq, Eq)]
#[non_exhaustive]
pub enum SelectorError {
    /// An empty selector.
    #[error("an empty field name: write a name such as \"token\" or a path such as \"$.data[*].token\"")]
    Empty,
    /// `$` alone.
    #[error("`$` alone selects the whole document: name a member, such as \"$.token\", or \"$..*\" for everything")]
    Root,
    /// Not the path grammar.
    #[error(
        "not a path: write names as `.name` or `['name']`, any member or element as `.*` or `[*]`, any depth as `..name`"
    )]
    Syntax {
        /// Bytes from the fault to the selector's end.
        rest_len: usize,
    },
    /// More path segments than one matcher holds.
    #[error("the paths of one route may have at most {MAX_PATH_SEGMENTS} segments together")]
    TooManySegments,
    /// RFC 9535, but not the subset that can be matched while streaming.
    #[error("indexes, slices and filters are not supported: write `[*]` for every element")]
    Unsupported {
        /// Bytes from the fault to the selector's end.
        rest_len: usize,
    },
}
