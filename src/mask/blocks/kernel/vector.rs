//! The operations on a block that each kernel implements with its own instructions.

use super::block::{Block, EscapeBits, InsideBits, OutsideBits, Shape, TextBits};

/// Finds bytes in a whole block at once.
pub(crate) trait Kernel: Copy {
    fn inside(self, block: &Block) -> InsideBits;

    fn outside(self, block: &Block) -> OutsideBits;

    /// Finds bytes below 0x20.
    fn control(self, block: &Block) -> u64;

    /// Finds the bytes that equal `byte` once the bits of `fold` are set in them.
    fn folded(self, block: &Block, fold: u8, byte: u8) -> u64;

    fn text(self, block: &Block) -> TextBits;

    /// Finds the bytes that matter after a backslash. Only the bits of `asked` must be right.
    fn escapes(self, block: &Block, asked: u64) -> EscapeBits;

    /// Finds the bytes that are not hexadecimal digits. Only the bits of `asked` must be right.
    fn no_digit(self, block: &Block, asked: u64) -> u64;

    /// Finds the bytes that end a plain string or make it not plain: controls, quotes, backslashes
    /// and bytes beyond ASCII.
    fn not_plain(self, block: &Block) -> u64;

    fn has_shape(self, block: &Block, shape: &Shape) -> bool;

    /// Returns a 1 at each bit for which an odd number of bits up to and including it are 1.
    fn parity(self, bits: u64) -> u64;

    /// Prefetches bytes some distance after this block, if the kernel can. This helps with a text
    /// that is in memory, but in no cache.
    #[inline(always)]
    fn prefetch(self, _block: &[u8]) {}

    /// Runs `work` in its own function, so that all registers are free for it.
    fn run<W: Work>(self, work: W) -> W::Output;
}

/// Code that is generic over the kernel, and compiled once for each.
pub(crate) trait Work {
    type Output;

    fn run<K: Kernel>(self, kernel: K) -> Self::Output;
}
