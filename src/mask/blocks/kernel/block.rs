//! What stands in a block, as bits.

/// Bytes that are looked at together, a bit of a word for each.
pub(crate) const BLOCK: usize = 64;

/// One block of a text.
pub(crate) type Block = [u8; BLOCK];

/// A block that begins with `text`, and is filled up with spaces.
#[inline(never)]
pub(crate) fn padded_block(text: &[u8]) -> Block {
    let mut block = [b' '; BLOCK];
    let len = text.len().min(BLOCK);
    if let (Some(begin), Some(text)) = (block.get_mut(..len), text.get(..len)) {
        begin.copy_from_slice(text);
    }
    block
}

/// What matters inside strings. Bit *i* is byte *i* of the block.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq)]
pub(crate) struct InsideBits {
    pub(crate) quote: u64,
    pub(crate) backslash: u64,
    /// Controls and what is not ASCII.
    pub(crate) unusual: u64,
}

/// What matters outside strings.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq)]
pub(crate) struct OutsideBits {
    /// JSON's white space.
    pub(crate) space: u64,
    pub(crate) comma: u64,
    pub(crate) colon: u64,
    /// `{` and `[`.
    pub(crate) open: u64,
    /// `}` and `]`.
    pub(crate) close: u64,
    /// Digits and the minus.
    pub(crate) number: u64,
}

/// What matters in a string that passes.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq)]
pub(crate) struct TextBits {
    /// Quotes and controls.
    pub(crate) ends: u64,
    pub(crate) backslash: u64,
}

/// What matters behind a backslash.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq)]
pub(crate) struct EscapeBits {
    /// What makes no escape: all but `"`, `\\`, `/`, `b`, `f`, `n`, `r`, `t` and `u`.
    pub(crate) unfit: u64,
    /// `u`, which four digits follow.
    pub(crate) unicode: u64,
}

/// What a block must be like for a proof to hold for it too. It keeps nothing of what is inside strings.
///
/// Each byte is at most its `span` above its `from`. That says all there is to ask: that it is just this byte, any digit, any plain
/// byte of a string, or any byte at all.
#[derive(Clone, Copy)]
#[repr(align(64))]
pub(crate) struct Shape {
    pub(crate) from: Block,
    pub(crate) span: Block,
    /// All ones where moreover the byte must be neither a quote nor a backslash, else 0.
    pub(crate) plain: Block,
}

impl Shape {
    /// The shape of a block of which some bytes are `compared`, outside strings and in a name whose value is masked, and others are
    /// `inside` strings.
    pub(crate) fn new(block: &Block, compared: u64, inside: u64) -> Self {
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
