//! The operations on a block that each processor does in its own way.

use super::block::{Block, EscapeBits, InsideBits, OutsideBits, Shape, TextBits};

/// Finds bytes in a whole block at a time.
pub(crate) trait Kernel: Copy {
    fn inside(self, block: &Block) -> InsideBits;

    fn outside(self, block: &Block) -> OutsideBits;

    /// Finds bytes below 0x20.
    fn control(self, block: &Block) -> u64;

    /// Finds the bytes that equal `byte` after the bits of `fold` are set in them.
    fn folded(self, block: &Block, fold: u8, byte: u8) -> u64;

    fn text(self, block: &Block) -> TextBits;

    /// Only the bits of `asked` must be right.
    fn escapes(self, block: &Block, asked: u64) -> EscapeBits;

    /// Finds the bytes that are not hexadecimal digits. Only the bits of `asked` must be right.
    fn no_digit(self, block: &Block, asked: u64) -> u64;

    /// Finds the bytes that are not ASCII or not themselves inside a string: controls, quotes and
    /// backslashes.
    fn not_plain(self, block: &Block) -> u64;

    fn has_shape(self, block: &Block, shape: &Shape) -> bool;

    /// Sets each bit for which an odd number of bits up to and including it are 1.
    fn parity(self, bits: u64) -> u64;

    /// Prefetches bytes some way after this block, if the processor can. A text that is in memory
    /// and in no cache is then read faster.
    #[inline(always)]
    fn prefetch(self, _block: &[u8]) {}

    /// Runs `work` in a function of its own, which has all registers for itself.
    fn run<W: Work>(self, work: W) -> W::Output;
}

/// Work that any kernel can do: code that is compiled once for each kernel.
pub(crate) trait Work {
    type Output;

    fn run<K: Kernel>(self, kernel: K) -> Self::Output;
}
