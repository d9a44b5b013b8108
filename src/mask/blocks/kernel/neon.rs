//! 16 bytes at a time, with NEON, which every processor of this kind has.

use super::{
    BLOCK, Block, ESCAPE_HIGH, ESCAPE_LOW, EscapeBits, InsideBits, Kernel, OutsideBits, SPACE, Shape, TextBits,
};
use std::arch::aarch64::*;

/// Only there where the compiler itself takes NEON for granted.
#[derive(Clone, Copy)]
pub(in crate::mask) struct Neon;

/// A block, a quarter at a time.
type Quarters = [uint8x16_t; 4];

impl Kernel for Neon {
    #[inline(always)]
    fn inside(self, block: &Block) -> InsideBits {
        // SAFETY: every processor that this is compiled for has NEON.
        unsafe {
            let block = load(block);
            InsideBits {
                quote: joined(block.map(|quarter| equal(quarter, b'"'))),
                backslash: joined(block.map(|quarter| equal(quarter, b'\\'))),
                unusual: joined(block.map(|quarter| unusual(quarter))),
            }
        }
    }

    #[inline(always)]
    fn outside(self, block: &Block) -> OutsideBits {
        // SAFETY: every processor that this is compiled for has NEON.
        unsafe {
            let block = load(block);
            // `[` and `{`, `]` and `}` differ in one bit, which no other byte shares.
            let folded = folded(block, 0x20);
            OutsideBits {
                space: joined(block.map(|quarter| space(quarter))),
                comma: joined(block.map(|quarter| equal(quarter, b','))),
                colon: joined(block.map(|quarter| equal(quarter, b':'))),
                open: joined(folded.map(|quarter| equal(quarter, b'{'))),
                close: joined(folded.map(|quarter| equal(quarter, b'}'))),
                number: joined(block.map(|quarter| vorrq_u8(digit(quarter), equal(quarter, b'-')))),
            }
        }
    }

    #[inline(always)]
    fn control(self, block: &Block) -> u64 {
        // SAFETY: every processor that this is compiled for has NEON.
        unsafe { joined(load(block).map(|quarter| control(quarter))) }
    }

    #[inline(always)]
    fn folded(self, block: &Block, fold: u8, byte: u8) -> u64 {
        // SAFETY: every processor that this is compiled for has NEON.
        unsafe { joined(folded(load(block), fold).map(|quarter| equal(quarter, byte))) }
    }

    #[inline(always)]
    fn text(self, block: &Block) -> TextBits {
        // SAFETY: every processor that this is compiled for has NEON.
        unsafe {
            let block = load(block);
            TextBits {
                ends: joined(block.map(|quarter| vorrq_u8(control(quarter), equal(quarter, b'"')))),
                backslash: joined(block.map(|quarter| equal(quarter, b'\\'))),
            }
        }
    }

    #[inline(always)]
    fn escapes(self, block: &Block) -> EscapeBits {
        // SAFETY: every processor that this is compiled for has NEON.
        unsafe {
            let block = load(block);
            EscapeBits {
                known: joined(block.map(|quarter| escape_class(quarter, 0x0f))),
                unicode: joined(block.map(|quarter| equal(quarter, b'u'))),
            }
        }
    }

    #[inline(always)]
    fn hex(self, block: &Block) -> u64 {
        // SAFETY: every processor that this is compiled for has NEON.
        unsafe { joined(load(block).map(|quarter| escape_class(quarter, 0x30))) }
    }

    #[inline(always)]
    fn not_plain(self, block: &Block) -> u64 {
        // SAFETY: every processor that this is compiled for has NEON.
        unsafe { joined(load(block).map(|quarter| not_plain(quarter))) }
    }

    #[inline(always)]
    fn shape(self, block: &Block, compared: u64, inside: u64) -> Shape {
        // SAFETY: every processor that this is compiled for has NEON.
        unsafe {
            let mut shape = Shape { bytes: [0; BLOCK], compared: [0; BLOCK], inside };
            let (block, compared) = (load(block), spread(compared));
            store(&mut shape.compared, compared);
            store(&mut shape.bytes, std::array::from_fn(|at| vandq_u8(without_digits(block[at]), compared[at])));
            shape
        }
    }

    #[inline(always)]
    fn has_shape(self, block: &Block, shape: &Shape) -> bool {
        // SAFETY: every processor that this is compiled for has NEON.
        unsafe {
            let (quarters, bytes, compared) = (load(block), load(&shape.bytes), load(&shape.compared));
            let differ = |at: usize| vandq_u8(veorq_u8(without_digits(quarters[at]), bytes[at]), compared[at]);
            let differ = vorrq_u8(vorrq_u8(differ(0), differ(1)), vorrq_u8(differ(2), differ(3)));
            vmaxvq_u8(differ) == 0 && self.not_plain(block) & shape.inside == 0
        }
    }

    /// Six instructions, since each shifts and combines at once. A carry-less multiplication, which not every processor has, would
    /// take the way to a vector register and back.
    #[inline(always)]
    fn parity(self, bits: u64) -> u64 {
        [1, 2, 4, 8, 16, 32].into_iter().fold(bits, |parity, distance| parity ^ parity << distance)
    }
}

#[inline]
#[target_feature(enable = "neon")]
fn load(block: &Block) -> Quarters {
    let start = block.as_ptr();
    // SAFETY: all four loads, which need no alignment, are within the 64 bytes of `block`.
    unsafe { [vld1q_u8(start), vld1q_u8(start.add(16)), vld1q_u8(start.add(32)), vld1q_u8(start.add(48))] }
}

#[inline]
#[target_feature(enable = "neon")]
fn store(block: &mut Block, [first, second, third, fourth]: Quarters) {
    let start = block.as_mut_ptr();
    // SAFETY: all four stores, which need no alignment, are within the 64 bytes of `block`.
    unsafe {
        vst1q_u8(start, first);
        vst1q_u8(start.add(16), second);
        vst1q_u8(start.add(32), third);
        vst1q_u8(start.add(48), fourth);
    }
}

/// In each half of a quarter, the bit of each byte.
#[inline]
#[target_feature(enable = "neon")]
fn own_bits() -> uint8x16_t {
    vreinterpretq_u8_u64(vdupq_n_u64(0x8040_2010_0804_0201))
}

/// A bit for each of 64 bytes that are all ones or zero. There is no instruction for it: each byte is left its own bit, and three
/// times neighbours are added up.
#[inline]
#[target_feature(enable = "neon")]
fn joined(flags: Quarters) -> u64 {
    let [first, second, third, fourth] = flags.map(|quarter| vandq_u8(quarter, own_bits()));
    let sum = vpaddq_u8(vpaddq_u8(first, second), vpaddq_u8(third, fourth));
    vgetq_lane_u64::<0>(vreinterpretq_u64_u8(vpaddq_u8(sum, sum)))
}

/// All ones in each byte whose bit is set.
#[inline]
#[target_feature(enable = "neon")]
fn spread(bits: u64) -> Quarters {
    [bits, bits >> 16, bits >> 32, bits >> 48].map(|bits| {
        let [low, high, ..] = bits.to_le_bytes();
        vtstq_u8(vcombine_u8(vdup_n_u8(low), vdup_n_u8(high)), own_bits())
    })
}

#[inline]
#[target_feature(enable = "neon")]
fn folded(block: Quarters, fold: u8) -> Quarters {
    block.map(|quarter| vorrq_u8(quarter, vdupq_n_u8(fold)))
}

#[inline]
#[target_feature(enable = "neon")]
fn equal(quarter: uint8x16_t, byte: u8) -> uint8x16_t {
    vceqq_u8(quarter, vdupq_n_u8(byte))
}

#[inline]
#[target_feature(enable = "neon")]
fn not_plain(quarter: uint8x16_t) -> uint8x16_t {
    vorrq_u8(unusual(quarter), vorrq_u8(equal(quarter, b'"'), equal(quarter, b'\\')))
}

/// Controls and what is not ASCII, which as signed numbers are below the space.
#[inline]
#[target_feature(enable = "neon")]
fn unusual(quarter: uint8x16_t) -> uint8x16_t {
    vcltq_s8(vreinterpretq_s8_u8(quarter), vdupq_n_s8(0x20))
}

#[inline]
#[target_feature(enable = "neon")]
fn control(quarter: uint8x16_t) -> uint8x16_t {
    vcltq_u8(quarter, vdupq_n_u8(0x20))
}

#[inline]
#[target_feature(enable = "neon")]
fn space(quarter: uint8x16_t) -> uint8x16_t {
    vceqq_u8(quarter, by_lower_half(&SPACE, quarter))
}

/// Which bytes are of any of these classes: see [`ESCAPE_LOW`].
#[inline]
#[target_feature(enable = "neon")]
fn escape_class(quarter: uint8x16_t, classes: u8) -> uint8x16_t {
    let upper = by_lower_half(&ESCAPE_HIGH, vshrq_n_u8::<4>(quarter));
    vtstq_u8(vandq_u8(by_lower_half(&ESCAPE_LOW, quarter), upper), vdupq_n_u8(classes))
}

/// The entry for the lower half of each byte.
#[inline]
#[target_feature(enable = "neon")]
fn by_lower_half(entries: &[u8; 16], quarter: uint8x16_t) -> uint8x16_t {
    // SAFETY: a load, which needs no alignment, of the 16 bytes of `entries`.
    let entries = unsafe { vld1q_u8(entries.as_ptr()) };
    vqtbl1q_u8(entries, vandq_u8(quarter, vdupq_n_u8(0x0f)))
}

#[inline]
#[target_feature(enable = "neon")]
fn digit(quarter: uint8x16_t) -> uint8x16_t {
    vcleq_u8(vsubq_u8(quarter, vdupq_n_u8(b'0')), vdupq_n_u8(9))
}

#[inline]
#[target_feature(enable = "neon")]
fn without_digits(quarter: uint8x16_t) -> uint8x16_t {
    vbslq_u8(digit(quarter), vdupq_n_u8(b'0'), quarter)
}
