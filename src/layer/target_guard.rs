//! Finds a masked value in the target of a request. A client sends one that looks for, changes or
//! deletes a secret by the value that it was shown, which the API does not know.

use super::rule::{MaskRule, Mode};
use crate::mask::Policy;
use crate::route::{CanonicalPath, RouteSet, percent_decode, percent_decode_unicode};
use memchr::memmem::Finder;

/// Returns the position of the route on or below which a request with this target is refused,
/// because it holds a masked value. For tools that explain what happens to a request.
pub fn target_holds_masked_value(routes: &RouteSet<MaskRule>, target: &str) -> Option<usize> {
    TargetGuard::new(routes).find(routes, target)
}

/// How often a target is decoded. Servers before the API may decode it too.
const MAX_DECODINGS: usize = 4;

/// The most segments of a path of which the path up to there is looked up.
const MAX_PREFIXES: usize = 64;

/// Finds masked values in targets, for the routes that refuse them.
#[derive(Debug)]
pub(super) struct TargetGuard {
    /// The fillers of all masked forms: a target without any of them holds no masked value.
    fillers: Vec<Finder<'static>>,
    /// The percent sign and the first bytes of the fillers, if these are three bytes or fewer. A
    /// target without any of them holds no filler. With the default policy `%`, `.` and `*`.
    first_bytes: Option<[u8; 3]>,
}

impl TargetGuard {
    pub(super) fn new(routes: &RouteSet<MaskRule>) -> Self {
        let mut fillers: Vec<&[u8]> = Vec::new();
        for policy in routes.routes().iter().filter_map(|route| policy_of(&route.rule)) {
            for filler in policy.forms().flat_map(|(ellipsis, short)| [&*ellipsis.utf8, &*short.utf8]) {
                if !filler.is_empty() && !fillers.contains(&filler) {
                    fillers.push(filler);
                }
            }
        }
        let mut bytes = vec![b'%'];
        bytes.extend(fillers.iter().filter_map(|filler| filler.first()));
        bytes.sort_unstable();
        bytes.dedup();
        let first_bytes = (bytes.len() <= 3).then(|| [0, 1, 2].map(|at| bytes.get(at).copied().unwrap_or(b'%')));
        Self { fillers: fillers.into_iter().map(|filler| Finder::new(filler).into_owned()).collect(), first_bytes }
    }

    /// Returns the position of a route that a request with this target is on or below, and by whose
    /// policy the target holds a masked value. A route that refuses is preferred to one that only
    /// observes.
    pub(super) fn find(&self, routes: &RouteSet<MaskRule>, target: &str) -> Option<usize> {
        if let Some([a, b, c]) = self.first_bytes
            && memchr::memchr3(a, b, c, target.as_bytes()).is_none()
        {
            return None;
        }
        self.find_filler(routes, target)
    }

    // Not inlined: nearly no target comes here.
    #[inline(never)]
    fn find_filler(&self, routes: &RouteSet<MaskRule>, target: &str) -> Option<usize> {
        if !self.may_hold(target.as_bytes()) {
            return None;
        }
        let found: Vec<_> = readings(target).iter().flat_map(|reading| positions(routes, reading)).collect();
        let refuses =
            |position: &&usize| routes.routes().get(**position).is_some_and(|route| route.rule.mode() == Mode::Enforce);
        found.iter().find(refuses).or(found.first()).copied()
    }

    /// Whether the target holds a filler, decoded or as it came.
    fn may_hold(&self, target: &[u8]) -> bool {
        let holds = |text: &[u8]| self.fillers.iter().any(|filler| filler.find(text).is_some());
        holds(target)
            || (memchr::memchr2(b'%', b'+', target).is_some()
                && readings_of(target).iter().skip(1).any(|reading| holds(reading)))
    }
}

fn policy_of(rule: &MaskRule) -> Option<&Policy> {
    rule.guarding().map(|program| &program.rules().policy)
}

/// Returns the target as it came, and decoded as long as that changes something.
fn readings_of(target: &[u8]) -> Vec<Vec<u8>> {
    let mut readings = vec![target.to_vec()];
    while let Some(last) = readings.last().filter(|_| readings.len() <= MAX_DECODINGS) {
        let next = decode_parameter(last);
        if next == *last {
            break;
        }
        readings.push(next);
    }
    readings
}

fn readings(target: &str) -> Vec<String> {
    readings_of(target.as_bytes()).iter().map(|reading| String::from_utf8_lossy(reading).into_owned()).collect()
}

/// Returns the positions of the routes by whose policy this reading of a target holds a masked
/// value.
fn positions(routes: &RouteSet<MaskRule>, reading: &str) -> Vec<usize> {
    let (path, query) = reading.split_once('?').unwrap_or((reading, ""));
    let values: Vec<_> = query.split(['&', ';']).filter_map(|parameter| Some(parameter.split_once('=')?.1)).collect();
    let mut found = Vec::new();
    let ends = path.match_indices(['/', '\\']).map(|(at, _)| at).skip(1).take(MAX_PREFIXES);
    for end in ends.chain([path.len()]) {
        let (Some(start), Some(below)) = (path.get(..end), path.get(end..)) else { continue };
        let Ok(canonical) = CanonicalPath::new(start.as_bytes()) else { continue };
        for position in routes.find(&canonical).map(|found| found.position) {
            let Some(policy) = routes.routes().get(position).and_then(|route| policy_of(&route.rule)) else { continue };
            let is_excerpt = |text: &&str| policy.shows_both_ends() && policy.is_excerpt(text);
            // The path itself must be on the route, or below it.
            if (below.is_empty() || segments(below).next().is_some())
                && (segments(path).chain(values.iter().copied()).any(|text| is_excerpt(&text))
                    || segments(below).any(|text| policy.is_short(text)))
            {
                found.push(position);
            }
        }
    }
    found
}

/// Returns the segments of a path that are not empty, with and without parameters after a
/// semicolon.
fn segments(path: &str) -> impl Iterator<Item = &str> {
    let segments = path.split(['/', '\\']).filter(|segment| !segment.is_empty());
    segments.flat_map(|segment| std::iter::once(segment).chain(segment.split_once(';').map(|(name, _)| name)))
}

/// Decodes a name or value of a parameter once: plus signs, `%XX`, and `%uXXXX` (JavaScript's
/// `escape`).
pub(super) fn decode_parameter(text: &[u8]) -> Vec<u8> {
    let text: Vec<u8> = text.iter().map(|&byte| if byte == b'+' { b' ' } else { byte }).collect();
    let text = percent_decode_unicode(&text).unwrap_or(text);
    percent_decode(&text).unwrap_or(text)
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::layer::rule::WriteBack;
    use crate::mask::{Rules, Selectors};
    use crate::route::{Pattern, Route};

    fn routes(write_back: WriteBack) -> RouteSet<MaskRule> {
        let rule = MaskRule::new(Rules::new(Selectors::compile(["token"], false).unwrap())).with_write_back(write_back);
        let pattern = Pattern::template("/apps/{id}/keys").unwrap();
        RouteSet::compile(vec![Route { name: "keys".to_owned(), pattern, rule }]).unwrap()
    }

    fn found(target: &str) -> Option<usize> {
        let routes = routes(WriteBack::Refuse);
        TargetGuard::new(&routes).find(&routes, target)
    }

    #[test]
    fn a_masked_value_is_found_on_a_route_and_below_it() {
        for target in [
            "/apps/1/keys/app-8...cY5d", "/apps/1/keys/app-8...cY5d/", "/apps/1/keys/x/app-8...cY5d",
            "/apps/1/keys/app-8%2e..cY5d", "/apps/1/keys/app-8%252e..cY5d", "/apps/1/keys/app-8%u002e..cY5d",
            "/apps/1%2Fkeys%2Fapp-8...cY5d", "/apps/1//Keys/app-8...cY5d;v=1", "/apps/app-8...cY5d/keys",
            "/apps/1/keys?token=app-8...cY5d", "/apps/1/keys?a=1&x=app-8%2E%2E.cY5d",
            "/apps/1/keys/2?token=app-8...cY5d", "/apps/1/keys/***", "/apps/1/keys/%2a**",
        ] {
            assert_eq!(found(target), Some(0), "{target}");
        }
    }

    #[test]
    fn what_only_looks_alike_passes() {
        for target in [
            "/compare/v1.10...v1.9", "/apps/1/compare/v1.10...v1.9", "/apps/1/keys", "/apps/1/keys/",
            "/apps/1/keys/v1...v2", "/apps/1/keys?q=***", "/apps/***/keys", "/apps/1/keys?q=see app-8...cY5d there",
            "/apps/1/keys?range=1...9", "/other?token=app-8...cY5d",
        ] {
            assert_eq!(found(target), None, "{target}");
        }
        let routes = routes(WriteBack::Pass);
        assert_eq!(TargetGuard::new(&routes).find(&routes, "/apps/1/keys/app-8...cY5d"), None);
    }
}
