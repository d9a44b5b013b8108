//! The reference: one byte at a time, no `unsafe`.

use super::{Block, EscapeBits, InsideBits, Kernel, OutsideBits, Shape, TextBits};

#[derive(Clone, Copy)]
pub(in crate::mask) struct Scalar;

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
    fn escapes(self, block: &Block) -> EscapeBits {
        EscapeBits {
            known: bits(block, |byte| matches!(byte, b'"' | b'\\' | b'/' | b'b' | b'f' | b'n' | b'r' | b't' | b'u')),
            unicode: bits(block, |byte| byte == b'u'),
        }
    }

    #[inline(always)]
    fn hex(self, block: &Block) -> u64 {
        bits(block, |byte| byte.is_ascii_hexdigit())
    }

    #[inline(always)]
    fn not_plain(self, block: &Block) -> u64 {
        bits(block, |byte| !matches!(byte, 0x20..0x80) || matches!(byte, b'"' | b'\\'))
    }

    #[inline(always)]
    fn shape(self, block: &Block, compared: u64, inside: u64) -> Shape {
        let compared: Block = std::array::from_fn(|at| if compared >> at & 1 == 1 { 0xff } else { 0 });
        let bytes = std::array::from_fn(|at| without_digit(block[at]) & compared[at]);
        Shape { bytes, compared, inside }
    }

    #[inline(always)]
    fn has_shape(self, block: &Block, shape: &Shape) -> bool {
        let differs = |(at, &byte): (usize, &u8)| (without_digit(byte) ^ shape.bytes[at]) & shape.compared[at] != 0;
        !block.iter().enumerate().any(differs) && self.not_plain(block) & shape.inside == 0
    }

    #[inline(always)]
    fn parity(self, bits: u64) -> u64 {
        [1, 2, 4, 8, 16, 32].into_iter().fold(bits, |parity, distance| parity ^ parity << distance)
    }
}

/// A bit for each byte that `is`. In two steps that compilers make vector code of, where a loop over bits would be none.
#[inline(always)]
fn bits(block: &Block, is: impl Fn(u8) -> bool) -> u64 {
    let flags = block.map(|byte| u8::from(is(byte)));
    // A multiplication gathers eight flags in the topmost byte.
    const GATHER: u64 = 0x0102_0408_1020_4080;
    let gathered = |flags: &[u8; 8]| u64::from_le_bytes(*flags).wrapping_mul(GATHER) >> 56;
    let (words, _) = flags.as_chunks();
    words.iter().rev().fold(0, |bits, flags| bits << 8 | gathered(flags))
}

#[inline(always)]
fn without_digit(byte: u8) -> u8 {
    if byte.is_ascii_digit() { b'0' } else { byte }
}
