//! The AVX2 kernel: 32 bytes at a time, and carry-less multiplication.

use super::block::{Block, EscapeBits, InsideBits, OutsideBits, Shape, TextBits};
use super::tables::{B_OR_R, ESCAPES, MARKS, SPACE};
use super::vector::{Kernel, Work};
use std::arch::x86_64::*;

/// The distance in bytes from a block to the bytes that it prefetches. They are past the end of the
/// page, where the processor's own prefetcher stops.
#[cfg(not(miri))]
const AHEAD: usize = 1536;

/// Proof that the processor has AVX2, PCLMULQDQ, BMI1, BMI2, POPCNT and LZCNT.
#[derive(Clone, Copy, PartialEq, Eq)]
pub(crate) struct Avx2(());

impl Avx2 {
    /// Returns `None` if the processor lacks one of these features.
    pub(crate) fn detect() -> Option<Self> {
        let has = is_x86_feature_detected!("avx2")
            && is_x86_feature_detected!("pclmulqdq")
            && is_x86_feature_detected!("bmi1")
            && is_x86_feature_detected!("bmi2")
            && is_x86_feature_detected!("popcnt")
            && is_x86_feature_detected!("lzcnt");
        has.then_some(Self(()))
    }
}

impl Kernel for Avx2 {
    #[inline(always)]
    fn inside(self, block: &Block) -> InsideBits {
        // SAFETY: an `Avx2` exists only where `detect` found the features.
        unsafe {
            let (low, high) = load(block);
            InsideBits {
                quote: joined(equal(low, b'"'), equal(high, b'"')),
                backslash: joined(equal(low, b'\\'), equal(high, b'\\')),
                unusual: joined(unusual(low), unusual(high)),
            }
        }
    }

    #[inline(always)]
    fn outside(self, block: &Block) -> OutsideBits {
        // SAFETY: an `Avx2` exists only where `detect` found the features.
        unsafe {
            let (low, high) = load(block);
            // `[` and `{` differ only in bit 0x20, and so do `]` and `}`. With the bit set, no
            // other byte equals `{` or `}`.
            let case = _mm256_set1_epi8(0x20);
            let (folded_low, folded_high) = (_mm256_or_si256(low, case), _mm256_or_si256(high, case));
            OutsideBits {
                space: joined(space(low), space(high)),
                comma: joined(equal(low, b','), equal(high, b',')),
                colon: joined(equal(low, b':'), equal(high, b':')),
                open: joined(equal(folded_low, b'{'), equal(folded_high, b'{')),
                close: joined(equal(folded_low, b'}'), equal(folded_high, b'}')),
                number: joined(number(low), number(high)),
            }
        }
    }

    #[inline(always)]
    fn control(self, block: &Block) -> u64 {
        // SAFETY: an `Avx2` exists only where `detect` found the features.
        unsafe {
            let (low, high) = load(block);
            joined(at_most(low, 0x1f), at_most(high, 0x1f))
        }
    }

    #[inline(always)]
    fn folded(self, block: &Block, fold: u8, byte: u8) -> u64 {
        // SAFETY: an `Avx2` exists only where `detect` found the features.
        unsafe {
            let (low, high) = load(block);
            let fold = _mm256_set1_epi8(fold.cast_signed());
            joined(equal(_mm256_or_si256(low, fold), byte), equal(_mm256_or_si256(high, fold), byte))
        }
    }

    #[inline(always)]
    fn text(self, block: &Block) -> TextBits {
        // SAFETY: an `Avx2` exists only where `detect` found the features.
        unsafe {
            let (low, high) = load(block);
            // With bit 0x02 flipped, the quote and the controls are at most 0x20 (the space), and
            // all other bytes are more.
            let flip = _mm256_set1_epi8(0x02);
            TextBits {
                ends: joined(at_most(_mm256_xor_si256(low, flip), 0x20), at_most(_mm256_xor_si256(high, flip), 0x20)),
                backslash: joined(equal(low, b'\\'), equal(high, b'\\')),
            }
        }
    }

    #[inline(always)]
    fn escapes(self, block: &Block, _asked: u64) -> EscapeBits {
        // SAFETY: an `Avx2` exists only where `detect` found the features.
        unsafe {
            let (low, high) = load(block);
            EscapeBits {
                unfit: !joined(fits_escape(low), fits_escape(high)),
                unicode: joined(equal(low, b'u'), equal(high, b'u')),
            }
        }
    }

    #[inline(always)]
    fn no_digit(self, block: &Block, _asked: u64) -> u64 {
        // SAFETY: an `Avx2` exists only where `detect` found the features.
        unsafe {
            let (low, high) = load(block);
            !joined(hex_digit(low), hex_digit(high))
        }
    }

    #[inline(always)]
    fn not_plain(self, block: &Block) -> u64 {
        // SAFETY: an `Avx2` exists only where `detect` found the features.
        unsafe {
            let (low, high) = load(block);
            let special = |half| _mm256_or_si256(unusual(half), marks(half));
            joined(special(low), special(high))
        }
    }

    #[inline(always)]
    fn has_shape(self, block: &Block, shape: &Shape) -> bool {
        // SAFETY: an `Avx2` exists only where `detect` found the features.
        unsafe {
            let (bytes, from, span, plain) = (load(block), load(&shape.from), load(&shape.span), load(&shape.plain));
            let faults = |half, from, span, plain| {
                let above = _mm256_subs_epu8(_mm256_sub_epi8(half, from), span);
                _mm256_or_si256(above, _mm256_and_si256(marks(half), plain))
            };
            let faults =
                _mm256_or_si256(faults(bytes.0, from.0, span.0, plain.0), faults(bytes.1, from.1, span.1, plain.1));
            _mm256_testz_si256(faults, faults) == 1
        }
    }

    #[inline(always)]
    fn parity(self, bits: u64) -> u64 {
        // SAFETY: an `Avx2` exists only where `detect` found the features.
        unsafe { parity(bits) }
    }

    #[cfg(not(miri))]
    #[inline(always)]
    fn prefetch(self, block: &[u8]) {
        // SAFETY: nothing is read, so any address will do.
        unsafe { _mm_prefetch::<_MM_HINT_T0>(block.as_ptr().wrapping_add(AHEAD).cast()) }
    }

    // Not on `compiled`: compilers ignore it on a function that enables target features.
    #[inline(never)]
    fn run<W: Work>(self, work: W) -> W::Output {
        #[target_feature(enable = "avx2,pclmulqdq,bmi1,bmi2,popcnt,lzcnt")]
        fn compiled<W: Work>(kernel: Avx2, work: W) -> W::Output {
            work.run(kernel)
        }
        // SAFETY: an `Avx2` exists only where `detect` found the features.
        unsafe { compiled(self, work) }
    }
}

#[inline]
#[target_feature(enable = "avx2")]
fn load(block: &Block) -> (__m256i, __m256i) {
    let start = block.as_ptr().cast::<__m256i>();
    // SAFETY: both loads, which need no alignment, are within the 64 bytes of `block`.
    unsafe { (_mm256_loadu_si256(start), _mm256_loadu_si256(start.add(1))) }
}

/// Returns the top bit of each of the 64 bytes.
#[inline]
#[target_feature(enable = "avx2")]
fn joined(low: __m256i, high: __m256i) -> u64 {
    let [low, high] = [low, high].map(|half| u64::from(_mm256_movemask_epi8(half).cast_unsigned()));
    low | high << 32
}

#[inline]
#[target_feature(enable = "avx2")]
fn equal(half: __m256i, byte: u8) -> __m256i {
    _mm256_cmpeq_epi8(half, _mm256_set1_epi8(byte.cast_signed()))
}

/// Returns the controls and the bytes beyond ASCII. As signed numbers they are less than the space.
#[inline]
#[target_feature(enable = "avx2")]
fn unusual(half: __m256i) -> __m256i {
    _mm256_cmpgt_epi8(_mm256_set1_epi8(0x20), half)
}

#[inline]
#[target_feature(enable = "avx2")]
fn at_most(half: __m256i, byte: i8) -> __m256i {
    _mm256_cmpeq_epi8(_mm256_min_epu8(half, _mm256_set1_epi8(byte)), half)
}

/// Returns for each ASCII byte the entry at the index of its low four bits, and 0 for other bytes.
#[inline]
#[target_feature(enable = "avx2")]
fn by_low_half(entries: &[u8; 16], half: __m256i) -> __m256i {
    // SAFETY: a load, which needs no alignment, of the 16 bytes of `entries`.
    let entries = unsafe { _mm_loadu_si128(entries.as_ptr().cast()) };
    _mm256_shuffle_epi8(_mm256_broadcastsi128_si256(entries), half)
}

#[inline]
#[target_feature(enable = "avx2")]
fn space(half: __m256i) -> __m256i {
    _mm256_cmpeq_epi8(half, by_low_half(&SPACE, half))
}

/// Returns the digits and the minus.
#[inline]
#[target_feature(enable = "avx2")]
fn number(half: __m256i) -> __m256i {
    let digit = _mm256_sub_epi8(half, _mm256_set1_epi8(b'0'.cast_signed()));
    _mm256_or_si256(at_most(digit, 9), equal(half, b'-'))
}

/// Returns the quotes and backslashes.
#[inline]
#[target_feature(enable = "avx2")]
fn marks(half: __m256i) -> __m256i {
    _mm256_cmpeq_epi8(half, by_low_half(&MARKS, half))
}

/// Returns the bytes that are valid after a backslash.
#[inline]
#[target_feature(enable = "avx2")]
fn fits_escape(half: __m256i) -> __m256i {
    let b_or_r = _mm256_or_si256(half, _mm256_set1_epi8(B_OR_R.cast_signed()));
    _mm256_or_si256(_mm256_cmpeq_epi8(half, by_low_half(&ESCAPES, half)), equal(b_or_r, b'r'))
}

#[inline]
#[target_feature(enable = "avx2")]
fn hex_digit(half: __m256i) -> __m256i {
    // Returns the bytes in `from..from + count`, by one signed comparison: the addition moves
    // `from` to the smallest signed number.
    let first = |bytes, from: u8, count: i8| {
        let moved = _mm256_add_epi8(bytes, _mm256_set1_epi8(0x80_u8.wrapping_sub(from).cast_signed()));
        _mm256_cmpgt_epi8(_mm256_set1_epi8(i8::MIN + count), moved)
    };
    let lower_case = _mm256_or_si256(half, _mm256_set1_epi8(0x20));
    _mm256_or_si256(first(half, b'0', 10), first(lower_case, b'a', 6))
}

/// Returns the parity of the bits up to each bit, by carry-less multiplication with all ones.
#[inline]
#[target_feature(enable = "pclmulqdq,sse2")]
fn parity(bits: u64) -> u64 {
    let product = _mm_clmulepi64_si128::<0>(_mm_cvtsi64_si128(bits.cast_signed()), _mm_set1_epi8(-1));
    _mm_cvtsi128_si64(product).cast_unsigned()
}
