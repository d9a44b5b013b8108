//! The reference: one byte at a time, no `unsafe`.

use super::super::bits::{BEFORE, BLOCK};
use super::{Block, EscapedBits, InsideBits, Kernel, OutsideBits, Shape, TextBits, Window, Work};

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
    fn escaped(self, window: &Window) -> EscapedBits {
        let at = |from: usize| window.get(from..).and_then(|bytes| bytes.first_chunk()).unwrap_or(&[0; BLOCK]);
        let (mut odd, mut stops) = ([0; BLOCK], 0);
        let before = at(0).iter().zip(at(1));
        for ((odd, (twice, once)), &byte) in odd.iter_mut().zip(before).zip(at(BEFORE)) {
            // Without `&&` and `||` it becomes vector code.
            let [twice, once] = [twice, once].map(|&before| before == b'\\');
            let single = once & !twice;
            let frequent = matches!(byte, b'"' | b'\\' | b'/' | b'f' | b'n' | b't');
            let end = (byte < 0x20) | (byte == b'"');
            // Behind two, for behind a single one nothing stops.
            let third = once & (byte == b'\\');
            *odd = u8::from(single & !frequent);
            stops |= u8::from((end | third) & !single);
        }
        EscapedBits::new(gathered(&odd), u64::from(stops))
    }

    #[inline(always)]
    fn not_plain(self, block: &Block) -> u64 {
        bits(block, |byte| !matches!(byte, 0x20..0x80) || matches!(byte, b'"' | b'\\'))
    }

    #[inline(always)]
    fn has_shape(self, block: &Block, shape: &Shape) -> bool {
        let bytes = block.iter().zip(&shape.from).zip(&shape.span).zip(&shape.plain);
        // No early exit: it becomes vector code.
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

/// A bit for each byte that `is`. In two steps that compilers make vector code of, where a loop over bits would be none.
#[inline(always)]
fn bits(block: &Block, is: impl Fn(u8) -> bool) -> u64 {
    gathered(&block.map(|byte| u8::from(is(byte))))
}

/// A bit for each of these, which are 0 or 1.
#[inline(always)]
fn gathered(flags: &[u8; BLOCK]) -> u64 {
    // A multiplication gathers eight flags in the topmost byte.
    const GATHER: u64 = 0x0102_0408_1020_4080;
    let gathered = |flags: &[u8; 8]| u64::from_le_bytes(*flags).wrapping_mul(GATHER) >> 56;
    let (words, _) = flags.as_chunks();
    words.iter().rev().fold(0, |bits, flags| bits << 8 | gathered(flags))
}
