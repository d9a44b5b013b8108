//! What was learned from texts, for those that follow.

use super::shapes::Shapes;
use std::fmt;
use std::sync::{Mutex, TryLockError};

/// Most shapes that are kept: about as many as there are texts at once.
const MOST: usize = 16;

/// Shapes of texts that were read under one set of rules: the answers of a route are alike.
///
/// Whoever finds it in use does without: waiting would cost more than to learn anew. There is nothing in it of what is inside
/// strings.
#[derive(Default)]
pub(in crate::mask) struct Learned(Mutex<Vec<Shapes>>);

impl Learned {
    /// What was learned, or nothing.
    pub(in crate::mask) fn take(&self) -> Shapes {
        self.with(Vec::pop).flatten().unwrap_or_default()
    }

    /// Keeps what was learned, unless it was of no use.
    pub(in crate::mask) fn keep(&self, shapes: Shapes) {
        if shapes.is_useful() {
            self.with(|kept| {
                if kept.len() < MOST {
                    kept.push(shapes);
                }
            });
        }
    }

    fn with<T>(&self, act: impl FnOnce(&mut Vec<Shapes>) -> T) -> Option<T> {
        match self.0.try_lock() {
            Ok(mut kept) => Some(act(&mut kept)),
            Err(TryLockError::Poisoned(_) | TryLockError::WouldBlock) => None,
        }
    }
}

/// Begins with nothing: other rules, other shapes.
impl Clone for Learned {
    fn clone(&self) -> Self {
        Self::default()
    }
}

impl fmt::Debug for Learned {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str("Learned")
    }
}
