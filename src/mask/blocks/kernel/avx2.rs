//! 32 bytes at a time, with AVX2 and carry-less multiplication.

use super::{BLOCK, Block, EscapeBits, InsideBits, Kernel, OutsideBits, Shape, TextBits, Work};
use std::arch::x86_64::*;

/// Proof that the processor has AVX2, PCLMULQDQ, BMI1 and BMI2.
#[derive(Clone, Copy)]
pub(in crate::mask) struct Avx2(());

impl Avx2 {
    /// `None` where the processor has not what it takes.
    pub(super) fn detect() -> Option<Self> {
        let has = is_x86_feature_detected!("avx2")
            && is_x86_feature_detected!("pclmulqdq")
            && is_x86_feature_detected!("bmi1")
            && is_x86_feature_detected!("bmi2");
        has.then_some(Self(()))
    }

    /// Does `work` compiled for this processor.
    #[inline]
    pub(super) fn run<W: Work>(self, work: W) -> W::Output {
        #[target_feature(enable = "avx2,pclmulqdq,bmi1,bmi2,popcnt,lzcnt")]
        fn compiled<W: Work>(kernel: Avx2, work: W) -> W::Output {
            work.run(kernel)
        }
        // SAFETY: an `Avx2` exists only where `detect` found the features.
        unsafe { compiled(self, work) }
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
            // `[` and `{`, `]` and `}` differ in one bit, which no other byte shares.
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
            // With this bit flipped the quote and the controls, and nothing else, are at most the space.
            let flip = _mm256_set1_epi8(0x02);
            TextBits {
                ends: joined(at_most(_mm256_xor_si256(low, flip), 0x20), at_most(_mm256_xor_si256(high, flip), 0x20)),
                backslash: joined(equal(low, b'\\'), equal(high, b'\\')),
            }
        }
    }

    #[inline(always)]
    fn escapes(self, block: &Block) -> EscapeBits {
        // SAFETY: an `Avx2` exists only where `detect` found the features.
        unsafe {
            let (low, high) = load(block);
            EscapeBits {
                known: joined(escape_class(low, 0x0f), escape_class(high, 0x0f)),
                unicode: joined(equal(low, b'u'), equal(high, b'u')),
            }
        }
    }

    #[inline(always)]
    fn hex(self, block: &Block) -> u64 {
        // SAFETY: an `Avx2` exists only where `detect` found the features.
        unsafe {
            let (low, high) = load(block);
            joined(escape_class(low, 0x30), escape_class(high, 0x30))
        }
    }

    #[inline(always)]
    fn not_plain(self, block: &Block) -> u64 {
        // SAFETY: an `Avx2` exists only where `detect` found the features.
        unsafe {
            let (low, high) = load(block);
            let special = |half| {
                let marks = _mm256_or_si256(equal(half, b'"'), equal(half, b'\\'));
                _mm256_or_si256(unusual(half), marks)
            };
            joined(special(low), special(high))
        }
    }

    #[inline(always)]
    fn shape(self, block: &Block, compared: u64, inside: u64) -> Shape {
        let mut shape = Shape { bytes: [0; BLOCK], compared: [0; BLOCK], inside };
        // SAFETY: an `Avx2` exists only where `detect` found the features; all stores are within the 64 bytes of their arrays.
        unsafe {
            let (low, high) = load(block);
            let compared = (spread(compared as u32), spread((compared >> 32) as u32));
            store(&mut shape.compared, compared);
            let bytes = (without_digits(low), without_digits(high));
            store(&mut shape.bytes, (_mm256_and_si256(bytes.0, compared.0), _mm256_and_si256(bytes.1, compared.1)));
        }
        shape
    }

    #[inline(always)]
    fn has_shape(self, block: &Block, shape: &Shape) -> bool {
        // SAFETY: an `Avx2` exists only where `detect` found the features.
        unsafe {
            let ((low, high), bytes, compared) = (load(block), load(&shape.bytes), load(&shape.compared));
            let low = _mm256_and_si256(_mm256_xor_si256(without_digits(low), bytes.0), compared.0);
            let high = _mm256_and_si256(_mm256_xor_si256(without_digits(high), bytes.1), compared.1);
            let differ = _mm256_or_si256(low, high);
            _mm256_testz_si256(differ, differ) == 1 && self.not_plain(block) & shape.inside == 0
        }
    }

    #[inline(always)]
    fn parity(self, bits: u64) -> u64 {
        // SAFETY: an `Avx2` exists only where `detect` found the features.
        unsafe { super::parity_by_multiplication(bits) }
    }
}

/// # Safety
/// The processor must have AVX2.
#[inline(always)]
unsafe fn load(block: &Block) -> (__m256i, __m256i) {
    let start = block.as_ptr().cast::<__m256i>();
    // SAFETY: both unaligned loads are within the 64 bytes of `block`; the caller vouches for AVX2.
    unsafe { (_mm256_loadu_si256(start), _mm256_loadu_si256(start.add(1))) }
}

/// # Safety
/// The processor must have AVX2.
#[inline(always)]
unsafe fn store(block: &mut Block, (low, high): (__m256i, __m256i)) {
    let start = block.as_mut_ptr().cast::<__m256i>();
    // SAFETY: both unaligned stores are within the 64 bytes of `block`; the caller vouches for AVX2.
    unsafe {
        _mm256_storeu_si256(start, low);
        _mm256_storeu_si256(start.add(1), high);
    }
}

/// The top bits of 64 bytes.
///
/// # Safety
/// The processor must have AVX2.
#[inline(always)]
unsafe fn joined(low: __m256i, high: __m256i) -> u64 {
    // SAFETY: the caller vouches for AVX2.
    let (low, high) = unsafe { (_mm256_movemask_epi8(low), _mm256_movemask_epi8(high)) };
    u64::from(low.cast_unsigned()) | u64::from(high.cast_unsigned()) << 32
}

/// # Safety
/// The processor must have AVX2.
#[inline(always)]
unsafe fn equal(half: __m256i, byte: u8) -> __m256i {
    // SAFETY: the caller vouches for AVX2.
    unsafe { _mm256_cmpeq_epi8(half, _mm256_set1_epi8(byte.cast_signed())) }
}

/// Controls and what is not ASCII, which as signed numbers are below the space.
///
/// # Safety
/// The processor must have AVX2.
#[inline(always)]
unsafe fn unusual(half: __m256i) -> __m256i {
    // SAFETY: the caller vouches for AVX2.
    unsafe { _mm256_cmpgt_epi8(_mm256_set1_epi8(0x20), half) }
}

/// # Safety
/// The processor must have AVX2.
#[inline(always)]
unsafe fn at_most(half: __m256i, byte: i8) -> __m256i {
    // SAFETY: the caller vouches for AVX2.
    unsafe { _mm256_cmpeq_epi8(_mm256_min_epu8(half, _mm256_set1_epi8(byte)), half) }
}

/// Which bytes are of any of these classes: see [`super::ESCAPE_LOW`].
///
/// # Safety
/// The processor must have AVX2.
#[inline(always)]
unsafe fn escape_class(half: __m256i, classes: i8) -> __m256i {
    // SAFETY: the caller vouches for AVX2.
    unsafe {
        let upper = _mm256_and_si256(_mm256_srli_epi16::<4>(half), _mm256_set1_epi8(0x0f));
        let by_lower = _mm256_shuffle_epi8(table(&super::ESCAPE_LOW), half);
        let class = _mm256_and_si256(by_lower, _mm256_shuffle_epi8(table(&super::ESCAPE_HIGH), upper));
        _mm256_cmpgt_epi8(_mm256_and_si256(class, _mm256_set1_epi8(classes)), _mm256_setzero_si256())
    }
}

/// # Safety
/// The processor must have AVX2.
#[inline(always)]
unsafe fn table(entries: &[u8; 16]) -> __m256i {
    // SAFETY: an unaligned load of the 16 bytes of `entries`; the caller vouches for AVX2.
    unsafe { _mm256_broadcastsi128_si256(_mm_loadu_si128(entries.as_ptr().cast())) }
}

/// # Safety
/// The processor must have AVX2.
#[inline(always)]
unsafe fn space(half: __m256i) -> __m256i {
    // SAFETY: the caller vouches for AVX2.
    unsafe { _mm256_cmpeq_epi8(half, _mm256_shuffle_epi8(table(&super::SPACE), half)) }
}

/// Digits and the minus.
///
/// # Safety
/// The processor must have AVX2.
#[inline(always)]
unsafe fn number(half: __m256i) -> __m256i {
    // SAFETY: the caller vouches for AVX2.
    unsafe {
        let digit = _mm256_sub_epi8(half, _mm256_set1_epi8(b'0'.cast_signed()));
        let digit = _mm256_cmpeq_epi8(_mm256_min_epu8(digit, _mm256_set1_epi8(9)), digit);
        _mm256_or_si256(digit, equal(half, b'-'))
    }
}

/// # Safety
/// The processor must have AVX2.
#[inline(always)]
unsafe fn without_digits(half: __m256i) -> __m256i {
    // SAFETY: the caller vouches for AVX2.
    unsafe {
        let value = _mm256_sub_epi8(half, _mm256_set1_epi8(b'0'.cast_signed()));
        let digit = _mm256_cmpeq_epi8(_mm256_min_epu8(value, _mm256_set1_epi8(9)), value);
        _mm256_blendv_epi8(half, _mm256_set1_epi8(b'0'.cast_signed()), digit)
    }
}

/// All ones in each byte whose bit is set.
///
/// # Safety
/// The processor must have AVX2.
#[inline(always)]
unsafe fn spread(bits: u32) -> __m256i {
    // SAFETY: the caller vouches for AVX2.
    unsafe {
        let own = _mm256_setr_epi64x(0, 0x0101_0101_0101_0101, 0x0202_0202_0202_0202, 0x0303_0303_0303_0303);
        let byte = _mm256_shuffle_epi8(_mm256_set1_epi32(bits.cast_signed()), own);
        let bit = _mm256_set1_epi64x(0x8040_2010_0804_0201_u64.cast_signed());
        _mm256_cmpeq_epi8(_mm256_and_si256(byte, bit), bit)
    }
}
