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
    /// What stands behind a single backslash and is something else than `"`, `\\`, `/`, `f`, `n` or `t`.
    ///
    /// In halves. Of the whole compilers make single bytes again where it is asked whether any is set.
    pub(super) odd: [u32; 2],
    /// Whether a quote or control stands anywhere else, or a third backslash, with which it takes more than two bytes to know what is
    /// escaped.
    pub(super) stops: bool,
}

/// The lower and the upper half.
pub(super) fn halves(bits: u64) -> [u32; 2] {
    [bits as u32, (bits >> 32) as u32]
}

impl EscapedBits {
    pub(super) fn new(odd: u64, stops: u64) -> Self {
        Self { odd: halves(odd), stops: stops != 0 }
    }

    #[inline(always)]
    pub(super) fn is_odd(self) -> bool {
        let [low, high] = self.odd;
        low | high != 0
    }
}
