//! Shapes that were learned from earlier texts, kept for later ones.

use super::shape_tree::ShapeTree;
use std::fmt;
use std::sync::{Mutex, TryLockError};

/// The most trees that are kept: about as many as there are texts at a time.
const MAX_TREES: usize = 16;

/// The shapes of texts that were read under one program. The answers of a route are alike, so the
/// next one need not be learned anew.
///
/// A shape holds no byte of the inside of a string. If another thread holds the lock, the caller
/// does without: waiting would cost more than to learn again.
#[derive(Default)]
pub(crate) struct ShapeCache(Mutex<Vec<ShapeTree>>);

impl ShapeCache {
    /// Takes a tree out, or returns an empty one.
    pub(crate) fn take(&self) -> ShapeTree {
        self.with(Vec::pop).flatten().unwrap_or_default()
    }

    /// Keeps a tree for the next text, if it was of use.
    pub(crate) fn keep(&self, shapes: ShapeTree) {
        if shapes.is_useful() {
            self.with(|kept| {
                if kept.len() < MAX_TREES {
                    kept.push(shapes);
                }
            });
        }
    }

    fn with<T>(&self, act: impl FnOnce(&mut Vec<ShapeTree>) -> T) -> Option<T> {
        match self.0.try_lock() {
            Ok(mut kept) => Some(act(&mut kept)),
            Err(TryLockError::Poisoned(_) | TryLockError::WouldBlock) => None,
        }
    }
}

impl fmt::Debug for ShapeCache {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str("ShapeCache")
    }
}
