//! Path patterns: templates and regular expressions.

use super::template::{Segment, Template};
use thiserror::Error;

/// A path pattern. It must match a whole [reading](super::CanonicalPath::readings) of a path, and
/// ignores letter case.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Pattern {
    text: String,
    pub(super) kind: PatternKind,
}

#[derive(Clone, Debug, PartialEq, Eq)]
pub(super) enum PatternKind {
    Template(Template),
    /// An expression that is anchored to a whole path.
    Regex(String),
}

impl Pattern {
    /// Parses a template. `{name}` matches one segment that is not empty, `{*name}` any number of
    /// segments or none, and all other text matches itself.
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
        let Some(written) = template.strip_prefix('/') else { return Err(PatternError::NoLeadingSlash) };
        let segment = |segment: &str| match placeholder(segment)? {
            Some(placeholder) => Ok(placeholder),
            None if segment.is_empty() => Err(PatternError::EmptySegment),
            None if is_foreign(segment) => Err(PatternError::Foreign),
            None if segment.contains(['?', '#', '%']) => Err(PatternError::NotPath),
            None => Ok(Segment::Literal(segment.to_owned())),
        };
        // The path `/` has no segments.
        let written = (!written.is_empty()).then(|| written.split('/'));
        let segments: Result<_, _> = written.into_iter().flatten().map(segment).collect();
        Ok(Self { text: template.to_owned(), kind: PatternKind::Template(Template(segments?)) })
    }

    /// Parses a regular expression, in the syntax of the `regex` crate, that must match the whole
    /// path.
    ///
    /// # Errors
    /// [`PatternError::Regex`] with the message of the `regex` crate, or
    /// [`PatternError::NoLeadingSlash`].
    pub fn regex(expression: &str) -> Result<Self, PatternError> {
        let anchored = anchored(expression);
        for written in [expression, &anchored] {
            regex::bytes::Regex::new(written).map_err(|error| PatternError::Regex(last_line(&error)))?;
        }
        if expression.starts_with(|first: char| first.is_alphanumeric()) {
            return Err(PatternError::NoLeadingSlash);
        }
        Ok(Self { text: expression.to_owned(), kind: PatternKind::Regex(anchored) })
    }

    /// Returns the pattern as it was written.
    pub fn as_str(&self) -> &str {
        &self.text
    }
}

/// Anchors an expression to a whole path, in any letter case. Disables Unicode mode, because a path
/// need not be UTF-8.
fn anchored(expression: &str) -> String {
    format!(r"(?i-u)\A(?:{expression})\z")
}

/// Returns whether a segment looks like a placeholder of another notation: `:id` (Express), `*`,
/// `<id>` (Flask), `a|b`. As a literal it would match no request.
fn is_foreign(segment: &str) -> bool {
    segment.starts_with(':')
        || matches!(segment, "*" | "**")
        || (segment.starts_with('<') && segment.ends_with('>'))
        || segment.contains('|')
}

/// Returns the last line of the library's message, which names the fault. The lines before it show
/// the expression.
fn last_line(error: &regex::Error) -> String {
    let text = error.to_string();
    text.lines().last().unwrap_or_default().trim_start_matches("error: ").to_owned()
}

fn placeholder(segment: &str) -> Result<Option<Segment>, PatternError> {
    if !segment.contains(['{', '}']) {
        return Ok(None);
    }
    let inside = segment.strip_prefix('{').and_then(|rest| rest.strip_suffix('}')).ok_or(PatternError::Placeholder)?;
    let (kind, name) = match inside.strip_prefix('*') {
        Some(name) => (Segment::Many, name),
        None => (Segment::One, inside),
    };
    let named = !name.is_empty() && name.chars().all(|c| c.is_alphanumeric() || c == '_' || c == '-');
    if named { Ok(Some(kind)) } else { Err(PatternError::Placeholder) }
}

/// Why a pattern was refused.
#[derive(Clone, Debug, Error, PartialEq, Eq)]
#[non_exhaustive]
pub enum PatternError {
    /// The template has two slashes in a row, or one at the end. It would match nothing, because
    /// paths are matched without empty segments.
    #[error("an empty segment never matches: write single slashes and none at the end")]
    EmptySegment,
    /// A segment has a placeholder of another notation, such as `:id`.
    #[error(
        "placeholders are written `{{name}}`, and choices need `path_regex`: taken literally, this would match nothing"
    )]
    Foreign,
    /// The template has a query, a fragment or a percent escape.
    #[error("a path is written decoded, without `%` escapes, query or fragment: requests are matched after decoding")]
    NotPath,
    /// The pattern does not start with `/`.
    #[error("a path begins with `/`")]
    NoLeadingSlash,
    /// The template has braces that are not a placeholder.
    #[error("a placeholder is a whole segment: `{{name}}` for one segment, `{{*name}}` for any number")]
    Placeholder,
    /// The expression does not compile, with the message of the `regex` crate.
    #[error("not a regular expression: {0}")]
    Regex(String),
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::route::index::Index;
    use proptest::prelude::*;

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

    /// The same template as an expression, for paths with segments of letters. The tests of `fold`
    /// cover punctuation.
    fn expression(template: &str) -> regex::bytes::Regex {
        let segment = |segment: &str| match placeholder(segment).unwrap() {
            Some(Segment::Many) => "(?:/[^/]+)*".to_owned(),
            Some(_) => "/[^/]+".to_owned(),
            None => format!("/{}", regex::escape(segment)),
        };
        let segments = template[1..].split('/').filter(|segment| !segment.is_empty()).map(segment);
        regex::bytes::Regex::new(&anchored(&segments.collect::<String>())).unwrap()
    }

    fn matches(template: &Template, path: &str) -> bool {
        let mut found = vec![];
        Index::new([(7, template)].into_iter()).find(path.as_bytes(), &mut found);
        !found.is_empty()
    }

    /// Matches a template with paths, as itself and as an expression, and counts the matches.
    fn matching(template: &str, paths: impl Iterator<Item = String>) -> usize {
        let PatternKind::Template(compiled) = Pattern::template(template).unwrap().kind else { unreachable!() };
        let expression = expression(template);
        let matches = |path: &String| {
            // The path `/` has no segments.
            let segments = if path == "/" { "" } else { path };
            let matches = matches(&compiled, path);
            assert_eq!(matches, !path.is_empty() && expression.is_match(segments.as_bytes()), "{template} {path}");
            matches
        };
        paths.filter(matches).count()
    }

    /// Written by hand from the contract. The expression above is a model by the same authors, and
    /// once had the same mistake as the code.
    #[test]
    fn a_template_matches_what_the_contract_says() {
        for (template, on, off) in [
            ("/", &["/"][..], &["", "//", "/a", "a"][..]),
            ("/a", &["/a", "/A"], &["/", "", "a", "/a/", "//a", "/ab", "/a/b"]),
            ("/{x}", &["/a", "/.", "/%20"], &["/", "", "/a/", "/a/b", "//"]),
            ("/{*x}", &["/", "/a", "/a/b", "/a/b/c"], &["", "a", "//", "/a/", "/a//b"]),
            ("/a/{*x}", &["/a", "/a/b", "/A/b/c"], &["/", "/a/", "/b", "/b/a", "/ab"]),
            ("/{*x}/a", &["/a", "/b/a", "/a/a", "/a/b/a"], &["/", "/a/b", "/a/", "//a", "/ba"]),
            ("/{*x}/{y}", &["/a", "/a/b", "/a/b/c"], &["/", "", "/a/"]),
            ("/{y}/{*x}", &["/a", "/a/b", "/a/b/c"], &["/", "", "/a/"]),
            ("/{*x}/{*y}", &["/", "/a", "/a/b"], &["", "//"]),
            ("/a/{*x}/b", &["/a/b", "/a/c/b", "/a/b/b", "/a/b/c/b"], &["/a", "/b", "/a/b/c", "/a//b", "/"]),
            ("/{*x}/a/{*y}", &["/a", "/a/b", "/b/a", "/b/a/c", "/a/a/a"], &["/", "/b", "/b/c"]),
            ("/{*x}/a/{y}/{*z}/b", &["/a/1/b", "/q/a/1/2/b", "/a/a/b/b"], &["/a/b", "/a/1/b/2", "/b"]),
        ] {
            let PatternKind::Template(compiled) = Pattern::template(template).unwrap().kind else { unreachable!() };
            for path in on {
                assert!(matches(&compiled, path), "{template} {path}");
            }
            for path in off {
                assert!(!matches(&compiled, path), "{template} {path}");
            }
        }
    }

    #[test]
    fn templates_compiled_together_match_as_each_alone() {
        let templates: Vec<_> = rows(["", "/", "/a", "/{x}", "/{*y}", "/B"])
            .filter_map(|template| match Pattern::template(&template).ok()?.kind {
                PatternKind::Template(template) => Some(template),
                PatternKind::Regex(_) => None,
            })
            .collect();
        let together = Index::new(templates.iter().enumerate());
        for path in rows(["", "/", "/a", "/b", "/ab"]) {
            let mut found = vec![];
            together.find(path.as_bytes(), &mut found);
            found.sort_unstable();
            found.dedup();
            let each = templates.iter().enumerate().filter(|(_, template)| matches(template, &path));
            assert_eq!(found, each.map(|(position, _)| position).collect::<Vec<_>>(), "{path}");
        }
    }

    /// All strings of four of these parts in a row.
    fn rows<const N: usize>(parts: [&'static str; N]) -> impl Iterator<Item = String> {
        (0..N.pow(4)).map(move |number| (0..4).map(|place| parts[number / N.pow(place) % N]).collect())
    }

    #[test]
    fn a_template_matches_what_the_same_expression_does() {
        let paths: Vec<_> = rows(["", "/", "/a", "/A", "/ab", "/B.c", "x"]).collect();
        let templates = rows(["", "/", "/a", "/{x}", "/{*y}", "/b.C"]);
        let found = templates
            .filter(|template| Pattern::template(template).is_ok())
            .map(|template| matching(&template, paths.iter().cloned()));
        assert!(found.sum::<usize>() > 10_000);
    }

    proptest! {
        #[test]
        fn a_longer_template_matches_what_the_same_expression_does(
            template in r"(/(a|b|\{x\}|\{\*y\})){1,9}",
            paths in proptest::collection::vec("(/[abAB]){0,12}/?", 100),
        ) {
            matching(&template, paths.into_iter());
        }
    }
}
