//! How many of something there are at once, up to a limit.

use std::sync::Arc;
use std::sync::atomic::{AtomicUsize, Ordering};

/// Counts what has been taken of a limited number. Clones count together.
#[derive(Clone, Debug)]
pub(super) struct Load {
    taken: Arc<AtomicUsize>,
    limit: usize,
}

/// One of the limited number, until dropped. A clone is one more, whatever the limit, for what goes on where another ends.
#[derive(Debug)]
pub(super) struct Permit(Arc<AtomicUsize>);

impl Load {
    pub(super) fn new(limit: usize) -> Self {
        Self { taken: Arc::default(), limit }
    }

    /// The same count with another limit.
    pub(super) fn up_to(&self, limit: usize) -> Self {
        Self { taken: Arc::clone(&self.taken), limit }
    }

    /// `None` if there is none left.
    pub(super) fn take(&self) -> Option<Permit> {
        // Made first, so that it is given back where it is one too many.
        let permit = Permit(Arc::clone(&self.taken));
        (self.taken.fetch_add(1, Ordering::Relaxed) < self.limit).then_some(permit)
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
        let load = Load::new(2);
        let (one, two) = (load.take(), load.take());
        assert!(one.is_some() && two.is_some() && load.take().is_none());
        assert!(load.up_to(3).take().is_some());
        drop(one);
        assert!(load.take().is_some() && load.up_to(1).take().is_none());
    }
}
