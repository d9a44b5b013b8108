//! Logs how a reload changes the routes, because a route that is removed by mistake is a leak.

use crate::config::{RouteDescription, Routes};
use std::sync::{Mutex, PoisonError};

/// The routes in force.
pub(super) struct RoutesInForce(Mutex<Vec<RouteInForce>>);

struct RouteInForce {
    description: RouteDescription,
    /// The `Debug` form of the rule. Two rules are compared by it.
    rule: String,
}

impl RoutesInForce {
    pub(super) fn new(routes: &Routes) -> Self {
        Self(Mutex::new(in_force(routes)))
    }

    /// Replaces the routes in force, and logs the differences.
    pub(super) fn replace(&self, routes: &Routes) {
        let now = in_force(routes);
        let mut in_force = self.0.lock().unwrap_or_else(PoisonError::into_inner);
        for RouteInForce { description, .. } in in_force.iter() {
            if named(&now, description).is_none() {
                let RouteDescription { name, path, .. } = description;
                tracing::warn!(route = name, path, "route removed: it masks nothing any more");
            }
        }
        for route in &now {
            match named(&in_force, &route.description) {
                Some(before) => log_change(before, route),
                None => {
                    let RouteDescription { name, path, fields, .. } = &route.description;
                    tracing::info!(route = name, path, fields = fields.join(" "), "route added");
                }
            }
        }
        *in_force = now;
    }
}

fn in_force(routes: &Routes) -> Vec<RouteInForce> {
    let rules = routes.set.routes().iter().map(|route| format!("{:?}", route.rule));
    let described = routes.described.iter().cloned();
    described.zip(rules).map(|(description, rule)| RouteInForce { description, rule }).collect()
}

fn named<'a>(routes: &'a [RouteInForce], description: &RouteDescription) -> Option<&'a RouteInForce> {
    routes.iter().find(|route| route.description.name == description.name)
}

/// Logs how a route has changed. The log level is WARN if the route may mask less than before.
fn log_change(before: &RouteInForce, now: &RouteInForce) {
    let (was, is) = (&before.description, &now.description);
    let name = &is.name;
    let gone: Vec<_> = was.fields.iter().filter(|field| !is.fields.contains(field)).map(String::as_str).collect();
    if was.path != is.path {
        tracing::warn!(route = name, path = is.path, before = was.path, "route path changed");
    }
    if !gone.is_empty() {
        tracing::warn!(route = name, fields = is.fields.join(" "), gone = gone.join(" "), "route masks less");
    }
    if was.path == is.path && gone.is_empty() && (was != is || before.rule != now.rule) {
        tracing::info!(route = name, path = is.path, fields = is.fields.join(" "), "route changed");
    }
}
