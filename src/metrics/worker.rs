//! What one worker counts.

use super::count::{Count, Gauge};
use super::route::RouteCounts;
use super::tally::Tally;
use crate::reason::{Reason, Stage};
use std::collections::{BTreeMap, BTreeSet};
use std::sync::{Arc, Mutex, PoisonError};

/// Reasons for which a handshake of TLS with a client fails.
const HANDSHAKE_FAILURES: [&str; 5] = ["alert", "certificate", "closed", "protocol", "timeout"];

/// What becomes of pages: they are rewritten, or why not.
const PAGES: [&str; 7] =
    ["charset", "decode-failed", "incomplete", "partial-content", "rewritten", "too-large", "unknown-encoding"];

/// The reasons for which requests end at a stage. An unasked tunnel ends one before its answer too.
fn reasons(stage: Stage) -> Vec<&'static str> {
    let at = |reason: &Reason| reason.stage() == stage || (stage == Stage::Upstream && *reason == Reason::Upgrade);
    Reason::ALL.into_iter().filter(at).map(Reason::as_str).collect()
}

/// What one worker counts. [`Metrics::worker`](super::Metrics::worker) makes one.
// On cache lines of its own: what lies beside it may be another worker's.
#[repr(align(128))]
#[derive(Debug)]
pub struct Worker {
    pub(super) accepted: Count,
    pub(super) open: Gauge,
    pub(super) in_flight: Gauge,
    pub(super) upstream_opened: Count,
    pub(super) upstream_reused: Count,
    pub(super) upstream_failures: Tally,
    pub(super) refusals: Tally,
    pub(super) handshake_failures: Tally,
    pub(super) pages: Tally,
    /// By name. Of a route that a new configuration leaves out, the counts stay: a counter never falls.
    routes: Mutex<BTreeMap<String, Arc<RouteCounts>>>,
}

impl Worker {
    pub(super) fn new() -> Self {
        Self {
            accepted: Count::default(),
            open: Gauge::default(),
            in_flight: Gauge::default(),
            upstream_opened: Count::default(),
            upstream_reused: Count::default(),
            upstream_failures: Tally::of(&reasons(Stage::Upstream)),
            refusals: Tally::of(&reasons(Stage::Request)),
            handshake_failures: Tally::of(&HANDSHAKE_FAILURES),
            pages: Tally::of(&PAGES),
            routes: Mutex::default(),
        }
    }

    /// The counts of a route, which only observes or masks, or of what is on none ([`OFF_ROUTES`](super::catalogue::OFF_ROUTES)).
    pub(crate) fn route(&self, name: &str, observes: bool) -> Arc<RouteCounts> {
        let mut routes = self.routes.lock().unwrap_or_else(PoisonError::into_inner);
        let counts = routes.entry(name.to_owned()).or_default();
        counts.put_in_force(observes);
        Arc::clone(counts)
    }

    /// Notes which routes a new configuration leaves out: all but these. They leak no more, and there is nothing to be alarmed at.
    pub(crate) fn leave_out_all_but(&self, names: &BTreeSet<&str>) {
        for (name, counts) in self.routes.lock().unwrap_or_else(PoisonError::into_inner).iter() {
            if !names.contains(name.as_str()) {
                counts.leave_out();
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

    /// Counts a connection to the upstream that was made.
    pub(crate) fn upstream_opened(&self) {
        self.upstream_opened.add(1);
    }

    /// Counts a request that went on a connection that was there.
    pub(crate) fn upstream_reused(&self) {
        self.upstream_reused.add(1);
    }

    /// Counts a request to which the upstream gave no answer.
    pub(crate) fn upstream_failed(&self, reason: Reason) {
        self.upstream_failures.count(reason.as_str());
    }

    /// Counts a request that went nowhere.
    pub(crate) fn refused(&self, reason: Reason) {
        self.refusals.count(reason.as_str());
    }

    /// Counts a client's connection that ended in its handshake of TLS.
    pub(crate) fn handshake_failed(&self, reason: &'static str) {
        self.handshake_failures.count(reason);
    }

    /// Counts a page on a page's route, by what became of it.
    pub(crate) fn page(&self, result: &'static str) {
        self.pages.count(result);
    }

    /// Adds another worker's, but for its routes.
    pub(super) fn absorb(&self, other: &Self) {
        self.accepted.absorb(&other.accepted);
        self.open.add(other.open.get());
        self.in_flight.add(other.in_flight.get());
        self.upstream_opened.absorb(&other.upstream_opened);
        self.upstream_reused.absorb(&other.upstream_reused);
        self.upstream_failures.absorb(&other.upstream_failures);
        self.refusals.absorb(&other.refusals);
        self.handshake_failures.absorb(&other.handshake_failures);
        self.pages.absorb(&other.pages);
    }
}

/// A client's connection, counted as open until this is dropped.
#[derive(Debug)]
pub(crate) struct OpenConnection(Arc<Worker>);

impl OpenConnection {
    pub(crate) fn begin(worker: &Arc<Worker>) -> Self {
        worker.accepted.add(1);
        worker.open.add(1);
        Self(Arc::clone(worker))
    }

    /// Whose connection it is.
    pub(crate) fn worker(&self) -> &Worker {
        &self.0
    }
}

impl Drop for OpenConnection {
    fn drop(&mut self) {
        self.0.open.add(-1);
    }
}
