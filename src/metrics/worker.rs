//! The metrics of one worker.

use super::instruments::{Counter, CounterVec, Gauge};
use super::route::RouteCounts;
use crate::reason::{Reason, Stage};
use std::collections::{BTreeMap, BTreeSet};
use std::sync::{Arc, Mutex, PoisonError};

/// The reasons for which TLS handshakes of clients fail.
const HANDSHAKE_FAILURES: [&str; 5] = ["alert", "certificate", "closed", "protocol", "timeout"];

/// The results of pages: `rewritten`, or the reason why not.
const PAGES: [&str; 7] =
    ["charset", "decode-failed", "incomplete", "partial-content", "rewritten", "too-large", "unknown-encoding"];

/// The reasons for which requests end at a stage. A tunnel that the upstream opens unasked ends a
/// request at [`Stage::Upstream`] too.
fn reasons(stage: Stage) -> Vec<&'static str> {
    let at = |reason: &Reason| reason.stage() == stage || (stage == Stage::Upstream && *reason == Reason::Upgrade);
    Reason::ALL.into_iter().filter(at).map(Reason::as_str).collect()
}

/// The metrics of one worker. [`Metrics::worker`](super::Metrics::worker) creates them.
// On cache lines of its own, because the memory beside it may be another worker's.
#[repr(align(128))]
#[derive(Debug)]
pub struct Worker {
    pub(super) accepted: Counter,
    pub(super) open: Gauge,
    pub(super) in_flight: Gauge,
    pub(super) upstream_opened: Counter,
    pub(super) upstream_reused: Counter,
    pub(super) upstream_failures: CounterVec,
    pub(super) refusals: CounterVec,
    pub(super) handshake_failures: CounterVec,
    pub(super) pages: CounterVec,
    /// By name. The counts of a route that a new configuration drops stay: a counter never falls.
    routes: Mutex<BTreeMap<String, Arc<RouteCounts>>>,
}

impl Worker {
    pub(super) fn new() -> Self {
        Self {
            accepted: Counter::default(),
            open: Gauge::default(),
            in_flight: Gauge::default(),
            upstream_opened: Counter::default(),
            upstream_reused: Counter::default(),
            upstream_failures: CounterVec::with_values(&reasons(Stage::Upstream)),
            refusals: CounterVec::with_values(&reasons(Stage::Request)),
            handshake_failures: CounterVec::with_values(&HANDSHAKE_FAILURES),
            pages: CounterVec::with_values(&PAGES),
            routes: Mutex::default(),
        }
    }

    /// Returns the counts of a route of the configuration in force, or of the requests on no route
    /// ([`OFF_ROUTES`](super::catalogue::OFF_ROUTES)).
    pub(crate) fn route(&self, name: &str, observes: bool) -> Arc<RouteCounts> {
        let mut routes = self.routes.lock().unwrap_or_else(PoisonError::into_inner);
        let counts = routes.entry(name.to_owned()).or_default();
        counts.activate(observes);
        Arc::clone(counts)
    }

    /// Retires all routes except these, which are in the configuration in force.
    pub(crate) fn retire_all_but(&self, names: &BTreeSet<&str>) {
        for (name, counts) in self.routes.lock().unwrap_or_else(PoisonError::into_inner).iter() {
            if !names.contains(name.as_str()) {
                counts.retire();
            }
        }
    }

    pub(super) fn routes(&self) -> BTreeMap<String, Arc<RouteCounts>> {
        self.routes.lock().unwrap_or_else(PoisonError::into_inner).clone()
    }

    /// Counts a request as in flight, until [`Self::request_ends`].
    pub(crate) fn request_begins(&self) {
        self.in_flight.add(1);
    }

    pub(crate) fn request_ends(&self) {
        self.in_flight.add(-1);
    }

    /// Counts a new connection to the upstream.
    pub(crate) fn upstream_opened(&self) {
        self.upstream_opened.add(1);
    }

    /// Counts a request on a kept connection to the upstream.
    pub(crate) fn upstream_reused(&self) {
        self.upstream_reused.add(1);
    }

    /// Counts a request that the upstream did not answer.
    pub(crate) fn upstream_failed(&self, reason: Reason) {
        self.upstream_failures.increment(reason.as_str());
    }

    /// Counts a request that was refused.
    pub(crate) fn refused(&self, reason: Reason) {
        self.refusals.increment(reason.as_str());
    }

    /// Counts a client's connection that ended in its TLS handshake.
    pub(crate) fn handshake_failed(&self, reason: &'static str) {
        self.handshake_failures.increment(reason);
    }

    /// Counts a page on a page's route, by its result.
    pub(crate) fn page(&self, result: &'static str) {
        self.pages.increment(result);
    }

    /// Adds the counts of another worker, except those of its routes.
    pub(super) fn merge(&self, other: &Self) {
        self.accepted.merge(&other.accepted);
        self.open.add(other.open.get());
        self.in_flight.add(other.in_flight.get());
        self.upstream_opened.merge(&other.upstream_opened);
        self.upstream_reused.merge(&other.upstream_reused);
        self.upstream_failures.merge(&other.upstream_failures);
        self.refusals.merge(&other.refusals);
        self.handshake_failures.merge(&other.handshake_failures);
        self.pages.merge(&other.pages);
    }
}

/// Counts a client's connection as open until this is dropped.
#[derive(Debug)]
pub(crate) struct OpenConnection(Arc<Worker>);

impl OpenConnection {
    pub(crate) fn begin(worker: &Arc<Worker>) -> Self {
        worker.accepted.add(1);
        worker.open.add(1);
        Self(Arc::clone(worker))
    }

    /// Returns the metrics of the worker that serves the connection.
    pub(crate) fn worker(&self) -> &Worker {
        &self.0
    }
}

impl Drop for OpenConnection {
    fn drop(&mut self) {
        self.0.open.add(-1);
    }
}
