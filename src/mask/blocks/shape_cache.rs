//! Keeps the shape trees of earlier texts for later ones.

use super::shape_tree::ShapeTree;
use std::fmt;
use std::sync::{Mutex, TryLockError};

/// The most trees that are kept: about as many as texts are read at a time.
const MAX_TREES: usize = 16;

/// The shape trees of texts that were read under one program. The responses of a route are alike,
/// so the next text rarely needs new shapes.
///
/// A shape holds no byte of the inside of a string. If another thread holds the lock, the caller
/// works without the cache: waiting would cost more than learning the shapes again.
#[derive(Default)]
pub(crate) struct ShapeCache(Mutex<Vec<ShapeTree>>);

impl ShapeCache {
    /// Removes a tree from the cache and returns it, or an empty tree if there is none.
    pub(crate) fn take(&self) -> ShapeTree {
        self.with(Vec::pop).flatten().unwrap_or_default()
    }

    /// Keeps a useful tree for the next text. Drops any other.
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
