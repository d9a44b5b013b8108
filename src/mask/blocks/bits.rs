//! What stands in a block, as bits.

/// Bytes that are looked at together, a bit of a word for each.
pub(in crate::mask) const BLOCK: usize = 64;

/// One block of a text.
pub(in crate::mask) type Block = [u8; BLOCK];

/// A block that begins with `text`, and is filled up with spaces.
#[inline(never)]
pub(super) fn padded_block(text: &[u8]) -> Block {
    let mut block = [b' '; BLOCK];
    let len = text.len().min(BLOCK);
    if let (Some(begin), Some(text)) = (block.get_mut(..len), text.get(..len)) {
        begin.copy_from_slice(text);
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

/// What matters behind a backslash.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq)]
pub(in crate::mask) struct EscapeBits {
    /// What makes no escape: all but `"`, `\\`, `/`, `b`, `f`, `n`, `r`, `t` and `u`.
    pub(super) unfit: u64,
    /// `u`, which four digits follow.
    pub(super) unicode: u64,
}
