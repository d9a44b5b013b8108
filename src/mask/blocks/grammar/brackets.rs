//! The brackets of a block.

use crate::mask::blocks::kernel::Block;
use crate::mask::core::KindStack;

/// The brackets of a block outside strings.
#[derive(Clone, Copy)]
pub(crate) struct Brackets {
    pub(crate) open: u64,
    pub(crate) close: u64,
    /// Which of the brackets in `open` and `close` are curly.
    pub(crate) curly: u64,
}

/// The open objects and arrays before a block.
#[derive(Clone, Copy)]
pub(crate) struct OpenBefore {
    pub(crate) kinds: KindStack,
    /// A mask of bits that `kinds` must never have: see `Nesting::too_deep`.
    pub(crate) too_deep: u64,
}

/// The effect of a block's brackets, from the first to the last.
#[derive(Clone, Copy)]
pub(crate) struct BracketEffect {
    pub(crate) brackets: Brackets,
    /// Not 0 if a closing bracket is of the wrong kind, or the nesting is too deep.
    pub(crate) fault: u64,
    /// The bytes whose innermost container is an object. An opening bracket belongs to the
    /// container around it, a closing bracket to the container that it closes.
    pub(crate) objects: u64,
    pub(crate) kinds: KindStack,
    /// The bit of the bracket that closes the last of the kinds, or 0. Brackets after it are
    /// ignored.
    pub(crate) end: u64,
}

impl BracketEffect {
    #[inline(always)]
    pub(crate) fn of(open: u64, close: u64, block: &Block, OpenBefore { mut kinds, too_deep }: OpenBefore) -> Self {
        let (mut objects, mut curly) = (kinds.innermost(), 0);
        let mut fault = 0;
        let mut left = open | close;
        while left != 0 {
            let bit = left & left.wrapping_neg();
            // `[` and `{` differ in this bit, and so do `]` and `}`.
            let object = block.get(left.trailing_zeros() as usize).map_or(0, |byte| u64::from(byte >> 5 & 1));
            curly |= bit & object.wrapping_neg();
            if open & bit != 0 {
                kinds = kinds.opened(object);
                fault |= kinds.bits() & too_deep;
            } else {
                fault |= kinds.bits() & 1 ^ object;
                kinds = kinds.closed();
                if kinds.is_empty() {
                    return Self { brackets: Brackets { open, close, curly }, fault, objects, kinds, end: bit };
                }
            }
            let up_to_here = bit ^ bit.wrapping_sub(1);
            objects = objects & up_to_here | kinds.innermost() & !up_to_here;
            left &= left - 1;
        }
        Self { brackets: Brackets { open, close, curly }, fault, objects, kinds, end: 0 }
    }
}

impl Brackets {
    /// Returns the kinds after these brackets. The brackets must be proved.
    #[inline(never)]
    pub(crate) fn kinds_after(self, kinds: KindStack) -> KindStack {
        self.in_order().fold(
            kinds,
            |kinds, (_, opens, object)| {
                if opens { kinds.opened(u64::from(object)) } else { kinds.closed() }
            },
        )
    }

    /// Whether all brackets are before a bit.
    #[inline(always)]
    pub(crate) fn are_before(self, bit: u32) -> bool {
        (self.open | self.close) >> bit == 0
    }

    /// Returns the brackets before a bit, and the rest.
    #[inline(always)]
    pub(crate) fn split(self, bit: u32) -> (Self, Self) {
        let before = (1 << bit) - 1;
        let only = |bits: u64| Self { open: self.open & bits, close: self.close & bits, ..self };
        (only(before), only(!before))
    }

    /// Returns each bracket's bit, whether it opens, and whether it is curly.
    pub(crate) fn in_order(self) -> impl Iterator<Item = (u32, bool, bool)> {
        let mut left = self.open | self.close;
        std::iter::from_fn(move || {
            let bit = (left != 0).then(|| left.trailing_zeros())?;
            left &= left - 1;
            Some((bit, self.open >> bit & 1 == 1, self.curly >> bit & 1 == 1))
        })
    }
}
