//! Compares a literal segment of a template with a segment of a path.
//!
//! Letter case is ignored, and so is every byte that is neither an ASCII letter nor an ASCII digit:
//! CherryPy's default dispatcher takes any punctuation as `_`, and Zend Framework 1 drops
//! punctuation and non-ASCII characters from the names of controllers and actions. This is part of
//! the comparison and not one more reading of a path, because `-`, `_` and `~` are in most paths,
//! which must stay cheap.

/// Which bytes of a segment are compared.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(super) enum Fold {
    /// ASCII letters and digits. For a literal in ASCII.
    Ascii,
    /// ASCII letters and digits, and all bytes outside ASCII. For all other literals, because ASCII
    /// alone would leave little or nothing of them.
    Any,
}

impl Fold {
    /// Returns the fold for a literal.
    pub(super) fn of(literal: &[u8]) -> Self {
        if literal.is_ascii() { Self::Ascii } else { Self::Any }
    }

    /// Returns whether a segment equals a literal in the compared bytes.
    pub(super) fn is_same(self, literal: &[u8], segment: &[u8]) -> bool {
        literal == segment || self.folded(literal).eq(self.folded(segment))
    }

    /// Hashes a segment. All segments that equal the same literal have the same hash.
    pub(super) fn hash(self, segment: &[u8]) -> u64 {
        let mut hash = OFFSET;
        for &byte in segment {
            if let Some(byte) = self.fold(byte) {
                hash = (hash ^ u64::from(byte)).wrapping_mul(PRIME);
            }
        }
        if hash == OFFSET && !segment.is_empty() { (hash ^ u64::from(b'-')).wrapping_mul(PRIME) } else { hash }
    }

    /// Returns the bytes to compare, in lower case. They are `-` for a segment that has none and is
    /// not empty.
    fn folded(self, segment: &[u8]) -> impl Iterator<Item = u8> {
        let mut kept = segment.iter().filter_map(move |&byte| self.fold(byte)).peekable();
        let placeholder = (kept.peek().is_none() && !segment.is_empty()).then_some(b'-');
        kept.chain(placeholder)
    }

    #[inline(always)]
    fn fold(self, byte: u8) -> Option<u8> {
        let counts = LETTER_OR_DIGIT[usize::from(byte)] || (self == Self::Any && !byte.is_ascii());
        counts.then(|| byte.to_ascii_lowercase())
    }
}

/// FNV-1a with 64 bits. The index also compares the literal, so the hash need not resist deliberate
/// collisions.
const OFFSET: u64 = 0xcbf2_9ce4_8422_2325;
const PRIME: u64 = 0x0000_0100_0000_01b3;

const LETTER_OR_DIGIT: [bool; 256] = {
    let mut table = [false; 256];
    let mut byte = 0;
    while byte < 128 {
        table[byte] = (byte as u8).is_ascii_alphanumeric();
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
            ("list-keys", "li\u{e9}st-keys"),
            ("-", "_"),
            ("~", "..."),
            ("clés", "CLés"),
        ] {
            let fold = Fold::of(one.as_bytes());
            assert!(fold.is_same(one.as_bytes(), other.as_bytes()), "{one} {other}");
            assert_eq!(fold.hash(one.as_bytes()), fold.hash(other.as_bytes()), "{one} {other}");
        }
    }

    #[test]
    fn letters_and_digits_do() {
        for (one, other) in [
            ("list-keys", "list-key"),
            ("v1", "v10"),
            ("-", "a"),
            ("", "-"),
            ("clés", "cles"),
            ("ключи", "ключ"),
            ("keys", "keys2"),
        ] {
            let fold = Fold::of(one.as_bytes());
            assert!(!fold.is_same(one.as_bytes(), other.as_bytes()), "{one} {other}");
            assert_ne!(fold.hash(one.as_bytes()), fold.hash(other.as_bytes()), "{one} {other}");
        }
    }
}
