//! Routes that take from one another what they reveal: of a request that is on several, only what all reveal is shown.

use super::expression;
use super::reader::Table;
use super::route::Entry;
use crate::layer::{MaskRule, Mode};
use crate::route::{CanonicalPath, RouteSet};

/// Warns of every route that reveals, and does not where another one is on the path too.
pub(super) fn warn(root: &Table<'_>, entries: &[Entry], set: &RouteSet<MaskRule>) {
    let enforced: Vec<_> =
        entries.iter().enumerate().filter(|(_, entry)| entry.description.mode == Mode::Enforce).collect();
    for &(position, entry) in enforced.iter().filter(|(_, entry)| !entry.description.reveal.is_empty()) {
        for &(other_position, other) in &enforced {
            let (described, cancelling) = (&entry.description, &other.description);
            let Some(method) = described.reveal.iter().find(|method| !reveals_same(entry, other, method)) else {
                continue;
            };
            // Of two that both reveal something to it, one warning is enough.
            let is_said = cancelling.reveal.contains(method) && other_position < position;
            if is_said {
                continue;
            }
            let Some(path) = common_path((position, entry), (other_position, other), set) else { continue };
            let (name, pattern) = (&cancelling.name, &cancelling.path);
            let cure = if cancelling.reveal.contains(method) {
                "give both the same `reveal_fields`".to_owned()
            } else {
                format!("write {method} in its `reveal` too, or narrow one of the two paths")
            };
            root.warn(
                &entry.reveal,
                format!(
                    "nothing is revealed to {method} where the route \"{name}\" ({pattern}) is on the path too, such as \
                     {path:?}: {cure}"
                ),
            );
        }
    }
}

fn reveals_same(entry: &Entry, other: &Entry, method: &http::Method) -> bool {
    let fields = &entry.description.reveal_fields;
    other.description.reveal.contains(method) && other.description.reveal_fields == *fields
}

/// A path that both routes are on, if one is found: of two templates always, if there is one.
fn common_path(one: (usize, &Entry), other: (usize, &Entry), set: &RouteSet<MaskRule>) -> Option<String> {
    let is_on = |path: &str, position: usize| {
        CanonicalPath::new(path.as_bytes()).is_ok_and(|path| set.find(&path).any(|found| found.position == position))
    };
    if let (Some(parts), Some(other_parts)) = (parts(one.1), parts(other.1)) {
        return meeting(&parts, &other_parts);
    }
    let of_one = samples(one.1).into_iter().find(|path| is_on(path, other.0));
    of_one.or_else(|| samples(other.1).into_iter().find(|path| is_on(path, one.0)))
}

/// A segment of a template.
#[derive(Clone, Copy)]
enum Part<'a> {
    Literal(&'a str),
    One,
    Many,
}

/// The segments of a route's template. `None` where it has an expression.
fn parts(entry: &Entry) -> Option<Vec<Part<'_>>> {
    let segments = entry.description.path.strip_prefix('/').filter(|_| !entry.is_expression)?.split('/');
    let part = |segment| match segment {
        _ if str::starts_with(segment, "{*") => Part::Many,
        _ if segment.starts_with('{') => Part::One,
        _ => Part::Literal(segment),
    };
    Some(segments.filter(|segment| !segment.is_empty()).map(part).collect())
}

/// Paths that a route is on.
fn samples(entry: &Entry) -> Vec<String> {
    let Some(parts) = parts(entry) else { return expression::sample(&entry.description.path).into_iter().collect() };
    let with = |many: &str| {
        let segments: String = parts
            .iter()
            .map(|part| match part {
                Part::Literal(literal) => format!("/{literal}"),
                Part::One => "/x".to_owned(),
                Part::Many => many.to_owned(),
            })
            .collect();
        if segments.is_empty() { "/".to_owned() } else { segments }
    };
    vec![with(""), with("/x"), with("/x/x")]
}

/// A path that both templates match.
fn meeting(one: &[Part<'_>], other: &[Part<'_>]) -> Option<String> {
    let mut met = Meeting { one, other, failed: vec![false; (one.len() + 1) * (other.len() + 1)], path: Vec::new() };
    met.from(0, 0).then(|| format!("/{}", met.path.join("/")))
}

/// The search for a path that two templates match.
struct Meeting<'a> {
    one: &'a [Part<'a>],
    other: &'a [Part<'a>],
    /// From which places in both there is none, so that no pair is tried twice.
    failed: Vec<bool>,
    path: Vec<&'a str>,
}

impl<'a> Meeting<'a> {
    /// Whether what is behind these places has a path in common, which then ends [`path`](Self::path).
    fn from(&mut self, at: usize, other_at: usize) -> bool {
        let pair = at * (self.other.len() + 1) + other_at;
        if self.failed.get(pair).copied().unwrap_or(true) {
            return false;
        }
        let met = match (self.one.get(at).copied(), self.other.get(other_at).copied()) {
            (None, None) => true,
            (Some(Part::Many), next) => self.from(at + 1, other_at) || self.takes(next, at, other_at + 1),
            (next, Some(Part::Many)) => self.from(at, other_at + 1) || self.takes(next, at + 1, other_at),
            (Some(Part::Literal(one)), Some(Part::Literal(other))) => {
                one.eq_ignore_ascii_case(other) && self.takes(Some(Part::Literal(one)), at + 1, other_at + 1)
            }
            (Some(Part::One), next @ Some(_)) | (next @ Some(_), Some(Part::One)) => {
                self.takes(next, at + 1, other_at + 1)
            }
            // One of them is longer.
            (Some(_), None) | (None, Some(_)) => false,
        };
        if !met && let Some(failed) = self.failed.get_mut(pair) {
            *failed = true;
        }
        met
    }

    /// The same behind one segment that both take.
    fn takes(&mut self, segment: Option<Part<'a>>, at: usize, other_at: usize) -> bool {
        let Some(segment) = segment else { return false };
        self.path.push(match segment {
            Part::Literal(literal) => literal,
            Part::One | Part::Many => "x",
        });
        let met = self.from(at, other_at);
        if !met {
            self.path.pop();
        }
        met
    }
}
