//! What a route's path may look like: templates and regular expressions, both compiled to one kind of expression.

use thiserror::Error;

/// A path pattern, matched against a whole reading of a path, without regard to letter case.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Pattern {
    text: String,
    expression: String,
    /// What every path ends with that matches, in any letter case.
    tail: String,
}

impl Pattern {
    /// A template: `{name}` is one segment that is not empty, `{*name}` any number of segments, none included; everything
    /// else stands for itself.
    ///
    /// ```
    /// # use last4::route::Pattern;
    /// assert!(Pattern::template("/{*prefix}/apps/{app_id}/api-keys").is_ok());
    /// assert!(Pattern::template("apps").is_err());
    /// ```
    ///
    /// # Errors
    /// See [`PatternError`].
    pub fn template(template: &str) -> Result<Self, PatternError> {
        let Some(segments) = template.strip_prefix('/') else { return Err(PatternError::NoLeadingSlash) };
        if segments.is_empty() {
            return Ok(Self { text: template.to_owned(), expression: "/".to_owned(), tail: "/".to_owned() });
        }
        let (mut expression, mut tail) = (String::new(), String::new());
        for segment in segments.split('/') {
            let placeholder = placeholder(segment)?;
            if placeholder.is_some() {
                tail.clear();
            }
            match placeholder {
                Some(Placeholder::One) => expression.push_str("/[^/]+"),
                Some(Placeholder::Many) => expression.push_str("(?:/[^/]+)*"),
                None if segment.is_empty() => return Err(PatternError::EmptySegment),
                None if is_foreign(segment) => return Err(PatternError::Foreign),
                None if segment.contains(['?', '#', '%']) => return Err(PatternError::NotPath),
                None => {
                    expression.push('/');
                    expression.push_str(&regex::escape(segment));
                    tail.push('/');
                    tail.push_str(segment);
                }
            }
        }
        Ok(Self { text: template.to_owned(), expression, tail })
    }

    /// A regular expression (the `regex` crate's syntax) that must match the whole path.
    ///
    /// # Errors
    /// [`PatternError::Regex`] with the expression's own message.
    pub fn regex(expression: &str) -> Result<Self, PatternError> {
        let pattern = Self { text: expression.to_owned(), expression: expression.to_owned(), tail: String::new() };
        for written in [expression, &pattern.anchored()] {
            regex::bytes::Regex::new(written).map_err(|error| PatternError::Regex(last_line(&error)))?;
        }
        if expression.starts_with(|first: char| first.is_alphanumeric()) {
            return Err(PatternError::NoLeadingSlash);
        }
        Ok(pattern)
    }

    /// The pattern as it was written.
    pub fn as_str(&self) -> &str {
        &self.text
    }

    /// Whether a path may match: a few instructions in place of an expression, which most requests need not be held against.
    pub(super) fn may_match(&self, path: &[u8]) -> bool {
        let tail = path.len().checked_sub(self.tail.len()).and_then(|start| path.get(start..));
        tail.is_some_and(|tail| tail.eq_ignore_ascii_case(self.tail.as_bytes()))
    }

    /// The expression for a whole path: any letter case; a path need not be UTF-8.
    pub(super) fn anchored(&self) -> String {
        format!(r"(?i-u)\A(?:{})\z", self.expression)
    }
}

/// Whether a segment looks like another notation's placeholder, which taken literally would match no request at all: `:id` (Express),
/// `*`, `<id>` (Flask), `a|b`.
fn is_foreign(segment: &str) -> bool {
    segment.starts_with(':')
        || matches!(segment, "*" | "**")
        || (segment.starts_with('<') && segment.ends_with('>'))
        || segment.contains('|')
}

/// The library shows the expression over several lines, and in the last one what is wrong with it.
fn last_line(error: &regex::Error) -> String {
    let text = error.to_string();
    text.lines().last().unwrap_or_default().trim_start_matches("error: ").to_owned()
}

enum Placeholder {
    One,
    Many,
}

fn placeholder(segment: &str) -> Result<Option<Placeholder>, PatternError> {
    if !segment.contains(['{', '}']) {
        return Ok(None);
    }
    let inside = segment.strip_prefix('{').and_then(|rest| rest.strip_suffix('}')).ok_or(PatternError::Placeholder)?;
    let (kind, name) = match inside.strip_prefix('*') {
        Some(name) => (Placeholder::Many, name),
        None => (Placeholder::One, inside),
    };
    let named = !name.is_empty() && name.chars().all(|c| c.is_alphanumeric() || c == '_' || c == '-');
    if named { Ok(Some(kind)) } else { Err(PatternError::Placeholder) }
}

/// Why a pattern was refused.
#[derive(Clone, Debug, Error, PartialEq, Eq)]
#[non_exhaustive]
pub enum PatternError {
    /// Two slashes in a row, or one at the end: no reading of a path has an empty segment.
    #[error("an empty segment never matches: write single slashes and none at the end")]
    EmptySegment,
    /// A segment in another notation.
    #[error(
        "placeholders are written `{{name}}`, and choices need `path_regex`: taken literally, this would match nothing"
    )]
    Foreign,
    /// A query, a fragment or an escape.
    #[error("a path is written decoded, without `%` escapes, query or fragment: requests are matched after decoding")]
    NotPath,
    /// A relative path.
    #[error("a path begins with `/`")]
    NoLeadingSlash,
    /// Braces that are not a placeholder.
    #[error("a placeholder is a whole segment: `{{name}}` for one segment, `{{*name}}` for any number")]
    Placeholder,
    /// Not a regular expression.
    #[error("not a regular expression: {0}")]
    Regex(String),
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn what_could_never_match_is_refused() {
        for template in ["/v1/:id/t", "/v1/*/t", "/v1/**", "/v1/<id>/t", "/v1/(a|b)/t"] {
            assert_eq!(Pattern::template(template), Err(PatternError::Foreign), "{template}");
        }
        for template in ["/v1/t?page=1", "/v1/t%6fkens", "/v1/t#x"] {
            assert_eq!(Pattern::template(template), Err(PatternError::NotPath), "{template}");
        }
        for template in ["/v1//t", "/v1/t/"] {
            assert_eq!(Pattern::template(template), Err(PatternError::EmptySegment), "{template}");
        }
        assert_eq!(Pattern::regex("v1/[^/]+/t"), Err(PatternError::NoLeadingSlash));
        assert_eq!(Pattern::regex("/a/(b"), Err(PatternError::Regex("unclosed group".to_owned())));
        for template in ["/", "/v1/keys:list", "/Keys(1)/a.b", "/{*any}/t"] {
            assert!(Pattern::template(template).is_ok(), "{template}");
        }
    }

    #[test]
    fn no_path_that_matches_is_ruled_out_beforehand() {
        let templates = ["/", "/a", "/a/b", "/{x}", "/a/{x}", "/{x}/a", "/{*x}", "/{*x}/a", "/a/{*x}/b/{y}/A.b"];
        let segments = ["", "a", "A", "b", "x", "a.B", "aXb"];
        for template in templates {
            let pattern = Pattern::template(template).unwrap();
            let expression = regex::bytes::Regex::new(&pattern.anchored()).unwrap();
            for number in 0..7_usize.pow(5) {
                let chosen =
                    (0..5).map(|place| segments[number / 7_usize.pow(place) % 7]).take_while(|s| !s.is_empty());
                let path = format!("/{}", chosen.collect::<Vec<_>>().join("/"));
                assert!(
                    !expression.is_match(path.as_bytes()) || pattern.may_match(path.as_bytes()),
                    "{template} {path}"
                );
            }
        }
        assert!(!Pattern::template("/{x}/keys").unwrap().may_match(b"/a/apps"));
    }
}
