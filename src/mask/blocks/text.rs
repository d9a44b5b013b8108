//! Passes over strings that are neither keys nor masked: the long way of most texts.

use super::bits::{BLOCK, EscapeBits, TextBits};
use super::kernel::Kernel;
use super::spelling::{escape_len, unescaped};

/// The place up to which the string in which `at` lies passes: where it ends, or something is unusual, or the chunk nearly ends. No
/// escape reaches across it.
///
/// Escapes are checked all together, for to go from one to the next costs a mispredicted branch for each.
#[inline(always)]
pub(super) fn pass_string<K: Kernel>(kernel: K, chunk: &[u8], mut at: usize) -> usize {
    let mut escaped = 0;
    // Where one block has escapes the next is likely to: to expect them there is cheaper than to be surprised by every other.
    let mut before = 0;
    while let Some((text, block)) = chunk.get(at..).and_then(|text| Some((text, text.first_chunk()?))) {
        let TextBits { ends, backslash } = kernel.text(block);
        if backslash | before | escaped == 0 {
            if ends != 0 {
                return at + ends.trailing_zeros() as usize;
            }
            at += BLOCK;
            continue;
        }
        before = backslash;
        let (escapes, next_escaped) = unescaped(backslash, escaped);
        let ends = ends & !escapes;
        let EscapeBits { known, unicode } = kernel.escapes(block);
        let mut faults = escapes & !known;
        let unicode = escapes & unicode;
        if unicode != 0 {
            faults |= unicode & !followed_by_digits(kernel.hex(block));
            // The digits of one that stands too near the block's end are in the next.
            let cut = unicode & 0xf << (BLOCK - 4);
            if cut != 0 && text.get(cut.trailing_zeros() as usize..).and_then(escape_len).is_some() {
                faults &= !cut;
            }
        }
        // All before the end.
        let before_end = ends.wrapping_sub(1) & !ends;
        if faults & before_end != 0 {
            break;
        }
        if ends != 0 {
            return at + ends.trailing_zeros() as usize;
        }
        at += BLOCK;
        escaped = next_escaped;
    }
    // With the backslash, if there is one.
    at - escaped as usize
}

/// Behind which bytes there are four digits.
#[inline(always)]
fn followed_by_digits(hex: u64) -> u64 {
    let two = hex >> 1 & hex >> 2;
    two & two >> 2
}
