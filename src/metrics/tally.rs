//! Counts of what seldom happens, by a word.

use std::collections::BTreeMap;
use std::sync::{Mutex, PoisonError};

/// How often each of a program's own words was said. For what is no part of serving an ordinary request: it takes a lock.
#[derive(Debug, Default)]
pub(super) struct Tally(Mutex<BTreeMap<&'static str, u64>>);

impl Tally {
    /// One with words that are told of before they are first said, so that their rate has a beginning.
    pub(super) fn of(words: &[&'static str]) -> Self {
        Self(Mutex::new(words.iter().map(|word| (*word, 0)).collect()))
    }

    pub(super) fn count(&self, word: &'static str) {
        *self.0.lock().unwrap_or_else(PoisonError::into_inner).entry(word).or_default() += 1;
    }

    pub(super) fn absorb(&self, other: &Self) {
        let mut counts = self.0.lock().unwrap_or_else(PoisonError::into_inner);
        for (word, count) in other.counts() {
            *counts.entry(word).or_default() += count;
        }
    }

    pub(super) fn counts(&self) -> BTreeMap<&'static str, u64> {
        self.0.lock().unwrap_or_else(PoisonError::into_inner).clone()
    }
}
