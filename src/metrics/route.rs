//! What is counted for each route.

use super::count::Count;
use super::decision::Decision;
use super::histogram::Histogram;
use crate::reason::Reason;
use std::time::Duration;

/// The first digit of a status stands for its class; 0 for no status, where no answer began.
pub(super) const STATUS_CLASSES: [&str; 6] = ["none", "1xx", "2xx", "3xx", "4xx", "5xx"];

/// What one worker counts for one route, or for all requests that are on none.
// On cache lines of its own: what lies beside it may be another worker's.
#[repr(align(128))]
#[derive(Debug, Default)]
pub(crate) struct RouteCounts {
    requests: [[Count; STATUS_CLASSES.len()]; Decision::ALL.len()],
    values: ValueCounts,
    withheld: [Count; Reason::ALL.len()],
    pub(super) duration: Histogram,
    pub(super) upstream: Histogram,
}

/// How many selected values there were, by what was done to them.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq)]
pub(crate) struct Values {
    pub(crate) masked: u64,
    pub(crate) unchanged: u64,
    pub(crate) revealed: u64,
}

#[derive(Debug, Default)]
struct ValueCounts {
    masked: Count,
    unchanged: Count,
    revealed: Count,
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

    /// Counts the selected values of an answer.
    pub(crate) fn values(&self, values: Values) {
        let Values { masked, unchanged, revealed } = values;
        for (count, more) in
            [(&self.values.masked, masked), (&self.values.unchanged, unchanged), (&self.values.revealed, revealed)]
        {
            if more > 0 {
                count.add(more);
            }
        }
    }

    /// Counts an answer that was withheld or cut.
    pub(crate) fn withheld(&self, reason: Reason) {
        if let Some(count) = self.withheld.get(reason as usize) {
            count.add(1);
        }
    }

    /// Adds another worker's.
    pub(super) fn absorb(&self, other: &Self) {
        let (to, from) = (self.requests.iter().flatten(), other.requests.iter().flatten());
        to.zip(from).for_each(|(to, from)| to.absorb(from));
        self.values(other.all_values());
        self.withheld.iter().zip(&other.withheld).for_each(|(to, from)| to.absorb(from));
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

    pub(super) fn all_values(&self) -> Values {
        let ValueCounts { masked, unchanged, revealed } = &self.values;
        Values { masked: masked.get(), unchanged: unchanged.get(), revealed: revealed.get() }
    }

    pub(super) fn all_withheld(&self) -> impl Iterator<Item = (Reason, u64)> {
        Reason::ALL.into_iter().zip(&self.withheld).map(|(reason, count)| (reason, count.get()))
    }
}
