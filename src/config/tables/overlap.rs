//! Warns of routes that cancel each other's `reveal`. If a request is on several routes, its answer
//! shows a secret only if all of these routes reveal it.

use super::route::ConfiguredRoute;
use crate::config::checks::expression;
use crate::config::read::table::Table;
use crate::layer::{MaskRule, Mode};
use crate::route::{CanonicalPath, RouteSet};
use http::Method;

/// Replaces a placeholder in a sample path. No route has this text as a literal segment.
const ANY: &str = "last4-any";

/// Warns of each route that never reveals anything, because another route matches all its paths.
///
/// If the other route matches only some of the paths, there is no warning: the overlap may be a
/// deliberate exception, or no requests may use these paths.
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
                format!(
                    "reveals nothing to {method}, because the route \"{name}\" ({path}) matches the same paths: {cure}"
                ),
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

/// Returns sample paths that a route matches. For an expression, at most one. For a template three,
/// with 0, 1 and 2 segments in place of `{*name}`.
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
