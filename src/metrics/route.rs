//! What is counted for each route.

use super::count::Count;
use super::decision::Decision;
use super::histogram::Histogram;
use crate::reason::{Reason, Stage};
use std::sync::atomic::{AtomicBool, Ordering};
use std::time::Duration;

/// The first digit of a status stands for its class; 0 for no status, where no answer began.
pub(super) const STATUS_CLASSES: [&str; 6] = ["none", "1xx", "2xx", "3xx", "4xx", "5xx"];

/// What one worker counts for one route, or for all requests that are on none.
// On cache lines of its own: what lies beside it may be another worker's.
#[repr(align(128))]
#[derive(Debug, Default)]
pub(crate) struct RouteCounts {
    requests: [[Count; STATUS_CLASSES.len()]; Decision::ALL.len()],
    /// What was done.
    pub(crate) done: Findings,
    /// What would have been done, on a route that only observes.
    pub(crate) foreseen: Findings,
    pub(super) duration: Histogram,
    pub(super) upstream: Histogram,
    /// Successful answers of JSON that were read to their end, but for those that may reveal.
    answers: Count,
    /// Those of them that held a selected value.
    selecting: Count,
    /// Objects that may reveal and showed no secret, but held one masked value.
    unrevealed: Count,
    observes: AtomicBool,
    /// Whether the configuration in force has no such route any more.
    left_out: AtomicBool,
}

/// What was found in answers.
#[derive(Debug, Default)]
pub(crate) struct Findings {
    masked: Count,
    unchanged: Count,
    revealed: Count,
    withheld: [Count; Reason::ALL.len()],
}

/// How many selected values there were, by what was done to them.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq)]
pub(crate) struct Values {
    pub(crate) masked: u64,
    pub(crate) unchanged: u64,
    pub(crate) revealed: u64,
}

impl RouteCounts {
    /// Counts a request once it is over. `status` is the answer's, if one began.
    pub(crate) fn request(&self, decision: Decision, status: Option<u16>, took: Duration) {
        let class = usize::from(status.unwrap_or(0) / 100);
        if let Some(count) = self.requests.get(decision as usize).and_then(|classes| classes.get(class)) {
            count.add(1);
        }
        self.duration.record(took);
    }

    /// Counts how long the upstream took to begin an answer.
    pub(crate) fn upstream(&self, took: Duration) {
        self.upstream.record(took);
    }

    /// Counts a successful answer of JSON that was read to its end and may not reveal, for the alarm.
    pub(crate) fn answer(&self, selects: bool) {
        self.answers.add(1);
        if selects {
            self.selecting.add(1);
        }
    }

    /// Counts an object that may reveal and showed no secret, but held one masked value.
    pub(crate) fn unrevealed(&self) {
        self.unrevealed.add(1);
    }

    pub(super) fn all_unrevealed(&self) -> u64 {
        self.unrevealed.get()
    }

    /// Answers, those that held a selected value, and values that did not come masked.
    pub(super) fn for_alarms(&self) -> [u64; 3] {
        let masked = self.done.masked.get() + self.foreseen.masked.get();
        [self.answers.get(), self.selecting.get(), masked]
    }

    /// Notes that there is such a route, and whether it only observes.
    pub(super) fn put_in_force(&self, observes: bool) {
        self.observes.store(observes, Ordering::Relaxed);
        self.left_out.store(false, Ordering::Relaxed);
    }

    /// Notes that there is no such route any more.
    pub(super) fn leave_out(&self) {
        self.observes.store(false, Ordering::Relaxed);
        self.left_out.store(true, Ordering::Relaxed);
    }

    pub(super) fn is_left_out(&self) -> bool {
        self.left_out.load(Ordering::Relaxed)
    }

    pub(super) fn observes(&self) -> bool {
        self.observes.load(Ordering::Relaxed)
    }

    /// Adds another worker's.
    pub(super) fn absorb(&self, other: &Self) {
        self.observes.fetch_or(other.observes(), Ordering::Relaxed);
        self.left_out.fetch_or(other.is_left_out(), Ordering::Relaxed);
        let (to, from) = (self.requests.iter().flatten(), other.requests.iter().flatten());
        to.zip(from).for_each(|(to, from)| to.absorb(from));
        self.answers.absorb(&other.answers);
        self.selecting.absorb(&other.selecting);
        self.unrevealed.absorb(&other.unrevealed);
        self.done.absorb(&other.done);
        self.foreseen.absorb(&other.foreseen);
        self.duration.absorb(&other.duration);
        self.upstream.absorb(&other.upstream);
    }

    /// The decisions and status classes that there were, and how often.
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

    pub(super) fn all_values(&self) -> Values {
        Values { masked: self.masked.get(), unchanged: self.unchanged.get(), revealed: self.revealed.get() }
    }

    pub(super) fn all_withheld(&self) -> impl Iterator<Item = (Reason, u64)> {
        // A path that cannot be read is withheld in observe mode, where it would have been refused.
        let counts = |reason: Reason| reason.stage() == Stage::Answer || reason == Reason::AmbiguousPath;
        let all = Reason::ALL.into_iter().zip(&self.withheld);
        all.filter(move |(reason, _)| counts(*reason)).map(|(reason, count)| (reason, count.get()))
    }

    fn absorb(&self, other: &Self) {
        self.values(other.all_values());
        self.withheld.iter().zip(&other.withheld).for_each(|(to, from)| to.absorb(from));
    }
}
