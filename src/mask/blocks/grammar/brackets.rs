//! The brackets of a block.

use crate::mask::blocks::kernel::Block;
use crate::mask::core::KindStack;

/// Where brackets stand outside strings.
#[derive(Clone, Copy)]
pub(crate) struct Brackets {
    pub(crate) open: u64,
    pub(crate) close: u64,
    /// Which of them are curly.
    pub(crate) curly: u64,
}

/// What is open before a block.
#[derive(Clone, Copy)]
pub(crate) struct OpenBefore {
    pub(crate) kinds: KindStack,
    /// What must not be open at once.
    pub(crate) too_deep: u64,
}

/// What the brackets of a block do. It goes from one to the next.
#[derive(Clone, Copy)]
pub(crate) struct BracketEffect {
    pub(crate) brackets: Brackets,
    /// Not 0 if a bracket closes what it did not open, or too much is open.
    pub(crate) fault: u64,
    /// Where the innermost thing open is an object. A bracket belongs to what it stands in, a closing one to what it closes.
    pub(crate) objects: u64,
    pub(crate) kinds: KindStack,
    /// The bracket that closes the last of the kinds, or 0. What follows it was not looked at.
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
            // `[` and `{`, `]` and `}` differ in this bit.
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
    /// The kinds behind them, which are proved to be right.
    #[inline(never)]
    pub(crate) fn kinds_after(self, kinds: KindStack) -> KindStack {
        self.in_order().fold(
            kinds,
            |kinds, (_, opens, object)| {
                if opens { kinds.opened(u64::from(object)) } else { kinds.closed() }
            },
        )
    }

    /// Whether there are none behind a bit.
    #[inline(always)]
    pub(crate) fn are_before(self, bit: u32) -> bool {
        (self.open | self.close) >> bit == 0
    }

    /// Those before a bit, and the others.
    #[inline(always)]
    pub(crate) fn split(self, bit: u32) -> (Self, Self) {
        let before = (1 << bit) - 1;
        let only = |bits: u64| Self { open: self.open & bits, close: self.close & bits, ..self };
        (only(before), only(!before))
    }

    /// Each with its bit, whether it opens, and whether it is an object's.
    pub(crate) fn in_order(self) -> impl Iterator<Item = (u32, bool, bool)> {
        let mut left = self.open | self.close;
        std::iter::from_fn(move || {
            let bit = (left != 0).then(|| left.trailing_zeros())?;
            left &= left - 1;
            Some((bit, self.open >> bit & 1 == 1, self.curly >> bit & 1 == 1))
        })
    }
}
