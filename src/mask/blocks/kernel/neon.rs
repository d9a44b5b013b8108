//! The NEON kernel: 16 bytes at a time. Compiled only for targets on which all processors have
//! NEON.

use super::block::{Block, EscapeBits, InsideBits, OutsideBits, Shape, TextBits};
use super::tables::{B_OR_R, ESCAPES, MARKS, SPACE};
use super::vector::{Kernel, Work};
use std::arch::aarch64::*;

/// Needs no detection: this is compiled only if the target has NEON.
#[derive(Clone, Copy)]
pub(crate) struct Neon;

/// A block in quarters.
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
            // `[` and `{` differ only in bit 0x20, and so do `]` and `}`. With the bit set, no
            // other byte equals `{` or `}`.
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
    fn escapes(self, block: &Block, _asked: u64) -> EscapeBits {
        // SAFETY: every processor that this is compiled for has NEON.
        unsafe {
            let block = load(block);
            EscapeBits {
                unfit: !joined(block.map(|quarter| fits_escape(quarter))),
                unicode: joined(block.map(|quarter| equal(quarter, b'u'))),
            }
        }
    }

    #[inline(always)]
    fn no_digit(self, block: &Block, _asked: u64) -> u64 {
        // SAFETY: every processor that this is compiled for has NEON.
        unsafe { !joined(load(block).map(|quarter| hex_digit(quarter))) }
    }

    #[inline(always)]
    fn not_plain(self, block: &Block) -> u64 {
        // SAFETY: every processor that this is compiled for has NEON.
        unsafe { joined(load(block).map(|quarter| not_plain(quarter))) }
    }

    #[inline(always)]
    fn has_shape(self, block: &Block, shape: &Shape) -> bool {
        // SAFETY: every processor that this is compiled for has NEON.
        unsafe {
            let (bytes, from, span, plain) = (load(block), load(&shape.from), load(&shape.span), load(&shape.plain));
            let faults = |at: usize| {
                let above = vqsubq_u8(vsubq_u8(bytes[at], from[at]), span[at]);
                vorrq_u8(above, vandq_u8(marks(bytes[at]), plain[at]))
            };
            vmaxvq_u8(vorrq_u8(vorrq_u8(faults(0), faults(1)), vorrq_u8(faults(2), faults(3)))) == 0
        }
    }

    /// Takes six instructions, because each shifts and combines at once. Carry-less multiplication
    /// is not on every processor, and would need moves to a vector register and back.
    #[inline(always)]
    fn parity(self, bits: u64) -> u64 {
        [1, 2, 4, 8, 16, 32].into_iter().fold(bits, |parity, distance| parity ^ parity << distance)
    }

    #[inline(never)]
    fn run<W: Work>(self, work: W) -> W::Output {
        work.run(self)
    }
}

#[inline]
#[target_feature(enable = "neon")]
fn load(block: &Block) -> Quarters {
    let start = block.as_ptr();
    // SAFETY: all four loads, which need no alignment, are within the 64 bytes of `block`.
    unsafe { [vld1q_u8(start), vld1q_u8(start.add(16)), vld1q_u8(start.add(32)), vld1q_u8(start.add(48))] }
}

/// Returns a vector in which byte *i* of each half has only bit *i* set.
#[inline]
#[target_feature(enable = "neon")]
fn own_bits() -> uint8x16_t {
    vreinterpretq_u8_u64(vdupq_n_u64(0x8040_2010_0804_0201))
}

/// Returns a bit for each of 64 bytes, which are all ones or zero. NEON has no instruction for
/// this: each byte keeps only its own bit, and then neighbours are added three times.
#[inline]
#[target_feature(enable = "neon")]
fn joined(flags: Quarters) -> u64 {
    let [first, second, third, fourth] = flags.map(|quarter| vandq_u8(quarter, own_bits()));
    let sum = vpaddq_u8(vpaddq_u8(first, second), vpaddq_u8(third, fourth));
    vgetq_lane_u64::<0>(vreinterpretq_u64_u8(vpaddq_u8(sum, sum)))
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

/// Returns the bytes that are valid after a backslash.
#[inline]
#[target_feature(enable = "neon")]
fn fits_escape(quarter: uint8x16_t) -> uint8x16_t {
    let b_or_r = equal(vorrq_u8(quarter, vdupq_n_u8(B_OR_R)), b'r');
    vorrq_u8(vceqq_u8(quarter, by_lower_half(&ESCAPES, quarter)), b_or_r)
}

#[inline]
#[target_feature(enable = "neon")]
fn hex_digit(quarter: uint8x16_t) -> uint8x16_t {
    let lower_case = vorrq_u8(quarter, vdupq_n_u8(0x20));
    vorrq_u8(digit(quarter), vcltq_u8(vsubq_u8(lower_case, vdupq_n_u8(b'a')), vdupq_n_u8(6)))
}

#[inline]
#[target_feature(enable = "neon")]
fn not_plain(quarter: uint8x16_t) -> uint8x16_t {
    vorrq_u8(unusual(quarter), marks(quarter))
}

/// Returns the controls and the bytes beyond ASCII. As signed numbers they are less than the space.
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

/// Returns the quotes and backslashes.
#[inline]
#[target_feature(enable = "neon")]
fn marks(quarter: uint8x16_t) -> uint8x16_t {
    vceqq_u8(quarter, by_lower_half(&MARKS, quarter))
}

/// Returns for each byte the entry at the index of its low four bits.
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
