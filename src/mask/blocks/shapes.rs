//! Blocks that were proved before.
//!
//! A list repeats itself: the blocks behind one masked value have the same punctuation at the same places as those behind the one
//! before, wherever what lies between is of fixed width (ids, types, times). Then the proof is the same too, and comparing the two
//! blocks is far less work than proving the second. What may differ is what no proof looks at: plain bytes inside strings, and
//! which digit a digit is.
//!
//! The shapes behind a masked value make a tree, for a few ways to go on, such as `null` or a number. It only grows, to a fixed
//! size: a proof holds for what came before its block in the tree.

use super::super::nesting::Kinds;
use super::bits::Block;
use super::brackets::Brackets;
use super::carry::Carry;
use super::check::Proof;
use super::kernel::Kernel;

/// Most blocks that are remembered.
const MOST: usize = 48;

/// Most ways to go on from one place.
const WAYS: usize = 4;

/// Disappointments in a row, about, until nothing is looked up any more.
const PATIENCE: u8 = 64;

/// What must be the same in a block for its proof to hold. It keeps nothing of what is inside strings.
#[derive(Clone, Copy)]
pub(in crate::mask) struct Shape {
    /// Every digit is `0`, and so is what is not compared, as a number.
    pub(super) bytes: Block,
    /// All ones where a byte is compared: outside strings, where a string begins, and in a name whose value is masked.
    pub(super) compared: Block,
    /// A bit where no byte is compared, but plain.
    pub(super) inside: u64,
}

/// A block that was proved.
#[derive(Clone)]
pub(super) struct Known {
    shape: Shape,
    /// Keys that may be names, by their length.
    pub(super) candidates: u64,
    /// The name in it whose value was masked, if it is known to be one whenever the shape is the same.
    pub(super) name: Option<Masked>,
    pub(super) brackets: Brackets,
    /// What holds behind it.
    pub(super) kinds: Kinds,
    pub(super) carry: Carry,
    /// Blocks go on where the string in which it ends does so.
    pub(super) skips: bool,
    /// The latest of those that may follow.
    next: Option<Step>,
    /// Another block that may stand in its place.
    other: Option<Step>,
}

/// A masked value and its name, by their places in a block.
#[derive(Clone, Copy)]
pub(super) struct Masked {
    /// Of the name's opening quote.
    pub(super) key: u8,
    /// Of the value's first byte, at most the block's length.
    pub(super) begin: u8,
}

/// A block that was proved, by its number.
type Step = u8;

/// Where in the tree the scan is.
#[derive(Clone, Copy, PartialEq, Eq)]
pub(super) enum Trail {
    /// Nowhere: nothing like what was just read is remembered.
    Lost,
    /// Behind a masked value.
    Begin,
    /// Behind a block that was proved.
    Behind(Step),
}

/// The tree.
#[derive(Clone)]
pub(in crate::mask) struct Shapes {
    known: Vec<Known>,
    first: Option<Step>,
    /// What is open at its root.
    kinds: Kinds,
    patience: u8,
}

impl Default for Shapes {
    fn default() -> Self {
        Self { known: Vec::new(), first: None, kinds: Kinds::default(), patience: PATIENCE }
    }
}

impl Shapes {
    /// Whether it is worth keeping for another text.
    pub(super) fn is_useful(&self) -> bool {
        !self.known.is_empty() && self.known.len() < MOST && self.patience > PATIENCE / 2
    }

    /// The trail behind a masked value.
    #[inline(always)]
    pub(super) fn begin(&mut self, kinds: Kinds) -> Trail {
        if self.known.is_empty() {
            self.kinds = kinds;
        }
        if self.kinds == kinds && self.patience > 0 { Trail::Begin } else { Trail::Lost }
    }

    /// The known block that this one is like.
    #[inline(always)]
    pub(super) fn find<K: Kernel>(&mut self, kernel: K, trail: Trail, block: &Block) -> Option<(Step, &Known)> {
        let mut next = match trail {
            Trail::Lost => None,
            Trail::Begin => self.first,
            Trail::Behind(step) => self.known.get(usize::from(step)).and_then(|known| known.next),
        };
        while let Some(step) = next {
            let known = self.known.get(usize::from(step))?;
            if kernel.has_shape(block, &known.shape) {
                self.patience = PATIENCE;
                return Some((step, known));
            }
            next = known.other;
        }
        None
    }

    /// What holds at a place in the tree.
    pub(super) fn carry(&self, trail: Trail) -> Carry {
        match trail {
            Trail::Behind(step) => self.known.get(usize::from(step)).map_or(Carry::AFTER_VALUE, |known| known.carry),
            Trail::Begin | Trail::Lost => Carry::AFTER_VALUE,
        }
    }

    /// Whether blocks go on where the string does in which the last one ended.
    #[inline(always)]
    pub(super) fn skips(&self, trail: Trail) -> bool {
        match trail {
            Trail::Behind(step) => self.known.get(usize::from(step)).is_none_or(|known| known.skips),
            Trail::Begin | Trail::Lost => true,
        }
    }

    /// Remembers a block that was proved and had no name whose value was masked.
    #[inline(always)]
    pub(super) fn learn<K: Kernel>(
        &mut self,
        kernel: K,
        trail: Trail,
        block: &Block,
        proof: &Proof,
        candidates: u64,
    ) -> Trail {
        if !self.may_learn(trail, proof) {
            return Trail::Lost;
        }
        let Proof { inside, brackets, kinds, carry, .. } = *proof;
        let shape = kernel.shape(block, !inside, inside);
        self.add(trail, |other| Known {
            shape,
            candidates,
            name: None,
            brackets,
            kinds,
            carry,
            skips: false,
            next: None,
            other,
        })
    }

    /// Remembers a block up to a masked value. `kinds` are those there.
    #[inline(always)]
    pub(super) fn learn_masked<K: Kernel>(
        &mut self,
        kernel: K,
        trail: Trail,
        block: &Block,
        proof: &Proof,
        kinds: Kinds,
        name: Masked,
    ) {
        if !self.may_learn(trail, proof) {
            return;
        }
        let before_value = u64::MAX.checked_shr(u32::from(64 - name.begin)).unwrap_or(0);
        // The name is followed by its quote, a colon and the value's quote at least.
        let in_name = u64::MAX << name.key & before_value;
        let inside = proof.inside & before_value & !in_name;
        let shape = kernel.shape(block, before_value & !inside, inside);
        self.add(trail, |other| Known {
            shape,
            candidates: 0,
            name: Some(name),
            brackets: proof.brackets,
            kinds,
            carry: Carry::AFTER_VALUE,
            skips: false,
            next: None,
            other,
        });
    }

    fn may_learn(&mut self, trail: Trail, proof: &Proof) -> bool {
        self.patience = self.patience.saturating_sub(1);
        trail != Trail::Lost && proof.unrepeatable == 0 && self.known.len() < MOST
    }

    fn add(&mut self, trail: Trail, known: impl FnOnce(Option<Step>) -> Known) -> Trail {
        let Ok(step) = Step::try_from(self.known.len()) else { return Trail::Lost };
        let first = match trail {
            Trail::Behind(step) => self.known.get(usize::from(step)).and_then(|known| known.next),
            Trail::Begin | Trail::Lost => self.first,
        };
        let mut ways = std::iter::successors(first, |&way| self.known.get(usize::from(way))?.other);
        if ways.nth(WAYS - 1).is_some() {
            // A string of any length makes what is behind it lie differently every time, but not from its end on.
            if let Trail::Behind(before) = trail
                && let Some(known) = self.known.get_mut(usize::from(before))
                && known.carry.passes_string()
                && !known.skips
            {
                known.skips = true;
                known.next = None;
            }
            return Trail::Lost;
        }
        self.known.push(known(first));
        match trail {
            Trail::Behind(before) => {
                if let Some(known) = self.known.get_mut(usize::from(before)) {
                    known.next = Some(step);
                }
            }
            Trail::Begin | Trail::Lost => self.first = Some(step),
        }
        Trail::Behind(step)
    }
}
