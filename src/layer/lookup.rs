//! On which masked route a request is.

use super::rule::MaskRule;
use crate::reason::Reason;
use crate::route::{CanonicalPath, RouteSet};
use http::Uri;
use std::sync::Arc;

/// The routes and their rules.
#[derive(Debug)]
pub(super) struct Routes {
    set: RouteSet<MaskRule>,
    /// Name and rule of each route, shared with the exchanges on it.
    rules: Vec<(Arc<str>, Arc<MaskRule>)>,
}

/// Where a request is.
pub(super) enum Lookup {
    /// On no masked route.
    Off(OffRoute),
    /// On this one, under this rule.
    On(Arc<str>, Arc<MaskRule>),
    /// Nobody can say.
    Refused(Reason),
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
        let mut on: Option<(Arc<str>, Arc<MaskRule>)> = None;
        for (name, rule) in self.set.find(&path).filter_map(|found| self.rules.get(found.position)) {
            on = Some(match on {
                None => (Arc::clone(name), Arc::clone(rule)),
                Some((first, so_far)) => match so_far.union(rule) {
                    Ok(union) => (first, Arc::new(union)),
                    Err(_) => return Lookup::Refused(Reason::AmbiguousPath),
                },
            });
        }
        match on {
            Some((name, rule)) => Lookup::On(name, rule),
            None => Lookup::Off(OffRoute(())),
        }
    }
}
