//! Escapes, literals and numbers: where they occur, their bytes are checked one by one.

/// Returns the escaped bytes (after an odd number of backslashes), and 1 if the next block's first
/// byte is escaped.
#[inline(always)]
pub(crate) fn unescaped(backslash: u64, first_escaped: u64) -> (u64, u64) {
    const ODD: u64 = 0xaaaa_aaaa_aaaa_aaaa;
    let run = backslash & !first_escaped;
    // In a run of backslashes, the first, third, fifth and so on escape the byte after them. As in
    // simdjson, subtracting the run from the run shifted by one gives alternating bits. Setting the
    // odd bits before the subtraction and flipping them after it makes this right for runs that
    // start at an even or an odd bit.
    let turns = (run << 1 | ODD).wrapping_sub(run) ^ ODD;
    (turns ^ (backslash | first_escaped), (turns & backslash) >> (u64::BITS - 1))
}

/// Returns the bits at which digits must follow the `unicode` bits (each a `u` after a backslash),
/// in this block and in the next. `first` are the bits that the block before requires.
///
/// If a `u` is among the digits of another `u`, some bits are missing, but the bit of the first
/// byte that is not a digit is always there: a `u` is in `unicode` only after a backslash, which is
/// no digit.
#[inline(always)]
pub(crate) fn digits(unicode: u64, first: u64) -> (u64, u64) {
    let digits = u128::from(unicode) * 0b11110;
    (digits as u64 | first, (digits >> u64::BITS) as u64)
}

/// Whether all these bytes of `text` are valid after a backslash. The digits after a `u` are
/// included, even beyond the block.
#[inline(always)]
pub(crate) fn are_escapes(mut escaped: u64, text: &[u8]) -> bool {
    while escaped != 0 {
        let at = escaped.trailing_zeros() as usize;
        escaped &= escaped - 1;
        if escape_len(text.get(at..).unwrap_or_default()).is_none() {
            return false;
        }
    }
    true
}

/// Returns the number of bytes after an escape's backslash, or `None` if they are not a valid
/// escape.
#[inline(always)]
pub(crate) fn escape_len(text: &[u8]) -> Option<usize> {
    match text {
        [b'"' | b'\\' | b'/' | b'b' | b'f' | b'n' | b'r' | b't', ..] => Some(1),
        [b'u', a, b, c, d, ..] if [a, b, c, d].into_iter().all(u8::is_ascii_hexdigit) => Some(5),
        _ => None,
    }
}

/// Checks `letters`: the bytes of numbers and literals that are neither digits nor minus. `starts`
/// has the first bytes of all numbers and literals. Returns
/// - a value other than 0 if there is a fault;
/// - the bits of the next block that belong to the last literal.
#[inline(always)]
pub(crate) fn words(mut letters: u64, starts: u64, text: &[u8]) -> (u64, u64) {
    let mut reaches = 0;
    while letters != 0 {
        let at = letters.trailing_zeros();
        let begin = text.get(at as usize..).unwrap_or_default();
        if starts >> at & 1 == 0 {
            // Literals are removed whole, so this letter is inside a number.
            if !matches!(begin, [b'.' | b'e' | b'E' | b'+', ..]) {
                return (1, 0);
            }
            letters &= letters - 1;
            continue;
        }
        let length = match begin {
            [b'n', b'u', b'l', b'l', after, ..] | [b't', b'r', b'u', b'e', after, ..] if ends_scalar(*after) => 4,
            [b'f', b'a', b'l', b's', b'e', after, ..] if ends_scalar(*after) => 5,
            _ => return (1, 0),
        };
        let word = u128::from((1_u64 << length) - 1) << at;
        letters &= !(word as u64);
        reaches = (word >> 64) as u64;
    }
    (0, reaches)
}

#[inline(always)]
fn ends_scalar(byte: u8) -> bool {
    matches!(byte, b',' | b'}' | b']' | b' ' | b'\n' | b'\r' | b'\t')
}

#[cfg(test)]
mod tests {
    use super::*;
    use proptest::prelude::*;

    /// With more cases, Miri would run for hours.
    const CASES: u32 = if cfg!(miri) { 4 } else { 20_000 };

    proptest! {
        #![proptest_config(ProptestConfig { cases: CASES, failure_persistence: None, ..ProptestConfig::default() })]

        #[test]
        fn what_is_escaped_is_what_counting_says(some in any::<u64>(), more in any::<u64>(), first in 0..2_u64) {
            for backslash in [some, some & more, some | more, some | !(u64::MAX >> (more % 64))] {
                let (mut escaped, mut next) = (0, first);
                for bit in 0..u64::BITS {
                    escaped |= next << bit;
                    next = backslash >> bit & 1 & !next;
                }
                prop_assert_eq!(unescaped(backslash, first), (escaped, next), "{:x}", backslash);
            }
        }

        #[test]
        fn four_digits_follow_each_u(gaps in prop::collection::vec(6..40_u32, 0..10), first in 0..5_u32) {
            let mut unicode = 0;
            let mut at = first + 1;
            for gap in gaps {
                unicode |= 1_u64.checked_shl(at).unwrap_or(0);
                at += gap;
            }
            let first = (1_u64 << first) - 1;
            let expected = (0..u64::BITS).filter(|bit| unicode >> bit & 1 == 1).fold(u128::from(first), |all, bit| {
                all | (1..=4).fold(0, |four, distance| four | 1_u128 << (bit + distance))
            });
            prop_assert_eq!(digits(unicode, first), (expected as u64, (expected >> 64) as u64));
        }
    }
}
