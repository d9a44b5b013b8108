//! Routes that take from one another what they reveal: of a request that is on several, only what all reveal is shown.

use super::route::Entry;
use crate::config::checks::expression;
use crate::config::read::table::Table;
use crate::layer::{MaskRule, Mode};
use crate::route::{CanonicalPath, RouteSet};
use http::Method;

/// Stands for a placeholder's segment: no route has it as a literal one.
const ANY: &str = "last4-any";

/// Warns of every route that never reveals what it says, since another one is on all its paths.
///
/// One that is on some of them alone is left: it is written to be an exception, or meets the other where no request is.
pub(in crate::config) fn warn(root: &Table<'_>, entries: &[Entry], set: &RouteSet<MaskRule>) {
    let enforced: Vec<_> =
        entries.iter().enumerate().filter(|(_, entry)| entry.description.mode == Mode::Enforce).collect();
    for (position, entry) in enforced.iter().filter(|(_, entry)| !entry.description.reveal.is_empty()) {
        let paths = samples(entry);
        for (other_position, other) in enforced.iter().filter(|(other, _)| other != position) {
            let Some(method) = entry.description.reveal.iter().find(|method| !reveals_same(entry, other, method))
            else {
                continue;
            };
            if paths.is_empty() || !paths.iter().all(|path| is_on(set, path, *other_position)) {
                continue;
            }
            let (name, path) = (&other.description.name, &other.description.path);
            let cure = if other.description.reveal.contains(method) {
                "give both the same `reveal_fields`".to_owned()
            } else {
                format!("write {method} in its `reveal` too, or narrow its path")
            };
            root.warn(
                &entry.reveal,
                format!("reveals nothing to {method}, for the route \"{name}\" ({path}) is on the same paths: {cure}"),
            );
        }
    }
}

fn reveals_same(entry: &Entry, other: &Entry, method: &Method) -> bool {
    let fields = &entry.description.reveal_fields;
    other.description.reveal.contains(method) && other.description.reveal_fields == *fields
}

fn is_on(set: &RouteSet<MaskRule>, path: &str, position: usize) -> bool {
    CanonicalPath::new(path.as_bytes()).is_ok_and(|path| set.find(&path).any(|found| found.position == position))
}

/// Paths that a route is on: of an expression one, of a template those with none, one and two segments for `{*name}`.
fn samples(entry: &Entry) -> Vec<String> {
    let path = &entry.description.path;
    if entry.is_expression {
        return expression::sample(path).into_iter().collect();
    }
    let with = |many: usize| {
        let segments = path.split('/').skip(1).flat_map(|segment| match segment {
            _ if segment.starts_with("{*") => vec![ANY; many],
            _ if segment.starts_with('{') => vec![ANY],
            _ => vec![segment],
        });
        format!("/{}", segments.collect::<Vec<_>>().join("/"))
    };
    (0..3).map(with).collect()
}
