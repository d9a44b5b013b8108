//! The operations on a block that each processor does in its own way.

use super::block::{Block, EscapeBits, InsideBits, OutsideBits, Shape, TextBits};

/// Sees a whole block at a time.
pub(crate) trait Kernel: Copy {
    fn inside(self, block: &Block) -> InsideBits;

    fn outside(self, block: &Block) -> OutsideBits;

    /// Where a byte below 0x20 stands.
    fn control(self, block: &Block) -> u64;

    /// Where a byte stands that is `byte` once the bits of `fold` are set in it.
    fn folded(self, block: &Block, fold: u8, byte: u8) -> u64;

    fn text(self, block: &Block) -> TextBits;

    /// Only the bits of `asked` need be right.
    fn escapes(self, block: &Block, asked: u64) -> EscapeBits;

    /// Where a byte stands that is no hexadecimal digit. Only the bits of `asked` need be right.
    fn no_digit(self, block: &Block, asked: u64) -> u64;

    /// Where a byte stands that is not ASCII or that does not stand for itself in a string.
    fn not_plain(self, block: &Block) -> u64;

    fn has_shape(self, block: &Block, shape: &Shape) -> bool;

    /// At each bit, whether it and those before it are an odd number of ones.
    fn parity(self, bits: u64) -> u64;

    /// Asks for the bytes that stand some way behind this block, if the processor can be asked. A text that lies in memory and in no
    /// cache is read faster so.
    #[inline(always)]
    fn prefetch(self, _block: &[u8]) {}

    /// Does `work` in a function of its own, whose registers it has for itself.
    fn run<W: Work>(self, work: W) -> W::Output;
}

/// Work that any kernel can do.
pub(crate) trait Work {
    type Output;

    fn run<K: Kernel>(self, kernel: K) -> Self::Output;
}
