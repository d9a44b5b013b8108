//! A limit on how many of something exist at once, with a fair share for each client.

use std::sync::Arc;
use std::sync::atomic::{AtomicUsize, Ordering};

/// Hands out permits up to a limit. Clones share the count.
#[derive(Clone, Debug)]
pub(crate) struct CountLimit {
    taken: Arc<AtomicUsize>,
    limit: usize,
}

/// Counts as one until dropped. A clone counts as one more, even beyond the limit: it is for work
/// that outlives the holder.
#[derive(Debug)]
pub(crate) struct Permit(Arc<AtomicUsize>);

impl CountLimit {
    pub(crate) fn new(limit: usize) -> Self {
        Self { taken: Arc::default(), limit }
    }

    /// Returns the same count with another limit.
    pub(crate) fn with_limit(&self, limit: usize) -> Self {
        Self { taken: Arc::clone(&self.taken), limit }
    }

    /// Returns a permit for a client that already holds `held` permits, if more than `held` are
    /// free.
    ///
    /// If `n` clients take all they can, each gets `limit / (n + 1)`, and as much stays free for
    /// the next client. Network switches share their buffers by this rule (Choudhury and Hahne,
    /// Dynamic Queue Length Thresholds, 1998). It has no setting and never revokes a permit.
    pub(crate) fn try_acquire(&self, held: usize) -> Option<Permit> {
        // Create the permit first. If the limit is reached, dropping it undoes the count.
        let permit = Permit(Arc::clone(&self.taken));
        let free = self.limit.saturating_sub(self.taken.fetch_add(1, Ordering::Relaxed));
        (held < free).then_some(permit)
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
    fn a_permit_counts_until_it_is_dropped() {
        let limit = CountLimit::new(2);
        let (one, two) = (limit.try_acquire(0), limit.try_acquire(0));
        assert!(one.is_some() && two.is_some() && limit.try_acquire(0).is_none());
        assert!(limit.with_limit(3).try_acquire(0).is_some());
        drop(one);
        assert!(limit.try_acquire(0).is_some() && limit.with_limit(1).try_acquire(0).is_none());
    }

    /// Returns what each client holds once none gets another permit.
    fn shares(most: usize, clients: usize) -> Vec<usize> {
        let limit = CountLimit::new(most);
        let mut taken: Vec<Vec<Permit>> = (0..clients).map(|_| Vec::new()).collect();
        loop {
            let before: usize = taken.iter().map(Vec::len).sum();
            for mine in &mut taken {
                mine.extend(limit.try_acquire(mine.len()));
            }
            if taken.iter().map(Vec::len).sum::<usize>() == before {
                return taken.iter().map(Vec::len).collect();
            }
        }
    }

    #[test]
    fn clients_that_take_all_they_can_get_equal_shares_and_leave_one() {
        assert_eq!(shares(512, 1), [256]);
        assert_eq!(shares(512, 3), [128; 3]);
        assert_eq!(shares(5_002, 40), [122; 40]);
        assert_eq!(shares(2, 2), [1, 1], "the first permit needs only a free place");
        assert_eq!(shares(1, 1), [1]);
    }

    #[test]
    fn a_late_client_is_served_before_the_first_client_gives_anything_back() {
        let limit = CountLimit::new(512);
        let mut greedy = Vec::new();
        while let Some(permit) = limit.try_acquire(greedy.len()) {
            greedy.push(permit);
        }
        let mut late = Vec::new();
        while let Some(permit) = limit.try_acquire(late.len()) {
            late.push(permit);
        }
        assert_eq!((greedy.len(), late.len()), (256, 128));
        assert!(limit.try_acquire(0).is_some() && limit.try_acquire(127).is_some() && limit.try_acquire(128).is_none());
    }
}
