//! The AVX-512 kernel: like AVX2, but 64 bytes at a time inside strings.
//!
//! Outside strings AVX-512 is no faster: the bits are needed at once, and moving them to general
//! registers takes longer.

use super::avx2::Avx2;
use super::block::{BLOCK, Block, EscapeBits, InsideBits, OutsideBits, Shape, TextBits};
use super::vector::{Kernel, Work};
use std::arch::x86_64::*;

/// The bytes that are valid after a backslash, by their low seven bits. In both tables here, an
/// entry for no wanted byte holds a byte with other low bits. So a byte equals its entry if and
/// only if it is wanted.
static ESCAPES: [Block; 2] = [entries(br#""\/bfnrtu"#, 0, 2 * BLOCK), entries(br#""\/bfnrtu"#, BLOCK, 2 * BLOCK)];

/// The hexadecimal digits, by their low six bits.
static DIGITS: Block = entries(b"0123456789abcdefABCDEF", 0, BLOCK);

/// Returns the 64 entries from `from` on of a table of `all` entries. Each of `bytes` is at the
/// index of its low bits.
const fn entries(bytes: &[u8], from: usize, all: usize) -> Block {
    let mut entries = [0; BLOCK];
    if from == 0 {
        entries[0] = 1;
    }
    let mut at = 0;
    while at < bytes.len() {
        let entry = bytes[at] as usize % all;
        if entry >= from && entry - from < BLOCK {
            entries[entry - from] = bytes[at];
        }
        at += 1;
    }
    entries
}

/// Proof that the processor has AVX-512 F, BW, VL and VBMI, and all that [`Avx2`] proves.
#[derive(Clone, Copy, PartialEq, Eq)]
pub(crate) struct Avx512(Avx2);

impl Avx512 {
    /// Returns `None` if the processor lacks one of these features. All processors with VBMI are
    /// newer than those that slow down for AVX-512.
    pub(crate) fn detect() -> Option<Self> {
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
        self.0.inside(block)
    }

    #[inline(always)]
    fn outside(self, block: &Block) -> OutsideBits {
        self.0.outside(block)
    }

    #[inline(always)]
    fn control(self, block: &Block) -> u64 {
        self.0.control(block)
    }

    #[inline(always)]
    fn folded(self, block: &Block, fold: u8, byte: u8) -> u64 {
        self.0.folded(block, fold, byte)
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
        self.0.not_plain(block)
    }

    #[inline(always)]
    fn has_shape(self, block: &Block, shape: &Shape) -> bool {
        self.0.has_shape(block, shape)
    }

    #[inline(always)]
    fn parity(self, bits: u64) -> u64 {
        self.0.parity(bits)
    }

    #[inline(always)]
    fn prefetch(self, block: &[u8]) {
        self.0.prefetch(block);
    }

    // Not on `compiled`: compilers ignore it on a function that enables target features.
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

#[inline]
#[target_feature(enable = "avx512f")]
fn load(block: &Block) -> __m512i {
    // SAFETY: a load, which needs no alignment, of the 64 bytes of `block`.
    unsafe { _mm512_loadu_si512(block.as_ptr().cast()) }
}

#[inline]
#[target_feature(enable = "avx512bw")]
fn equal(bytes: __m512i, byte: u8) -> u64 {
    _mm512_cmpeq_epi8_mask(bytes, _mm512_set1_epi8(byte.cast_signed()))
}

/// Returns the quotes and controls.
#[inline]
#[target_feature(enable = "avx512bw")]
fn ends(bytes: __m512i) -> u64 {
    // With bit 0x02 flipped, these bytes are at most 0x20 (the space), and all other bytes are
    // more.
    _mm512_cmple_epu8_mask(_mm512_xor_si512(bytes, _mm512_set1_epi8(0x02)), _mm512_set1_epi8(0x20))
}
