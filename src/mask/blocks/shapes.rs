//! Blocks that were proved before.
//!
//! A list repeats itself: the blocks behind one masked value have the same punctuation at the same places as those behind the one
//! before, wherever what lies between is of fixed width (ids, types, times). Then the proof is the same too, and comparing the two
//! blocks is far less work than proving the second. What may differ is what no proof looks at: plain bytes inside strings, and
//! which digit a digit is.
//!
//! The shapes behind a masked value make a tree, for a few ways to go on, such as `null` or a number, and those at the begin of a
//! text make another. They only grow, to a fixed size: a proof holds for what came before its block in the tree.

use super::super::nesting::Kinds;
use super::bits::{BLOCK, Block};
use super::brackets::Brackets;
use super::carry::Carry;
use super::check::Proof;
use super::kernel::Kernel;

/// Most blocks that are remembered.
const MOST: usize = 58;

/// Most of them that come before the first masked value.
const MOST_BEGIN: u8 = 8;

/// Most ways to go on from one place.
const WAYS: usize = 4;

/// Disappointments in a row, about, until nothing is looked up any more.
const PATIENCE: u8 = 64;

/// So often another way than the first must be the right one for it to become the first. What comes most often is the first most
/// of the time then, and where two take turns the order hardly changes.
const LATE: u8 = 8;

/// What a block must be like for a proof to hold for it too. It keeps nothing of what is inside strings.
///
/// Each byte is at most its `span` above its `from`. That says all there is to ask: that it is just this byte, any digit, any plain
/// byte of a string, or any byte at all.
#[derive(Clone, Copy)]
#[repr(align(64))]
pub(in crate::mask) struct Shape {
    pub(super) from: Block,
    pub(super) span: Block,
    /// All ones where moreover the byte must be neither a quote nor a backslash, else 0.
    pub(super) plain: Block,
}

impl Shape {
    /// The shape of a block of which some bytes are `compared`, outside strings and in a name whose value is masked, and others are
    /// `inside` strings.
    pub(super) fn new(block: &Block, compared: u64, inside: u64) -> Self {
        let mut shape = Self { from: [0; BLOCK], span: [0xff; BLOCK], plain: [0; BLOCK] };
        let bytes = shape.from.iter_mut().zip(&mut shape.span).zip(&mut shape.plain).zip(block);
        for (at, (((from, span), plain), &byte)) in bytes.enumerate() {
            if compared >> at & 1 == 1 {
                (*from, *span) = if byte.is_ascii_digit() { (b'0', 9) } else { (byte, 0) };
            } else if inside >> at & 1 == 1 {
                (*from, *span, *plain) = (b' ', 0x7f - b' ', 0xff);
            }
        }
        shape
    }
}

/// A block that was proved, and a place in the tree: right behind it.
#[derive(Clone)]
pub(super) struct Known {
    shape: Shape,
    /// Keys that may be names, by their length; none where `name` is known.
    pub(super) candidates: u64,
    /// The name in it whose value was masked, if it is known to be one whenever the shape is the same.
    pub(super) name: Option<Masked>,
    pub(super) brackets: Brackets,
    /// What holds behind it.
    pub(super) kinds: Kinds,
    pub(super) carry: Carry,
    /// Blocks go on where the string in which it ends does so.
    pub(super) skips: bool,
    /// It comes before the first masked value.
    begins: bool,
    /// The first of those that may follow.
    pub(super) next: Trail,
    /// Another block that may stand in its place.
    other: Trail,
}

impl Known {
    /// A place in the tree that is behind no block.
    fn root(begins: bool) -> Self {
        Self {
            shape: Shape::new(&[0; BLOCK], 0, 0),
            candidates: 0,
            name: None,
            brackets: Brackets { open: 0, close: 0, curly: 0 },
            kinds: Kinds::default(),
            carry: Carry::AFTER_VALUE,
            skips: false,
            begins,
            next: Trail::LOST,
            other: Trail::LOST,
        }
    }
}

/// A masked value and its name, by their places in a block.
#[derive(Clone, Copy)]
pub(super) struct Masked {
    /// Of the name's opening quote.
    pub(super) key: u8,
    /// Of the value's first byte, at most the block's length.
    pub(super) begin: u8,
}

/// Where in the tree the scan is, by the number of the block that it is behind.
#[derive(Clone, Copy, PartialEq, Eq)]
pub(super) struct Trail(u8);

impl Trail {
    /// Nowhere: nothing like what was just read is remembered.
    pub(super) const LOST: Self = Self(u8::MAX);

    /// Behind a masked value.
    pub(super) const VALUE: Self = Self(0);

    /// Behind the bracket that opens a text.
    const START: Self = Self(1);

    /// How many there are before any block is remembered.
    const FIXED: usize = 2;
}

/// The trees: one of what comes behind a masked value, and a small one of how a text begins. Their roots are blocks of no shape.
#[derive(Clone)]
pub(in crate::mask) struct Shapes {
    known: Vec<Known>,
    /// How many come before the first masked value.
    begin: u8,
    patience: u8,
    /// How often another way than the first was the right one, since that last changed the order.
    late: u8,
}

impl Default for Shapes {
    fn default() -> Self {
        Self { known: Vec::new(), begin: 0, patience: PATIENCE, late: 0 }
    }
}

impl Shapes {
    /// Whether it is worth keeping for another text.
    pub(super) fn is_useful(&self) -> bool {
        self.known.len() > Trail::FIXED && self.known.len() < MOST && self.patience > PATIENCE / 2
    }

    /// The trail behind the bracket that opens a text. `carry` is what holds there.
    pub(super) fn start(&mut self, kinds: Kinds, carry: Carry) -> Trail {
        self.root(Trail::START, kinds, carry)
    }

    /// The trail behind a masked value, where these kinds are all that is open.
    #[inline(always)]
    pub(super) fn begin(&mut self, kinds: Kinds) -> Trail {
        let is_known = self.at(Trail::VALUE).is_some_and(|root| root.kinds == kinds) && self.patience > 0;
        if is_known { Trail::VALUE } else { self.root(Trail::VALUE, kinds, Carry::AFTER_VALUE) }
    }

    /// One of the roots, if this is what holds there. Whoever comes first decides.
    // Not inlined, for it comes once in a text; nor cold, for it comes in every text.
    #[inline(never)]
    fn root(&mut self, root: Trail, kinds: Kinds, carry: Carry) -> Trail {
        while self.known.len() < Trail::FIXED {
            let begins = self.known.len() == usize::from(Trail::START.0);
            self.known.push(Known::root(begins));
        }
        let patience = self.patience;
        let Some(known) = self.known.get_mut(usize::from(root.0)) else { return Trail::LOST };
        if known.kinds.is_empty() {
            (known.kinds, known.carry) = (kinds, carry);
        }
        if (known.kinds, known.carry) == (kinds, carry) && patience > 0 { root } else { Trail::LOST }
    }

    /// The first of the known blocks behind `trail`.
    #[inline(always)]
    pub(super) fn first(&self, trail: Trail) -> Trail {
        self.at(trail).map_or(Trail::LOST, |known| known.next)
    }

    /// The known block behind `trail` that this one is like, and the place behind it, if it has no masked value. `first` is the first of
    /// those.
    #[inline(always)]
    pub(super) fn find<K: Kernel>(
        &mut self,
        kernel: K,
        trail: Trail,
        first: Trail,
        block: &Block,
    ) -> Option<(&Known, Trail)> {
        let (mut before, mut way) = (first, first);
        loop {
            let known = self.at(way)?;
            if kernel.has_shape(block, &known.shape) {
                break;
            }
            (before, way) = (way, known.other);
        }
        if way != first {
            self.late += 1;
            if self.late == LATE {
                self.late = 0;
                self.prefer(trail, before, way);
            }
        }
        Some((self.at(way)?, way))
    }

    /// Puts a way to go on from `trail` before the others. It stands behind `before` among them.
    #[cold]
    fn prefer(&mut self, trail: Trail, before: Trail, way: Trail) {
        let first = self.at(trail).map_or(Trail::LOST, |known| known.next);
        let rest = self.at(way).map_or(Trail::LOST, |known| known.other);
        let links = [(before, rest), (way, first)];
        for (Trail(number), other) in links {
            if let Some(known) = self.known.get_mut(usize::from(number)) {
                known.other = other;
            }
        }
        let Trail(number) = trail;
        if let Some(known) = self.known.get_mut(usize::from(number)) {
            known.next = way;
        }
    }

    /// Known blocks were found.
    #[inline(always)]
    pub(super) fn praise(&mut self) {
        self.patience = PATIENCE;
    }

    /// What is open at a place in the tree.
    pub(super) fn kinds(&self, trail: Trail) -> Kinds {
        self.at(trail).map_or(Kinds::default(), |known| known.kinds)
    }

    /// What holds at a place in the tree.
    pub(super) fn carry(&self, trail: Trail) -> Carry {
        self.at(trail).map_or(Carry::AFTER_VALUE, |known| known.carry)
    }

    /// Whether blocks go on where the string does in which the last one ended.
    #[inline(always)]
    pub(super) fn skips(&self, trail: Trail) -> bool {
        self.at(trail).is_none_or(|known| known.skips)
    }

    /// Remembers a block that was proved and had no name whose value was masked.
    pub(super) fn learn(&mut self, trail: Trail, block: &Block, proof: &Proof, candidates: u64) -> Trail {
        if !self.may_learn(trail, proof) {
            return Trail::LOST;
        }
        let Proof { inside, brackets, kinds, carry, .. } = *proof;
        let shape = Shape::new(block, !inside, inside);
        self.add(trail, |other| Known {
            shape,
            candidates,
            name: None,
            brackets,
            kinds,
            carry,
            skips: false,
            begins: false,
            next: Trail::LOST,
            other,
        })
    }

    /// Remembers a block up to a masked value. `kinds` are those there.
    pub(super) fn learn_masked(&mut self, trail: Trail, block: &Block, proof: &Proof, kinds: Kinds, name: Masked) {
        if !self.may_learn(trail, proof) {
            return;
        }
        let before_value = u64::MAX.checked_shr(u32::from(64 - name.begin)).unwrap_or(0);
        // The name is followed by its quote, a colon and the value's quote at least.
        let in_name = u64::MAX << name.key & before_value;
        let inside = proof.inside & before_value & !in_name;
        let shape = Shape::new(block, before_value & !inside, inside);
        let behind = self.begin(kinds);
        // Known blocks lead to known places only, which tell what is open there.
        if behind == Trail::LOST {
            return;
        }
        self.add(trail, |other| Known {
            shape,
            candidates: 0,
            name: Some(name),
            brackets: proof.brackets,
            kinds,
            carry: Carry::AFTER_VALUE,
            skips: false,
            begins: false,
            next: Trail::LOST,
            other,
        });
    }

    #[inline(always)]
    fn at(&self, Trail(number): Trail) -> Option<&Known> {
        self.known.get(usize::from(number))
    }

    fn may_learn(&mut self, trail: Trail, proof: &Proof) -> bool {
        self.patience = self.patience.saturating_sub(1);
        let begins = self.at(trail).is_none_or(|known| known.begins);
        proof.unrepeatable == 0 && self.known.len() < MOST && !(begins && self.begin >= MOST_BEGIN)
    }

    /// Adds the block that is made of another that may stand in its place.
    fn add(&mut self, behind: Trail, known: impl FnOnce(Trail) -> Known) -> Trail {
        let Ok(number) = u8::try_from(self.known.len()) else { return Trail::LOST };
        let Some(before) = self.at(behind) else { return Trail::LOST };
        let first = before.next;
        let mut ways = std::iter::successors(self.at(first), |way| self.at(way.other));
        let is_full = ways.nth(WAYS - 1).is_some();
        let skips = before.carry.passes_string() && !before.skips;
        let Trail(number_before) = behind;
        let Some(before) = self.known.get_mut(usize::from(number_before)) else { return Trail::LOST };
        if is_full {
            // A string of any length makes what is behind it lie differently every time, but not from its end on.
            if skips {
                before.skips = true;
                before.next = Trail::LOST;
            }
            return Trail::LOST;
        }
        before.next = Trail(number);
        let begins = before.begins;
        self.begin += u8::from(begins);
        self.known.push(Known { begins, ..known(first) });
        Trail(number)
    }
}
