//! Warns of routes that cancel each other's `reveal`: an answer on several routes shows only what
//! all of them reveal.

use super::route::ConfiguredRoute;
use crate::config::checks::expression;
use crate::config::read::table::Table;
use crate::layer::{MaskRule, Mode};
use crate::route::{CanonicalPath, RouteSet};
use http::Method;

/// Stands for the segment of a placeholder. No route has it as a literal segment.
const ANY: &str = "last4-any";

/// Warns of each route that never reveals anything, because another one is on all its paths.
///
/// An overlap on some of the paths is not reported: it may be a deliberate exception, or the common
/// paths may get no requests.
pub(in crate::config) fn warn(root: &Table<'_>, entries: &[ConfiguredRoute], set: &RouteSet<MaskRule>) {
    let enforced: Vec<_> =
        entries.iter().enumerate().filter(|(_, entry)| entry.description.mode == Mode::Enforce).collect();
    for (position, entry) in enforced.iter().filter(|(_, entry)| !entry.description.reveal.is_empty()) {
        let paths = samples(entry);
        for (other_position, other) in enforced.iter().filter(|(other, _)| other != position) {
            let cancelled = entry.description.reveal.iter().find(|method| !reveals_same(entry, other, method));
            let is_on_all = !paths.is_empty() && paths.iter().all(|path| is_on(set, path, *other_position));
            let Some(method) = cancelled.filter(|_| is_on_all) else { continue };
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

fn reveals_same(entry: &ConfiguredRoute, other: &ConfiguredRoute, method: &Method) -> bool {
    let fields = &entry.description.reveal_fields;
    other.description.reveal.contains(method) && other.description.reveal_fields == *fields
}

fn is_on(set: &RouteSet<MaskRule>, path: &str, position: usize) -> bool {
    CanonicalPath::new(path.as_bytes()).is_ok_and(|path| set.find(&path).any(|found| found.position == position))
}

/// Returns paths of a route. Of an expression one, of a template those with 0, 1 and 2 segments for
/// `{*name}`.
fn samples(entry: &ConfiguredRoute) -> Vec<String> {
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
