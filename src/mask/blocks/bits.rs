//! What stands in a block, as bits.

/// Bytes that are looked at together, a bit of a word for each.
pub(in crate::mask) const BLOCK: usize = 64;

/// One block of a text.
pub(in crate::mask) type Block = [u8; BLOCK];

/// A block that begins with `text`, and is filled up with spaces.
#[inline(never)]
pub(super) fn padded_block(text: &[u8]) -> Block {
    let mut block = [b' '; BLOCK];
    for (slot, &byte) in block.iter_mut().zip(text) {
        *slot = byte;
    }
    block
}

/// What matters inside strings. Bit *i* is byte *i* of the block.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq)]
pub(in crate::mask) struct InsideBits {
    pub(super) quote: u64,
    pub(super) backslash: u64,
    /// Controls and what is not ASCII.
    pub(super) unusual: u64,
}

/// What matters outside strings.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq)]
pub(in crate::mask) struct OutsideBits {
    /// JSON's white space.
    pub(super) space: u64,
    pub(super) comma: u64,
    pub(super) colon: u64,
    /// `{` and `[`.
    pub(super) open: u64,
    /// `}` and `]`.
    pub(super) close: u64,
    /// Digits and the minus.
    pub(super) number: u64,
}

/// What matters in a string that passes.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq)]
pub(in crate::mask) struct TextBits {
    /// Quotes and controls.
    pub(super) ends: u64,
    pub(super) backslash: u64,
}

/// Bytes of a [`Window`] that stand before its block.
pub(in crate::mask) const BEFORE: usize = 2;

/// A block, and the two bytes before it.
pub(in crate::mask) type Window = [u8; BEFORE + BLOCK];

/// What matters in a string that passes and has escapes.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq)]
pub(in crate::mask) struct EscapedBits {
    /// What is not known to be right: quotes and controls, but behind a single backslash; what else than `"`, `\\`, `/`, `f`, `n` or
    /// `t` stands behind a single backslash; and the third of three backslashes.
    ///
    /// In halves. Of the whole compilers make single bytes again where it is asked whether any is set.
    pub(super) odd: [u32; 2],
    /// Whether a quote or control is among them that stands behind no single backslash.
    pub(super) ends: bool,
}

impl EscapedBits {
    pub(super) fn new(odd: u64, ends: u64) -> Self {
        Self { odd: [odd as u32, (odd >> 32) as u32], ends: ends != 0 }
    }

    #[inline(always)]
    pub(super) fn is_odd(self) -> bool {
        let [low, high] = self.odd;
        low | high != 0
    }
}
