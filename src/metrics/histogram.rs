//! How long something took, in buckets.

use super::count::Count;
use std::time::Duration;

/// Upper bounds of the buckets, in microseconds; a last bucket takes what is longer. From what a list takes on one machine to what
/// a generated answer may take.
pub(super) const BOUNDS_MICROS: [u64; 17] = [
    500,
    1_000,
    2_500,
    5_000,
    10_000,
    25_000,
    50_000,
    100_000,
    250_000,
    500_000,
    1_000_000,
    2_500_000,
    5_000_000,
    10_000_000,
    30_000_000,
    60_000_000,
    300_000_000,
];

/// How long something took.
#[derive(Debug, Default)]
pub(super) struct Histogram {
    /// Each with those alone that no bucket before it took.
    buckets: [Count; BOUNDS_MICROS.len() + 1],
    /// In microseconds.
    sum: Count,
}

impl Histogram {
    pub(super) fn record(&self, took: Duration) {
        let micros = u64::try_from(took.as_micros()).unwrap_or(u64::MAX);
        let bucket = BOUNDS_MICROS.iter().position(|&bound| micros <= bound).unwrap_or(BOUNDS_MICROS.len());
        if let Some(bucket) = self.buckets.get(bucket) {
            bucket.add(1);
        }
        self.sum.add(micros);
    }

    pub(super) fn absorb(&self, other: &Self) {
        self.buckets.iter().zip(&other.buckets).for_each(|(to, from)| to.absorb(from));
        self.sum.absorb(&other.sum);
    }

    /// How many took no longer than each bound, and no matter how long at the end.
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
            histogram.record(Duration::from_micros(micros));
        }
        let cumulative: Vec<_> = histogram.cumulative().collect();
        assert_eq!((cumulative[0], cumulative[1], cumulative[16], cumulative[17]), (2, 3, 4, 5));
        assert_eq!(histogram.sum_micros(), 600_001_002);
    }
}
