//! 64 bytes at a time, with AVX-512.

use super::avx2::Avx2;
use super::{Block, EscapeBits, InsideBits, Kernel, OutsideBits, Shape, TextBits, Work};
use std::arch::x86_64::*;

/// By the low seven bits of a byte: what makes an escape behind a backslash. As in all tables here, the other entries hold what no
/// byte with those bits is, so that a comparison with the byte itself finds these and nothing else.
static ESCAPES: [Block; 2] = {
    let all: [u8; 128] = entries(br#""\/bfnrtu"#);
    // SAFETY: as many bytes, and bytes need no alignment.
    unsafe { std::mem::transmute(all) }
};

/// By the low six bits of a byte: hexadecimal digits.
static DIGITS: Block = entries(b"0123456789abcdefABCDEF");

/// A table in which each of `bytes` stands where its low bits say.
const fn entries<const LEN: usize>(bytes: &[u8]) -> [u8; LEN] {
    let mut entries = [0; LEN];
    // Nothing with no bits set is 1.
    entries[0] = 1;
    let mut at = 0;
    while at < bytes.len() {
        entries[bytes[at] as usize % LEN] = bytes[at];
        at += 1;
    }
    entries
}

/// Proof that the processor has AVX-512 for bytes, its permutations of them included, and all that [`Avx2`] proves.
#[derive(Clone, Copy)]
pub(in crate::mask) struct Avx512(Avx2);

impl Avx512 {
    /// `None` where the processor has not what it takes, or would slow down for it: those that do came before the permutations.
    pub(super) fn detect() -> Option<Self> {
        let has = is_x86_feature_detected!("avx512f")
            && is_x86_feature_detected!("avx512bw")
            && is_x86_feature_detected!("avx512vl")
            && is_x86_feature_detected!("avx512vbmi");
        Avx2::detect().filter(|_| has).map(Self)
    }
}

impl Kernel for Avx512 {
    #[inline(always)]
    fn inside(self, block: &Block) -> InsideBits {
        // SAFETY: an `Avx512` exists only where `detect` found the features.
        unsafe {
            let bytes = load(block);
            InsideBits { quote: equal(bytes, b'"'), backslash: equal(bytes, b'\\'), unusual: unusual(bytes) }
        }
    }

    #[inline(always)]
    fn outside(self, block: &Block) -> OutsideBits {
        // SAFETY: an `Avx512` exists only where `detect` found the features.
        unsafe {
            let bytes = load(block);
            // `[` and `{`, `]` and `}` differ in one bit, which no other byte shares.
            let folded = _mm512_or_si512(bytes, _mm512_set1_epi8(0x20));
            let digit = _mm512_sub_epi8(bytes, _mm512_set1_epi8(b'0'.cast_signed()));
            OutsideBits {
                space: _mm512_cmpeq_epi8_mask(bytes, _mm512_shuffle_epi8(table(&super::SPACE), bytes)),
                comma: equal(bytes, b','),
                colon: equal(bytes, b':'),
                open: equal(folded, b'{'),
                close: equal(folded, b'}'),
                number: _mm512_cmple_epu8_mask(digit, _mm512_set1_epi8(9)) | equal(bytes, b'-'),
            }
        }
    }

    #[inline(always)]
    fn control(self, block: &Block) -> u64 {
        // SAFETY: an `Avx512` exists only where `detect` found the features.
        unsafe { _mm512_cmplt_epu8_mask(load(block), _mm512_set1_epi8(0x20)) }
    }

    #[inline(always)]
    fn folded(self, block: &Block, fold: u8, byte: u8) -> u64 {
        // SAFETY: an `Avx512` exists only where `detect` found the features.
        unsafe { equal(_mm512_or_si512(load(block), _mm512_set1_epi8(fold.cast_signed())), byte) }
    }

    #[inline(always)]
    fn text(self, block: &Block) -> TextBits {
        // SAFETY: an `Avx512` exists only where `detect` found the features.
        unsafe {
            let bytes = load(block);
            TextBits { ends: ends(bytes), backslash: equal(bytes, b'\\') }
        }
    }

    #[inline(always)]
    fn escapes(self, block: &Block, _asked: u64) -> EscapeBits {
        // SAFETY: an `Avx512` exists only where `detect` found the features.
        unsafe {
            let bytes = load(block);
            let [low, high] = ESCAPES.each_ref().map(|half| load(half));
            EscapeBits {
                unfit: _mm512_cmpneq_epi8_mask(bytes, _mm512_permutex2var_epi8(low, bytes, high)),
                unicode: equal(bytes, b'u'),
            }
        }
    }

    #[inline(always)]
    fn no_digit(self, block: &Block, _asked: u64) -> u64 {
        // SAFETY: an `Avx512` exists only where `detect` found the features.
        unsafe {
            let bytes = load(block);
            _mm512_cmpneq_epi8_mask(bytes, _mm512_permutexvar_epi8(bytes, load(&DIGITS)))
        }
    }

    #[inline(always)]
    fn not_plain(self, block: &Block) -> u64 {
        // SAFETY: an `Avx512` exists only where `detect` found the features.
        unsafe {
            let bytes = load(block);
            unusual(bytes) | _mm512_cmpeq_epi8_mask(bytes, marks(bytes))
        }
    }

    #[inline(always)]
    fn has_shape(self, block: &Block, shape: &Shape) -> bool {
        // SAFETY: an `Avx512` exists only where `detect` found the features.
        unsafe {
            let bytes = load(block);
            let above = _mm512_sub_epi8(bytes, load(&shape.from));
            let faults = _mm512_cmpgt_epu8_mask(above, load(&shape.span));
            faults | _mm512_mask_cmpeq_epi8_mask(_mm512_movepi8_mask(load(&shape.plain)), bytes, marks(bytes)) == 0
        }
    }

    #[inline(always)]
    fn parity(self, bits: u64) -> u64 {
        self.0.parity(bits)
    }

    #[inline(always)]
    fn prefetch(self, block: &[u8]) {
        self.0.prefetch(block);
    }

    // Here, for on a function with features of its own compilers pass over it.
    #[inline(never)]
    fn run<W: Work>(self, work: W) -> W::Output {
        #[target_feature(enable = "avx512f,avx512bw,avx512vl,avx512vbmi,avx2,pclmulqdq,bmi1,bmi2,popcnt,lzcnt")]
        fn compiled<W: Work>(kernel: Avx512, work: W) -> W::Output {
            work.run(kernel)
        }
        // SAFETY: an `Avx512` exists only where `detect` found the features.
        unsafe { compiled(self, work) }
    }
}

/// # Safety
/// The processor must have AVX-512F.
#[inline(always)]
unsafe fn load(block: &Block) -> __m512i {
    // SAFETY: an unaligned load of the 64 bytes of `block`; the caller vouches for AVX-512F.
    unsafe { _mm512_loadu_si512(block.as_ptr().cast()) }
}

/// # Safety
/// The processor must have AVX-512BW.
#[inline(always)]
unsafe fn equal(bytes: __m512i, byte: u8) -> u64 {
    // SAFETY: the caller vouches for AVX-512BW.
    unsafe { _mm512_cmpeq_epi8_mask(bytes, _mm512_set1_epi8(byte.cast_signed())) }
}

/// Quotes and controls.
///
/// # Safety
/// The processor must have AVX-512BW.
#[inline(always)]
unsafe fn ends(bytes: __m512i) -> u64 {
    // With this bit flipped they, and nothing else, are at most the space.
    // SAFETY: the caller vouches for AVX-512BW.
    unsafe { _mm512_cmple_epu8_mask(_mm512_xor_si512(bytes, _mm512_set1_epi8(0x02)), _mm512_set1_epi8(0x20)) }
}

/// Controls and what is not ASCII, which as signed numbers are below the space.
///
/// # Safety
/// The processor must have AVX-512BW.
#[inline(always)]
unsafe fn unusual(bytes: __m512i) -> u64 {
    // SAFETY: the caller vouches for AVX-512BW.
    unsafe { _mm512_cmplt_epi8_mask(bytes, _mm512_set1_epi8(0x20)) }
}

/// By each byte's low half.
///
/// # Safety
/// The processor must have AVX-512F.
#[inline(always)]
unsafe fn table(entries: &[u8; 16]) -> __m512i {
    // SAFETY: an unaligned load of the 16 bytes of `entries`; the caller vouches for AVX-512F.
    unsafe { _mm512_broadcast_i32x4(_mm_loadu_si128(entries.as_ptr().cast())) }
}

/// What quotes and backslashes are equal to, and nothing else is.
///
/// # Safety
/// The processor must have AVX-512BW.
#[inline(always)]
unsafe fn marks(bytes: __m512i) -> __m512i {
    // SAFETY: the caller vouches for AVX-512BW.
    unsafe { _mm512_shuffle_epi8(table(&super::MARKS), bytes) }
}
