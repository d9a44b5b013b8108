//! A block, and the bytes found in it. In all words bit *i* stands for byte *i*.

/// The number of bytes in a block: one for each bit of a `u64`.
pub(crate) const BLOCK: usize = 64;

/// One block of a text.
pub(crate) type Block = [u8; BLOCK];

/// Returns a block that begins with `text` and is padded with spaces.
#[inline(never)]
pub(crate) fn padded_block(text: &[u8]) -> Block {
    let mut block = [b' '; BLOCK];
    let len = text.len().min(BLOCK);
    if let (Some(begin), Some(text)) = (block.get_mut(..len), text.get(..len)) {
        begin.copy_from_slice(text);
    }
    block
}

/// The bytes that matter inside strings.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq)]
pub(crate) struct InsideBits {
    pub(crate) quote: u64,
    pub(crate) backslash: u64,
    /// The controls and the bytes beyond ASCII.
    pub(crate) unusual: u64,
}

/// The bytes that matter outside strings.
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
    /// The digits and the minus.
    pub(crate) number: u64,
}

/// The bytes that matter in a string that is not masked.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq)]
pub(crate) struct TextBits {
    /// The quotes and controls.
    pub(crate) ends: u64,
    pub(crate) backslash: u64,
}

/// The bytes that matter after a backslash.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq)]
pub(crate) struct EscapeBits {
    /// The bytes that are not valid after a backslash: all but `"`, `\\`, `/`, `b`, `f`, `n`, `r`,
    /// `t` and `u`.
    pub(crate) unfit: u64,
    /// `u`, which needs four hexadecimal digits after it.
    pub(crate) unicode: u64,
}

/// A pattern. The proof of the block that it was made from also holds for every block that fits. A
/// shape holds no byte of the inside of a string.
///
/// Each byte of a block must be in `from..=from + span`. This range can be one byte, any digit, any
/// plain byte of a string, or any byte at all.
#[derive(Clone, Copy)]
#[repr(align(64))]
pub(crate) struct Shape {
    pub(crate) from: Block,
    pub(crate) span: Block,
    /// All ones if the byte must also be neither a quote nor a backslash, else 0.
    pub(crate) plain: Block,
}

impl Shape {
    /// Returns the shape of a block. `compared` has the bytes that a proof depends on: those
    /// outside strings, and those of a name whose value is masked. `inside` has the bytes inside
    /// strings. Any other byte fits.
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
