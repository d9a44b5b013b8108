//! Counters, gauges and histograms. Nearly always one thread writes to each, and any thread may
//! read.

use std::collections::BTreeMap;
use std::sync::atomic::{AtomicI64, AtomicU64, Ordering};
use std::sync::{Mutex, PoisonError};
use std::time::Duration;

/// A number that only grows.
#[derive(Debug, Default)]
pub(super) struct Counter(AtomicU64);

impl Counter {
    pub(super) fn add(&self, more: u64) {
        // Relaxed: no other memory is read because of this number.
        self.0.fetch_add(more, Ordering::Relaxed);
    }

    pub(super) fn get(&self) -> u64 {
        self.0.load(Ordering::Relaxed)
    }

    /// Adds the number of another worker.
    pub(super) fn merge(&self, other: &Self) {
        self.add(other.get());
    }
}

/// A number that grows and shrinks.
#[derive(Debug, Default)]
pub(super) struct Gauge(AtomicI64);

impl Gauge {
    pub(super) fn add(&self, more: i64) {
        self.0.fetch_add(more, Ordering::Relaxed);
    }

    pub(super) fn get(&self) -> i64 {
        self.0.load(Ordering::Relaxed)
    }
}

/// Counters by the value of a label, which is one of a few words. Takes a lock, so it is not for
/// ordinary requests.
#[derive(Debug, Default)]
pub(super) struct CounterVec(Mutex<BTreeMap<&'static str, u64>>);

impl CounterVec {
    /// Registers these values at 0, so that `rate()` sees the first event.
    pub(super) fn with_values(values: &[&'static str]) -> Self {
        Self(Mutex::new(values.iter().map(|value| (*value, 0)).collect()))
    }

    pub(super) fn increment(&self, value: &'static str) {
        *self.0.lock().unwrap_or_else(PoisonError::into_inner).entry(value).or_default() += 1;
    }

    pub(super) fn merge(&self, other: &Self) {
        let mut counts = self.0.lock().unwrap_or_else(PoisonError::into_inner);
        for (value, count) in other.counts() {
            *counts.entry(value).or_default() += count;
        }
    }

    pub(super) fn counts(&self) -> BTreeMap<&'static str, u64> {
        self.0.lock().unwrap_or_else(PoisonError::into_inner).clone()
    }
}

/// Upper bounds of a histogram's buckets, in microseconds: from the time of a short list on one
/// machine to that of an answer that a model generates. One more bucket has no bound.
pub(super) const BOUNDS_MICROS: [u64; 17] = [
    500, 1_000, 2_500, 5_000, 10_000, 25_000, 50_000, 100_000, 250_000, 500_000, 1_000_000, 2_500_000, 5_000_000,
    10_000_000, 30_000_000, 60_000_000, 300_000_000,
];

/// Counts durations in buckets.
#[derive(Debug, Default)]
pub(super) struct Histogram {
    /// Each bucket counts the durations above the bound before it.
    buckets: [Counter; BOUNDS_MICROS.len() + 1],
    /// In microseconds.
    sum: Counter,
}

impl Histogram {
    pub(super) fn observe(&self, duration: Duration) {
        let micros = u64::try_from(duration.as_micros()).unwrap_or(u64::MAX);
        let bucket = BOUNDS_MICROS.iter().position(|&bound| micros <= bound).unwrap_or(BOUNDS_MICROS.len());
        if let Some(bucket) = self.buckets.get(bucket) {
            bucket.add(1);
        }
        self.sum.add(micros);
    }

    pub(super) fn merge(&self, other: &Self) {
        self.buckets.iter().zip(&other.buckets).for_each(|(to, from)| to.merge(from));
        self.sum.merge(&other.sum);
    }

    /// Returns for each bound how many durations were at most that long. The last number counts
    /// all.
    pub(super) fn cumulative(&self) -> impl Iterator<Item = u64> {
        self.buckets.iter().scan(0, |so_far, bucket| {
            *so_far += bucket.get();
            Some(*so_far)
        })
    }

    pub(super) fn sum_micros(&self) -> u64 {
        self.sum.get()
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_bound_belongs_to_its_bucket() {
        let histogram = Histogram::default();
        for micros in [0, 500, 501, 300_000_000, 300_000_001] {
            histogram.observe(Duration::from_micros(micros));
        }
        let cumulative: Vec<_> = histogram.cumulative().collect();
        assert_eq!((cumulative[0], cumulative[1], cumulative[16], cumulative[17]), (2, 3, 4, 5));
        assert_eq!(histogram.sum_micros(), 600_001_002);
    }
}
