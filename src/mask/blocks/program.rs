//! Rules compiled for the block scanner.

use super::filter::KeyFilter;
use super::shape_cache::ShapeCache;
use crate::mask::rules::{Reveal, Rules};
use std::sync::Arc;

/// Compiled [`Rules`]. Make one for each kind of text and share it between all
/// [`Masker`](crate::mask::Masker)s.
///
/// It also caches the layout of earlier texts, which makes later texts faster to read and does not
/// change their output. The cache has at most 16 times 12 KiB, and no byte of the inside of a
/// string.
#[derive(Debug)]
pub struct Program {
    pub(crate) rules: Rules,
    pub(crate) keys: KeyFilter,
    /// Whether a value's treatment depends only on its own key and depth, not on a path.
    pub(crate) flat: bool,
    /// Whether every value whose key is one of the names is masked, at any place.
    pub(crate) masks_all_names: bool,
    pub(crate) shapes: ShapeCache,
}

impl Program {
    /// Compiles rules.
    pub fn new(rules: Rules) -> Self {
        let revealing = rules.reveal.selectors();
        let flat = !rules.selectors.has_paths() && revealing.is_none();
        Self {
            keys: KeyFilter::new([&rules.selectors].into_iter().chain(revealing)),
            flat,
            masks_all_names: flat && rules.reveal == Reveal::Nothing,
            shapes: ShapeCache::default(),
            rules,
        }
    }

    /// Returns the rules of this program.
    pub fn rules(&self) -> &Rules {
        &self.rules
    }
}

impl From<Rules> for Arc<Program> {
    fn from(rules: Rules) -> Self {
        Self::new(Program::new(rules))
    }
}
