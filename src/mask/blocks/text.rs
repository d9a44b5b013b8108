//! Passes over strings that are neither keys nor masked: the long way of most texts.

use super::bits::{BLOCK, TextBits, padded_block};
use super::kernel::{Kernel, Work};
use super::spelling::unescaped;

/// The work of passing over the string in which `at` lies, as far as it passes: to where it ends, or something is unusual, or the
/// chunk nearly ends. No escape reaches across that place.
pub(super) struct PassString<'a> {
    pub(super) chunk: &'a [u8],
    pub(super) at: usize,
}

impl Work for PassString<'_> {
    /// The place.
    type Output = usize;

    #[inline(always)]
    fn run<K: Kernel>(self, kernel: K) -> usize {
        let Self { chunk, mut at } = self;
        while let Some(block) = chunk.get(at..).and_then(<[u8]>::first_chunk) {
            kernel.prefetch(block);
            let TextBits { ends, backslash } = kernel.text(block);
            let stop = (ends | backslash).trailing_zeros();
            if stop < u64::BITS {
                at += stop as usize;
                return if backslash >> stop & 1 == 1 { PassEscapes { chunk, at }.run(kernel) } else { at };
            }
            at += BLOCK;
        }
        at
    }
}

/// The same for a string that has an escape at `at`.
///
/// It goes on from block to block without looking at what is escaped, which is checked for many blocks at once: to go from one escape
/// to the next in each block costs a mispredicted branch for nearly every block.
struct PassEscapes<'a> {
    chunk: &'a [u8],
    at: usize,
}

impl Work for PassEscapes<'_> {
    type Output = usize;

    #[inline(always)]
    fn run<K: Kernel>(self, kernel: K) -> usize {
        let Self { chunk, mut at } = self;
        let mut noted = Noted { places: [0; NOTED], count: 0 };
        // Up to here all is checked.
        let mut sound_to = at;
        let mut escaped = 0;
        while let Some(block) = chunk.get(at..).and_then(<[u8]>::first_chunk) {
            kernel.prefetch(block);
            let TextBits { ends, backslash } = kernel.text(block);
            let (escapes, next_escaped) = unescaped(backslash, escaped);
            let ends = ends & !escapes;
            noted.add(at, escapes & ends.wrapping_sub(1) & !ends);
            if ends != 0 || noted.is_full() {
                if !noted.are_sound(chunk) {
                    return sound_to;
                }
                if ends != 0 {
                    return at + ends.trailing_zeros() as usize;
                }
                // A backslash at the block's end is left to the next check.
                sound_to = at + BLOCK - next_escaped as usize;
            }
            at += BLOCK;
            escaped = next_escaped;
        }
        if noted.are_sound(chunk) { at - escaped as usize } else { sound_to }
    }
}

/// Most places that are noted: not many, for they are set up for every string with escapes.
const NOTED: usize = BLOCK;

/// Most escapes in a block.
const ESCAPES: usize = BLOCK / 2;

/// Escapes that were seen and are to be checked, by the places of what stands behind the backslash.
struct Noted {
    places: [usize; NOTED],
    count: usize,
}

impl Noted {
    /// Takes those of the block at `at`.
    #[inline(always)]
    fn add(&mut self, at: usize, mut escapes: u64) {
        let Some(places) = self.places.get_mut(self.count..).and_then(<[usize]>::first_chunk_mut::<ESCAPES>) else {
            // Never, where [`Self::is_full`] is asked first. What was not noted must not count as sound.
            self.count = usize::MAX;
            return;
        };
        self.count += escapes.count_ones() as usize;
        // Two are written whether there are any or not: more are rare, and not to ask is cheaper.
        let (first, others) = places.split_at_mut(2);
        for place in first {
            *place = at + escapes.trailing_zeros() as usize;
            escapes &= escapes.wrapping_sub(1);
        }
        for place in others {
            if escapes == 0 {
                break;
            }
            *place = at + escapes.trailing_zeros() as usize;
            escapes &= escapes - 1;
        }
    }

    /// Whether there may be no room for another block's.
    #[inline(always)]
    fn is_full(&self) -> bool {
        self.count > NOTED - ESCAPES
    }

    /// Whether all are escapes, and end in this chunk. They are forgotten.
    #[inline(always)]
    fn are_sound(&mut self, chunk: &[u8]) -> bool {
        let Some(noted) = self.places.get(..self.count) else { return false };
        self.count = 0;
        // First all, then those with digits: which kind comes next cannot be foreseen, so nothing branches on it.
        let (mut kinds, mut digits) = (ESCAPE, HEX);
        let (mut unicode, mut count) = ([0; NOTED], 0);
        for &place in noted {
            let Some(&byte) = chunk.get(place) else { return false };
            let kind = KINDS[usize::from(byte)];
            kinds &= kind;
            unicode[count % NOTED] = place;
            count += usize::from(kind & UNICODE != 0);
        }
        for &place in unicode.iter().take(count) {
            let Some(four) = chunk.get(place + 1..).and_then(<[u8]>::first_chunk::<4>) else { return false };
            digits = four.iter().fold(digits, |digits, digit| digits & KINDS[usize::from(*digit)]);
        }
        kinds & ESCAPE != 0 && digits & HEX != 0
    }
}

/// Makes an escape.
const ESCAPE: u8 = 1;
/// Makes one with four digits.
const UNICODE: u8 = 2;
/// Is such a digit.
const HEX: u8 = 4;

/// What each byte is of these.
const KINDS: [u8; 256] = {
    let mut kinds = [0; 256];
    let mut byte = 0;
    while byte < kinds.len() {
        kinds[byte] = match byte as u8 {
            b'b' | b'f' => ESCAPE | HEX,
            b'"' | b'\\' | b'/' | b'n' | b'r' | b't' => ESCAPE,
            b'u' => ESCAPE | UNICODE,
            b'0'..=b'9' | b'a'..=b'f' | b'A'..=b'F' => HEX,
            _ => 0,
        };
        byte += 1;
    }
    kinds
};

/// The bytes up to the quote that ends the string in which `text` begins, if all of them are ASCII and stand for themselves.
#[inline(always)]
pub(super) fn plain_string<K: Kernel>(kernel: K, text: &[u8]) -> Option<&[u8]> {
    let mut at = 0;
    loop {
        let rest = text.get(at..)?;
        let padded;
        let block = match rest.first_chunk() {
            Some(block) => block,
            None => {
                padded = padded_block(rest);
                &padded
            }
        };
        let stops = kernel.not_plain(block);
        if stops != 0 {
            let (inside, behind) = text.split_at_checked(at + stops.trailing_zeros() as usize)?;
            return (behind.first() == Some(&b'"')).then_some(inside);
        }
        at += BLOCK;
    }
}
