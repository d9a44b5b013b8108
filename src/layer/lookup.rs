//! On which masked route a request is.

use super::rule::MaskRule;
use crate::reason::Reason;
use crate::route::{CanonicalPath, RouteSet};
use http::Uri;
use std::sync::Arc;

/// The routes and their rules.
#[derive(Debug)]
pub(super) struct Routes {
    pub(super) set: RouteSet<MaskRule>,
    /// Name and rule of each route, shared with the exchanges on it.
    rules: Vec<(Arc<str>, Arc<MaskRule>)>,
}

/// Where a request is.
pub(super) enum Lookup {
    /// On no masked route.
    Off(OffRoute),
    /// On this one.
    On(OnRoute),
    /// Nobody can say.
    Refused(Reason),
}

/// The route that a request is on.
#[derive(Debug)]
pub(super) struct OnRoute {
    /// Which of the routes it is, from 0; the first of several.
    pub(super) position: usize,
    pub(super) name: Arc<str>,
    /// What holds for the request: of several routes, what all of their rules come to.
    pub(super) rule: Arc<MaskRule>,
}

/// The proof that a request is on no masked route. Its field is private to this file, which makes one where no route was found
/// and nowhere else.
#[derive(Debug)]
pub(super) struct OffRoute(());

impl Routes {
    pub(super) fn new(set: RouteSet<MaskRule>) -> Self {
        let rules =
            set.routes().iter().map(|route| (route.name.as_str().into(), Arc::new(route.rule.clone()))).collect();
        Self { set, rules }
    }

    /// Finds the route of a request. One that is on several, by different readings of its path, is under all their rules.
    pub(super) fn look_up(&self, uri: &Uri) -> Lookup {
        let Ok(path) = CanonicalPath::new(uri.path().as_bytes()) else {
            return Lookup::Refused(Reason::AmbiguousPath);
        };
        let mut on: Option<OnRoute> = None;
        for position in self.set.find(&path).map(|found| found.position) {
            let Some((name, rule)) = self.rules.get(position) else { continue };
            on = Some(match on {
                None => OnRoute { position, name: Arc::clone(name), rule: Arc::clone(rule) },
                Some(first) => match first.rule.union(rule) {
                    Ok(union) => OnRoute { rule: Arc::new(union), ..first },
                    Err(_) => return Lookup::Refused(Reason::AmbiguousPath),
                },
            });
        }
        match on {
            Some(on) => Lookup::On(on),
            None => Lookup::Off(OffRoute(())),
        }
    }
}
