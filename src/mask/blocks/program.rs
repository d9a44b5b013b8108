//! Rules compiled for the block scanner.

use super::filter::KeyFilter;
use super::shape_cache::ShapeCache;
use crate::mask::rules::{Reveal, Rules};
use std::sync::Arc;

/// Compiled [`Rules`]: make one for each kind of text and share it between all
/// [`Masker`](crate::mask::Masker)s.
///
/// It also keeps what the block scanner learned about the layout of earlier texts (at most 16 times
/// 12 KiB, nothing of the inside of a string), which makes later texts faster to read and changes
/// nothing in their output.
#[derive(Debug)]
pub struct Program {
    pub(crate) rules: Rules,
    pub(crate) keys: KeyFilter,
    /// Whether a value's treatment depends on nothing but its own key, and on its depth.
    pub(crate) flat: bool,
    /// Whether every value whose key is one of the names is masked, wherever it is.
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

    /// Returns the rules that it was compiled from.
    pub fn rules(&self) -> &Rules {
        &self.rules
    }
}

impl From<Rules> for Arc<Program> {
    fn from(rules: Rules) -> Self {
        Self::new(Program::new(rules))
    }
}
