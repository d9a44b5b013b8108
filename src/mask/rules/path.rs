//! The grammar of paths: the subset of RFC 9535 that can be matched while a text streams.

use thiserror::Error;

/// The most path segments in one set of selectors. The matcher's state has one bit for each.
pub const MAX_PATH_SEGMENTS: usize = 64;

/// Parses the part of a path after its `$`.
pub(crate) fn parse_path(path: &str) -> Result<Vec<PathSegment>, SelectorError> {
    let mut segments = Vec::new();
    let mut rest = path;
    while !rest.is_empty() {
        let descend = rest.starts_with("..");
        let after_dots = if descend { &rest[2..] } else { rest.strip_prefix('.').unwrap_or(rest) };
        let dotted = after_dots.len() < rest.len();
        let (selector, after) = if let Some(inner) = after_dots.strip_prefix('[') {
            if dotted && !descend {
                return Err(SelectorError::Syntax { rest_len: rest.len() });
            }
            bracket(inner)?
        } else if dotted {
            dot_member(after_dots)?
        } else {
            return Err(SelectorError::Syntax { rest_len: rest.len() });
        };
        segments.push(PathSegment { selector, descend, last: false });
        rest = after;
    }
    match segments.last_mut() {
        Some(segment) => segment.last = true,
        None => return Err(SelectorError::Root),
    }
    Ok(segments)
}

fn dot_member(text: &str) -> Result<(SegmentSelector, &str), SelectorError> {
    if let Some(after) = text.strip_prefix('*') {
        return Ok((SegmentSelector::Wildcard, after));
    }
    let end = text.find(['.', '[']).unwrap_or(text.len());
    let (name, after) = text.split_at(end);
    // RFC 9535 member-name-shorthand. Also allows `-`, which many API fields contain.
    let starts_well = name.chars().next().is_some_and(|c| !c.is_ascii_digit() && c != '-');
    let plain = name.chars().all(|c| c.is_ascii_alphanumeric() || c == '_' || c == '-' || !c.is_ascii());
    if !name.is_empty() && name.bytes().all(|byte| byte.is_ascii_digit()) {
        Err(SelectorError::Unsupported { rest_len: text.len() })
    } else if starts_well && plain {
        Ok((SegmentSelector::Name(name.as_bytes().into()), after))
    } else {
        Err(SelectorError::Syntax { rest_len: text.len() })
    }
}

/// Parses the text after an opening bracket: `*]`, or a quoted name and `]`.
fn bracket(text: &str) -> Result<(SegmentSelector, &str), SelectorError> {
    if let Some(after) = text.strip_prefix("*]") {
        return Ok((SegmentSelector::Wildcard, after));
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
                    Some(after) => Ok((SegmentSelector::Name(name.into_bytes().into_boxed_slice()), after)),
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
pub(crate) struct PathSegment {
    pub(crate) selector: SegmentSelector,
    /// Whether the segment also matches at every deeper level (`..`).
    pub(crate) descend: bool,
    /// Whether this segment ends its path. A field that it matches is then selected.
    pub(crate) last: bool,
}

/// The members or elements that a segment matches.
#[derive(Clone, Debug, PartialEq, Eq)]
pub(crate) enum SegmentSelector {
    Wildcard,
    Name(Box<[u8]>),
}

/// Why a selector was refused.
///
/// `rest_len` is the number of bytes from the fault to the selector's end, so that a message can
/// point at the fault.
#[derive(Clone, Debug, Error, PartialEq, Eq)]
#[non_exhaustive]
pub enum SelectorError {
    /// The selector is empty.
    #[error("an empty field name: write a name such as \"token\" or a path such as \"$.data[*].token\"")]
    Empty,
    /// The selector is `$` alone.
    #[error("`$` alone selects the whole document: name a member, such as \"$.token\", or \"$..*\" for everything")]
    Root,
    /// The selector is not a path.
    #[error(
        "not a path: write names as `.name` or `['name']`, any member or element as `.*` or `[*]`, any depth as `..name`"
    )]
    Syntax {
        /// Bytes from the fault to the selector's end.
        rest_len: usize,
    },
    /// The selectors have more path segments than one matcher holds.
    #[error("the paths of one route may have at most {MAX_PATH_SEGMENTS} segments together")]
    TooManySegments,
    /// The selector is valid in RFC 9535, but cannot be matched while streaming.
    #[error("indexes, slices and filters are not supported: write `[*]` for every element")]
    Unsupported {
        /// Bytes from the fault to the selector's end.
        rest_len: usize,
    },
}
