//! The metrics of each route.

use super::decision::Decision;
use super::instruments::{Counter, Histogram};
use crate::reason::{Reason, Stage};
use std::sync::atomic::{AtomicBool, Ordering};
use std::time::Duration;

/// The classes of statuses, by the first digit; `none` if no answer began.
pub(super) const STATUS_CLASSES: [&str; 6] = ["none", "1xx", "2xx", "3xx", "4xx", "5xx"];

/// The counts of one worker for one route, or for all requests on no route.
// On cache lines of its own, because the memory beside it may be another worker's.
#[repr(align(128))]
#[derive(Debug, Default)]
pub(crate) struct RouteCounts {
    requests: [[Counter; STATUS_CLASSES.len()]; Decision::ALL.len()],
    /// What masking did.
    pub(crate) done: Findings,
    /// What masking would have done, on a route that only observes.
    pub(crate) would_be: Findings,
    pub(super) duration: Histogram,
    pub(super) upstream: Histogram,
    /// Lists: successful JSON answers that may reveal nothing and were read to their end.
    answers: Counter,
    /// Lists that held a selected value.
    selecting: Counter,
    /// Objects that might reveal a secret, showed none, and held one masked value.
    unrevealed: Counter,
    observes: AtomicBool,
    /// Whether the route is not in the configuration in force.
    retired: AtomicBool,
}

/// The values found in answers, and the answers withheld.
#[derive(Debug, Default)]
pub(crate) struct Findings {
    masked: Counter,
    unchanged: Counter,
    revealed: Counter,
    withheld: [Counter; Reason::ALL.len()],
    write_backs: Counter,
}

/// Numbers of selected values, by their treatment.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq)]
pub(crate) struct Values {
    pub(crate) masked: u64,
    pub(crate) unchanged: u64,
    pub(crate) revealed: u64,
}

impl RouteCounts {
    /// Counts a request that has ended. `status` is `None` if no answer began.
    pub(crate) fn request(&self, decision: Decision, status: Option<u16>, took: Duration) {
        let class = usize::from(status.unwrap_or(0) / 100);
        if let Some(count) = self.requests.get(decision as usize).and_then(|classes| classes.get(class)) {
            count.add(1);
        }
        self.duration.observe(took);
    }

    /// Records the time from the head of a request to the head of the upstream's answer.
    pub(crate) fn upstream(&self, took: Duration) {
        self.upstream.observe(took);
    }

    /// Counts a list, and whether it held a selected value, for the alarms.
    pub(crate) fn answer(&self, selects: bool) {
        self.answers.add(1);
        if selects {
            self.selecting.add(1);
        }
    }

    /// Counts an object that might reveal a secret, showed none, and held one masked value.
    pub(crate) fn unrevealed(&self) {
        self.unrevealed.add(1);
    }

    pub(super) fn all_unrevealed(&self) -> u64 {
        self.unrevealed.get()
    }

    /// Returns the numbers of lists, of lists with a selected value, and of values that were
    /// masked.
    pub(super) fn for_alarms(&self) -> [u64; 3] {
        let masked = self.done.masked.get() + self.would_be.masked.get();
        [self.answers.get(), self.selecting.get(), masked]
    }

    /// Marks the route as one of the configuration in force.
    pub(super) fn activate(&self, observes: bool) {
        self.observes.store(observes, Ordering::Relaxed);
        self.retired.store(false, Ordering::Relaxed);
    }

    /// Marks the route as one that is not in the configuration in force.
    pub(super) fn retire(&self) {
        self.observes.store(false, Ordering::Relaxed);
        self.retired.store(true, Ordering::Relaxed);
    }

    pub(super) fn is_retired(&self) -> bool {
        self.retired.load(Ordering::Relaxed)
    }

    pub(super) fn observes(&self) -> bool {
        self.observes.load(Ordering::Relaxed)
    }

    /// Adds the counts of another worker.
    pub(super) fn merge(&self, other: &Self) {
        self.observes.fetch_or(other.observes(), Ordering::Relaxed);
        self.retired.fetch_or(other.is_retired(), Ordering::Relaxed);
        let (to, from) = (self.requests.iter().flatten(), other.requests.iter().flatten());
        to.zip(from).for_each(|(to, from)| to.merge(from));
        self.answers.merge(&other.answers);
        self.selecting.merge(&other.selecting);
        self.unrevealed.merge(&other.unrevealed);
        self.done.merge(&other.done);
        self.would_be.merge(&other.would_be);
        self.duration.merge(&other.duration);
        self.upstream.merge(&other.upstream);
    }

    /// Returns each decision and status class that occurred, and how often.
    pub(super) fn requests(&self) -> impl Iterator<Item = (Decision, &'static str, u64)> {
        let by_decision = Decision::ALL.into_iter().zip(&self.requests);
        let all = by_decision.flat_map(|(decision, classes)| {
            STATUS_CLASSES.into_iter().zip(classes).map(move |(class, count)| (decision, class, count.get()))
        });
        all.filter(|(_, _, count)| *count > 0)
    }
}

impl Findings {
    /// Counts the selected values of an answer.
    pub(crate) fn values(&self, values: Values) {
        let Values { masked, unchanged, revealed } = values;
        for (count, more) in [(&self.masked, masked), (&self.unchanged, unchanged), (&self.revealed, revealed)] {
            if more > 0 {
                count.add(more);
            }
        }
    }

    /// Counts an answer that is withheld or cut.
    pub(crate) fn withheld(&self, reason: Reason) {
        if let Some(count) = self.withheld.get(reason as usize) {
            count.add(1);
        }
    }

    /// Counts a request that holds a masked value.
    pub(crate) fn write_back(&self) {
        self.write_backs.add(1);
    }

    pub(super) fn all_write_backs(&self) -> u64 {
        self.write_backs.get()
    }

    pub(super) fn all_values(&self) -> Values {
        Values { masked: self.masked.get(), unchanged: self.unchanged.get(), revealed: self.revealed.get() }
    }

    pub(super) fn all_withheld(&self) -> impl Iterator<Item = (Reason, u64)> {
        // In observe mode, a path that cannot be read counts here: enforcing would have refused it.
        let counts = |reason: Reason| reason.stage() == Stage::Answer || reason == Reason::AmbiguousPath;
        let all = Reason::ALL.into_iter().zip(&self.withheld);
        all.filter(move |(reason, _)| counts(*reason)).map(|(reason, count)| (reason, count.get()))
    }

    fn merge(&self, other: &Self) {
        self.values(other.all_values());
        self.withheld.iter().zip(&other.withheld).for_each(|(to, from)| to.merge(from));
        self.write_backs.merge(&other.write_backs);
    }
}
