//! Finds the route of a request.

use super::rule::{MaskRule, Mode};
use super::target_guard::TargetGuard;
use crate::page::PageRule;
use crate::reason::Reason;
use crate::route::{CanonicalPath, RouteSet};
use http::Uri;
use http::uri::PathAndQuery;
use std::sync::Arc;

/// The routes and their rules.
#[derive(Debug)]
pub(super) struct RouteTable {
    pub(super) set: RouteSet<MaskRule>,
    /// The name and rule of each route, shared with the requests on it.
    rules: Vec<(Arc<str>, Arc<MaskRule>)>,
    /// Whether any route masks. If false, every route only observes and the proxy must be
    /// transparent: no header is changed, nothing refused.
    pub(super) enforces: bool,
    pages: Option<PageRoutes>,
    target_guard: TargetGuard,
}

/// The routes of pages and their rules.
#[derive(Debug)]
struct PageRoutes {
    set: RouteSet<Arc<PageRule>>,
    /// The path of each route, shared with the answers on it.
    paths: Vec<Arc<str>>,
}

/// A masked value that was found in a request.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct WriteBackFound {
    /// The position of the route by whose rule it is one, in
    /// [`MaskLayer::routes`](super::MaskLayer::routes).
    pub route: usize,
    /// Whether the request was refused. False in observe mode.
    pub is_refused: bool,
}

/// The result of a look-up.
pub(super) enum Lookup {
    /// The request is on a route that only observes, and on no route that masks.
    DryRun(ObserveOnly, OnRoute),
    /// The request is on no route.
    Off(OffRoute),
    /// The request is on a masked route.
    On(OnRoute),
    /// The request is on a page's route and no masked one.
    Page(OffRoute, OnPage),
    /// The route cannot be determined.
    Refused(Reason),
    /// The route cannot be determined, but no route masks.
    Unreadable(ObserveOnly, Reason),
}

/// The route that a request is on.
#[derive(Debug)]
pub(super) struct OnRoute {
    /// The position of the route, from 0. If the request is on several, of the first.
    pub(super) position: usize,
    pub(super) name: Arc<str>,
    /// The rule for the request. If the request is on several routes, the union of their rules.
    pub(super) rule: Arc<MaskRule>,
}

/// The page's route that a request is on.
#[derive(Debug)]
pub(super) struct OnPage {
    /// The route's template, or its expression.
    pub(super) path: Arc<str>,
    pub(super) rule: Arc<PageRule>,
}

/// The proof that a request is on no masked route. Its field is private to this file, and this file
/// creates it only where no route was found.
#[derive(Debug)]
pub(super) struct OffRoute(());

/// The proof that a request is on no route that masks: its route is in observe mode, or all routes
/// are. Its field is private to this file, and this file creates it only from rules in that mode.
#[derive(Debug)]
pub(super) struct ObserveOnly(());

impl ObserveOnly {
    fn of(on: &OnRoute) -> Option<Self> {
        (on.rule.mode() == Mode::Observe).then_some(Self(()))
    }

    fn everywhere(routes: &RouteTable) -> Option<Self> {
        (!routes.enforces).then_some(Self(()))
    }
}

impl RouteTable {
    pub(super) fn new(set: RouteSet<MaskRule>) -> Self {
        let rules =
            set.routes().iter().map(|route| (route.name.as_str().into(), Arc::new(route.rule.clone()))).collect();
        let enforces = set.routes().iter().any(|route| route.rule.mode() != Mode::Observe);
        let target_guard = TargetGuard::new(&set);
        Self { set, rules, enforces, pages: None, target_guard }
    }

    /// The same table, with routes of pages.
    #[cfg(feature = "page")]
    pub(super) fn with_pages(self, set: RouteSet<Arc<PageRule>>) -> Self {
        let paths: Vec<_> = set.routes().iter().map(|route| route.pattern.as_str().into()).collect();
        // Without page routes, requests need no second look-up.
        Self { pages: (!paths.is_empty()).then_some(PageRoutes { set, paths }), ..self }
    }

    /// Finds a masked value in the target of a request that is on or below a route.
    #[inline]
    pub(super) fn find_masked_target(&self, uri: &Uri) -> Option<WriteBackFound> {
        let target = uri.path_and_query().map_or(uri.path(), PathAndQuery::as_str);
        let route = self.target_guard.find(&self.set, target)?;
        let is_refused = self.set.routes().get(route).is_some_and(|route| route.rule.mode() != Mode::Observe);
        Some(WriteBackFound { route, is_refused })
    }

    /// Finds the route of a request. A request can be on several routes, by different readings of
    /// its path. Then the rules of all masking routes apply to it, and the rules of observing
    /// routes apply only if no route masks.
    pub(super) fn look_up(&self, uri: &Uri) -> Lookup {
        let whole;
        let target = match uri.path_and_query() {
            // Some servers take more than the path from a target in absolute form.
            _ if uri.authority().is_some() => {
                whole = uri.to_string();
                &whole
            }
            Some(target) => target.as_str(),
            None => uri.path(),
        };
        let Ok(path) = CanonicalPath::new(target.as_bytes()) else {
            return match ObserveOnly::everywhere(self) {
                Some(proof) => Lookup::Unreadable(proof, Reason::AmbiguousPath),
                None => Lookup::Refused(Reason::AmbiguousPath),
            };
        };
        let (mut masked, mut observed) = (None, None);
        for position in self.set.find(&path).map(|found| found.position) {
            let Some((name, rule)) = self.rules.get(position) else { continue };
            let on = if rule.mode() == Mode::Observe { &mut observed } else { &mut masked };
            *on = match on.take() {
                None => Some(OnRoute { position, name: Arc::clone(name), rule: Arc::clone(rule) }),
                Some(first) => match OnRoute::union(first, rule) {
                    Ok(union) => Some(union),
                    Err(first) if rule.mode() == Mode::Observe => Some(first),
                    Err(_) => return Lookup::Refused(Reason::AmbiguousPath),
                },
            };
        }
        let Some(on) = masked.or(observed) else {
            let proof = OffRoute(());
            return match self.pages.as_ref().and_then(|pages| pages.find(&path)) {
                Some(page) => Lookup::Page(proof, page),
                None => Lookup::Off(proof),
            };
        };
        match ObserveOnly::of(&on) {
            Some(proof) => Lookup::DryRun(proof, on),
            None => Lookup::On(on),
        }
    }
}

impl PageRoutes {
    /// Finds the first page route that matches any reading of the path.
    fn find(&self, path: &CanonicalPath<'_>) -> Option<OnPage> {
        let found = self.set.find(path).next()?;
        Some(OnPage { path: Arc::clone(self.paths.get(found.position)?), rule: Arc::clone(&found.route.rule) })
    }
}

impl OnRoute {
    /// Adds a second rule.
    ///
    /// # Errors
    /// Returns the route as it was, if the two rules have no union.
    fn union(self, rule: &MaskRule) -> Result<Self, Self> {
        match self.rule.union(rule) {
            Ok(union) => Ok(Self { rule: Arc::new(union), ..self }),
            Err(_) => Err(self),
        }
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::mask::{Rules, Selectors};
    use crate::route::{Pattern, Route};

    fn routes(written: &[(&str, &str, Mode)]) -> RouteTable {
        let route = |(name, template, mode): &(&str, &str, Mode)| Route {
            name: (*name).to_owned(),
            pattern: Pattern::template(template).unwrap(),
            rule: MaskRule::new(Rules::new(Selectors::compile([name], false).unwrap())).with_mode(*mode),
        };
        RouteTable::new(RouteSet::compile(written.iter().map(route).collect()).unwrap())
    }

    fn found(routes: &RouteTable, path: &str) -> (&'static str, String) {
        match routes.look_up(&path.parse().unwrap()) {
            Lookup::Off(_) => ("off", String::new()),
            Lookup::On(on) => ("on", on.name.to_string()),
            Lookup::DryRun(_, on) => ("observed", on.name.to_string()),
            Lookup::Page(_, page) => ("page", page.path.to_string()),
            Lookup::Refused(reason) => ("refused", reason.to_string()),
            Lookup::Unreadable(_, reason) => ("unreadable", reason.to_string()),
        }
    }

    #[test]
    fn a_request_is_observed_only_where_no_route_masks_it() {
        let routes = routes(&[
            ("trial", "/a/{x}", Mode::Observe),
            ("keys", "/{x}/keys", Mode::Enforce),
            ("second", "/a/{x}", Mode::Observe),
        ]);
        assert_eq!(found(&routes, "/a/b"), ("observed", "trial".to_owned()));
        assert_eq!(found(&routes, "/b/keys"), ("on", "keys".to_owned()));
        assert_eq!(found(&routes, "/a/keys"), ("on", "keys".to_owned()));
        assert_eq!(found(&routes, "/b/c"), ("off", String::new()));
        assert_eq!(found(&routes, "/a/%00").0, "refused");
    }

    #[test]
    fn a_masked_route_or_one_that_observes_always_wins_over_a_page() {
        let page = |(position, template): (usize, &&str)| Route {
            name: position.to_string(),
            pattern: Pattern::template(template).unwrap(),
            rule: Arc::new(PageRule::new(&["a"], &[]).unwrap()),
        };
        let pages = RouteSet::compile(["/{x}", "/{*rest}"].iter().enumerate().map(page).collect()).unwrap();
        let routes =
            routes(&[("keys", "/{x}/keys", Mode::Enforce), ("trial", "/trial", Mode::Observe)]).with_pages(pages);
        for (path, expected) in [
            ("/a/keys", ("on", "keys")),
            ("/a/b/../keys", ("on", "keys")),
            ("/a/%6beys.html", ("on", "keys")),
            ("/Trial/", ("observed", "trial")),
            ("/a", ("page", "/{x}")),
            ("/a/b", ("page", "/{*rest}")),
        ] {
            assert_eq!(found(&routes, path), (expected.0, expected.1.to_owned()), "{path}");
        }
        assert_eq!(found(&routes, "/a/%00").0, "refused");
    }

    #[test]
    fn what_cannot_be_read_passes_only_where_every_route_observes() {
        let routes = routes(&[("trial", "/a", Mode::Observe), ("second", "/b", Mode::Observe)]);
        assert_eq!(found(&routes, "/a/%00"), ("unreadable", "ambiguous-path".to_owned()));
    }

    #[test]
    fn a_rule_that_says_nothing_of_its_mode_masks() {
        let rule = MaskRule::new(Rules::new(Selectors::compile(["token"], false).unwrap()));
        assert_eq!((rule.mode(), Mode::default()), (Mode::Enforce, Mode::Enforce));
        let observing = rule.clone().with_mode(Mode::Observe);
        assert_eq!(rule.union(&observing).unwrap().mode(), Mode::Enforce);
        assert_eq!(observing.union(&rule).unwrap().mode(), Mode::Enforce);
    }
}
