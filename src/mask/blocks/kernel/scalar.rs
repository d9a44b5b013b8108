//! The portable kernel: one byte at a time, no `unsafe`. The other kernels are tested against it.

use super::block::{BLOCK, Block, EscapeBits, InsideBits, OutsideBits, Shape, TextBits};
use super::vector::{Kernel, Work};

#[derive(Clone, Copy)]
pub(crate) struct Scalar;

impl Kernel for Scalar {
    #[inline(always)]
    fn inside(self, block: &Block) -> InsideBits {
        InsideBits {
            quote: bits(block, |byte| byte == b'"'),
            backslash: bits(block, |byte| byte == b'\\'),
            unusual: bits(block, |byte| !matches!(byte, 0x20..0x80)),
        }
    }

    #[inline(always)]
    fn outside(self, block: &Block) -> OutsideBits {
        OutsideBits {
            space: bits(block, |byte| matches!(byte, b' ' | b'\t' | b'\n' | b'\r')),
            comma: bits(block, |byte| byte == b','),
            colon: bits(block, |byte| byte == b':'),
            open: bits(block, |byte| matches!(byte, b'{' | b'[')),
            close: bits(block, |byte| matches!(byte, b'}' | b']')),
            number: bits(block, |byte| matches!(byte, b'0'..=b'9' | b'-')),
        }
    }

    #[inline(always)]
    fn control(self, block: &Block) -> u64 {
        bits(block, |byte| byte < 0x20)
    }

    #[inline(always)]
    fn folded(self, block: &Block, fold: u8, byte: u8) -> u64 {
        bits(block, |found| found | fold == byte)
    }

    #[inline(always)]
    fn text(self, block: &Block) -> TextBits {
        TextBits { ends: bits(block, |byte| byte < 0x20 || byte == b'"'), backslash: bits(block, |byte| byte == b'\\') }
    }

    #[inline(always)]
    fn escapes(self, block: &Block, asked: u64) -> EscapeBits {
        let is_fit = |byte| matches!(byte, b'"' | b'\\' | b'/' | b'b' | b'f' | b'n' | b'r' | b't' | b'u');
        EscapeBits {
            unfit: among(block, asked, |byte| !is_fit(byte)),
            unicode: among(block, asked, |byte| byte == b'u'),
        }
    }

    #[inline(always)]
    fn no_digit(self, block: &Block, asked: u64) -> u64 {
        among(block, asked, |byte| !byte.is_ascii_hexdigit())
    }

    #[inline(always)]
    fn not_plain(self, block: &Block) -> u64 {
        bits(block, |byte| !matches!(byte, 0x20..0x80) || matches!(byte, b'"' | b'\\'))
    }

    #[inline(always)]
    fn has_shape(self, block: &Block, shape: &Shape) -> bool {
        let bytes = block.iter().zip(&shape.from).zip(&shape.span).zip(&shape.plain);
        // No early exit, so that compilers vectorise it.
        0 == bytes.fold(0, |faults, (((&byte, &from), &span), &plain)| {
            let is_mark = u8::from(matches!(byte, b'"' | b'\\'));
            faults | byte.wrapping_sub(from).saturating_sub(span) | plain & is_mark
        })
    }

    #[inline(always)]
    fn parity(self, bits: u64) -> u64 {
        [1, 2, 4, 8, 16, 32].into_iter().fold(bits, |parity, distance| parity ^ parity << distance)
    }

    #[inline(never)]
    fn run<W: Work>(self, work: W) -> W::Output {
        work.run(self)
    }
}

/// Returns a bit for each byte for which `is` holds. In two steps, because compilers vectorise
/// these, but not a loop that sets bits.
#[inline(always)]
fn bits(block: &Block, is: impl Fn(u8) -> bool) -> u64 {
    gathered(&block.map(|byte| u8::from(is(byte))))
}

/// Returns a bit for each flag. The flags are 0 or 1.
#[inline(always)]
fn gathered(flags: &[u8; BLOCK]) -> u64 {
    // Multiplying by this gathers eight flags in the top byte.
    const GATHER: u64 = 0x0102_0408_1020_4080;
    let gathered = |flags: &[u8; 8]| u64::from_le_bytes(*flags).wrapping_mul(GATHER) >> 56;
    let (words, _) = flags.as_chunks();
    words.iter().rev().fold(0, |bits, flags| bits << 8 | gathered(flags))
}

/// Up to this many bytes, testing them one by one is not slower than testing the whole block.
const FEW: u32 = 12;

/// Returns the bits of `asked` for whose bytes `is` holds. Mostly few are asked for.
#[inline(always)]
fn among(block: &Block, asked: u64, is: impl Fn(u8) -> bool) -> u64 {
    if asked.count_ones() > FEW {
        return bits(block, is) & asked;
    }
    let (mut left, mut found) = (asked, asked);
    while left != 0 {
        let bit = left & left.wrapping_neg();
        left ^= bit;
        if block.get(bit.trailing_zeros() as usize).is_some_and(|&byte| !is(byte)) {
            found ^= bit;
        }
    }
    found
}
