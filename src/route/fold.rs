//! How a literal segment of a template is compared with a segment of a path.
//!
//! Letter case is ignored, and so is every ASCII byte that is neither a letter nor a digit: CherryPy's default dispatcher takes any
//! punctuation for `_`, Zend Framework 1 drops it from the names of controllers and actions. It is done here, where two segments are
//! compared, and not as one more reading of a path: `-`, `_` and `~` are in most paths, which must stay cheap.

/// The letters and digits of a segment, in lower case, and every byte beyond ASCII as it is. A segment of punctuation alone is `-`.
pub(super) fn folded(segment: &[u8]) -> impl Iterator<Item = u8> {
    let mut kept = segment.iter().map(|&byte| FOLD[usize::from(byte)]).filter(|&byte| byte != DROPPED).peekable();
    let placeholder = (kept.peek().is_none() && !segment.is_empty()).then_some(b'-');
    kept.chain(placeholder)
}

/// Whether two segments are the same literal.
pub(super) fn is_same(one: &[u8], other: &[u8]) -> bool {
    one == other || folded(one).eq(folded(other))
}

/// The same number for all segments that are the same literal.
pub(super) fn hash(segment: &[u8]) -> u64 {
    let mut hash = OFFSET;
    for &byte in segment {
        let byte = FOLD[usize::from(byte)];
        if byte != DROPPED {
            hash = (hash ^ u64::from(byte)).wrapping_mul(PRIME);
        }
    }
    if hash == OFFSET && !segment.is_empty() { (hash ^ u64::from(b'-')).wrapping_mul(PRIME) } else { hash }
}

/// FNV-1a of 64 bits. An index compares the literal too, so that it need not resist those who look for collisions.
const OFFSET: u64 = 0xcbf2_9ce4_8422_2325;
const PRIME: u64 = 0x0000_0100_0000_01b3;

/// No byte folds to NUL but itself, and no path that is matched holds one.
const DROPPED: u8 = 0;

const FOLD: [u8; 256] = {
    let mut table = [DROPPED; 256];
    let mut byte = 0;
    while byte < 256 {
        let one = byte as u8;
        if !one.is_ascii() || one.is_ascii_alphanumeric() {
            table[byte] = one.to_ascii_lowercase();
        }
        byte += 1;
    }
    table
};

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn case_and_punctuation_make_no_difference_to_a_literal() {
        for (one, other) in [
            ("list-keys", "list_keys"),
            ("list-keys", "LIST.Keys"),
            ("list-keys", "list~keys"),
            ("list-keys", "list+keys"),
            ("list-keys", "list keys"),
            ("list-keys", "-list--keys-"),
            ("list-keys", "listkeys"),
            ("-", "_"),
            ("~", "..."),
            ("clés", "CLés"),
        ] {
            assert!(is_same(one.as_bytes(), other.as_bytes()), "{one} {other}");
            assert_eq!(hash(one.as_bytes()), hash(other.as_bytes()), "{one} {other}");
        }
    }

    #[test]
    fn letters_and_digits_do() {
        for (one, other) in
            [("list-keys", "list-key"), ("v1", "v10"), ("-", "a"), ("", "-"), ("clés", "cles"), ("keys", "keys2")]
        {
            assert!(!is_same(one.as_bytes(), other.as_bytes()), "{one} {other}");
            assert_ne!(hash(one.as_bytes()), hash(other.as_bytes()), "{one} {other}");
        }
    }
}
