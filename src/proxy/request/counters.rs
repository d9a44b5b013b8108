//! One worker's counters of requests, by route.

use crate::layer::{MaskLayer, Mode};
use crate::metrics::{OFF_ROUTES, RouteCounts, Worker};
use std::sync::Arc;

/// One worker's counters for each route of a configuration, looked up once when the configuration
/// comes into force.
#[derive(Debug)]
pub(crate) struct RouteCounters {
    pub(crate) worker: Arc<Worker>,
    off: RouteEntry,
    /// In the order of the layer's routes.
    on: Vec<RouteEntry>,
}

/// The counters and the log fields of a route, or of all requests off the routes.
#[derive(Debug)]
pub(crate) struct RouteEntry {
    /// The route's name.
    pub(crate) route: String,
    /// The route's template or expression. `None` off the routes.
    pub(crate) path: Option<String>,
    pub(crate) counts: Arc<RouteCounts>,
}

impl RouteCounters {
    pub(crate) fn new(worker: Arc<Worker>, layer: &MaskLayer) -> Self {
        let place = |name: &str, path, observes| RouteEntry {
            route: name.to_owned(),
            path,
            counts: worker.route(name, observes),
        };
        let off = place(OFF_ROUTES, None, false);
        let on = layer.routes().iter().map(|route| {
            place(&route.name, Some(route.pattern.as_str().to_owned()), route.rule.mode() == Mode::Observe)
        });
        let on: Vec<_> = on.collect();
        worker.retire_all_but(&on.iter().chain([&off]).map(|place| place.route.as_str()).collect());
        Self { worker, off, on }
    }

    /// Returns the entry of the route with this index among the layer's routes, or for `None` the
    /// entry of requests off the routes.
    pub(crate) fn entry(&self, route: Option<usize>) -> &RouteEntry {
        route.and_then(|position| self.on.get(position)).unwrap_or(&self.off)
    }
}
