//! How many of something there are at once, up to a limit, and how many of them one client may have.

use std::sync::Arc;
use std::sync::atomic::{AtomicUsize, Ordering};

/// Counts what has been taken of a limited number. Clones count together.
#[derive(Clone, Debug)]
pub(crate) struct CountLimit {
    taken: Arc<AtomicUsize>,
    limit: usize,
}

/// One of the limited number, until dropped. A clone is one more, whatever the limit, for what goes on where another ends.
#[derive(Debug)]
pub(crate) struct Permit(Arc<AtomicUsize>);

impl CountLimit {
    pub(crate) fn new(limit: usize) -> Self {
        Self { taken: Arc::default(), limit }
    }

    /// The same count with another limit.
    pub(crate) fn with_limit(&self, limit: usize) -> Self {
        Self { taken: Arc::clone(&self.taken), limit }
    }

    /// One for a client that has so many already: `None` unless more are left than it has.
    ///
    /// So clients that want as many as they can get have equal shares, and as much as one share stays free: `limit / (n + 1)` for each
    /// of `n`. Switches share their buffers so (Choudhury and Hahne, Dynamic Queue Length Thresholds, 1998): nothing is to be set,
    /// nothing is taken back, and while there is room nobody is held to a share.
    pub(crate) fn try_acquire(&self, others: usize) -> Option<Permit> {
        // Made first, so that it is given back where it is one too many.
        let permit = Permit(Arc::clone(&self.taken));
        let left = self.limit.saturating_sub(self.taken.fetch_add(1, Ordering::Relaxed));
        (others < left).then_some(permit)
    }
}

impl Clone for Permit {
    fn clone(&self) -> Self {
        self.0.fetch_add(1, Ordering::Relaxed);
        Self(Arc::clone(&self.0))
    }
}

impl Drop for Permit {
    fn drop(&mut self) {
        self.0.fetch_sub(1, Ordering::Relaxed);
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn what_is_taken_is_counted_until_it_is_dropped() {
        let load = CountLimit::new(2);
        let (one, two) = (load.try_acquire(0), load.try_acquire(0));
        assert!(one.is_some() && two.is_some() && load.try_acquire(0).is_none());
        assert!(load.with_limit(3).try_acquire(0).is_some());
        drop(one);
        assert!(load.try_acquire(0).is_some() && load.with_limit(1).try_acquire(0).is_none());
    }

    /// What each of so many clients has once none can take more.
    fn shares(limit: usize, clients: usize) -> Vec<usize> {
        let load = CountLimit::new(limit);
        let mut taken: Vec<Vec<Permit>> = (0..clients).map(|_| Vec::new()).collect();
        loop {
            let before: usize = taken.iter().map(Vec::len).sum();
            for mine in &mut taken {
                mine.extend(load.try_acquire(mine.len()));
            }
            if taken.iter().map(Vec::len).sum::<usize>() == before {
                return taken.iter().map(Vec::len).collect();
            }
        }
    }

    #[test]
    fn whoever_takes_all_they_can_have_equal_shares_and_leave_one() {
        assert_eq!(shares(512, 1), [256]);
        assert_eq!(shares(512, 3), [128; 3]);
        assert_eq!(shares(5_002, 40), [122; 40]);
        assert_eq!(shares(2, 2), [1, 1], "a first one needs no more than a place");
        assert_eq!(shares(1, 1), [1]);
    }

    #[test]
    fn a_client_that_comes_late_is_served_before_the_first_give_anything_back() {
        let load = CountLimit::new(512);
        let mut greedy = Vec::new();
        while let Some(permit) = load.try_acquire(greedy.len()) {
            greedy.push(permit);
        }
        let mut late = Vec::new();
        while let Some(permit) = load.try_acquire(late.len()) {
            late.push(permit);
        }
        assert_eq!((greedy.len(), late.len()), (256, 128));
        assert!(load.try_acquire(0).is_some() && load.try_acquire(127).is_some() && load.try_acquire(128).is_none());
    }
}
