//! How escapes, literals and numbers are spelt: what is looked at byte by byte, where it occurs.

/// Which bytes are escaped, that is, stand behind an odd number of backslashes; and whether the next block's first is.
#[inline(always)]
pub(super) fn unescaped(backslash: u64, first_escaped: u64) -> (u64, u64) {
    // An escaped backslash escapes nothing. In a run of them that begins at an odd bit the odd and even bits change places: such runs
    // are found by adding them up from their begin, which leaves a one behind them.
    const EVEN: u64 = 0x5555_5555_5555_5555;
    let backslash = backslash & !first_escaped;
    let follows = backslash << 1 | first_escaped;
    let odd_starts = backslash & !EVEN & !follows;
    let (sum, carried) = odd_starts.overflowing_add(backslash);
    ((EVEN ^ (sum << 1)) & follows, u64::from(carried))
}

/// Whether all these bytes of `text` stand rightly behind a backslash. What follows a `u` is read at once, though it reach beyond
/// the block.
#[inline(always)]
pub(super) fn are_escapes(mut escaped: u64, text: &[u8]) -> bool {
    while escaped != 0 {
        let at = escaped.trailing_zeros() as usize;
        escaped &= escaped - 1;
        if escape_len(text.get(at..).unwrap_or_default()).is_none() {
            return false;
        }
    }
    true
}

/// Bytes that make up what stands behind a backslash.
#[inline(always)]
pub(super) fn escape_len(text: &[u8]) -> Option<usize> {
    match text {
        [b'"' | b'\\' | b'/' | b'b' | b'f' | b'n' | b'r' | b't', ..] => Some(1),
        [b'u', a, b, c, d, ..] if [a, b, c, d].into_iter().all(u8::is_ascii_hexdigit) => Some(5),
        _ => None,
    }
}

/// Checks what is no digit or minus in numbers and literals: something other than 0 if there is a fault, and the bits of the next block
/// that a literal reaches into. `starts` are the first bytes of all numbers and literals.
#[inline(always)]
pub(super) fn words(mut letters: u64, starts: u64, text: &[u8]) -> (u64, u64) {
    let mut reaches = 0;
    while letters != 0 {
        let at = letters.trailing_zeros();
        let begin = text.get(at as usize..).unwrap_or_default();
        if starts >> at & 1 == 0 {
            // Literals are taken whole, so this is in a number.
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
