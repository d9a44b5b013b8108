//! Finds the keys that may be one of the names in the rules.

use super::kernel::{BLOCK, Block, Kernel};
use crate::mask::rules::Selectors;

/// The names in selectors and revealing paths, prepared for comparison with the keys of a block.
#[derive(Clone, Debug, Default)]
pub(crate) struct KeyFilter {
    names: Vec<FilterName>,
}

#[derive(Clone, Debug)]
struct FilterName {
    /// The name as a text without escapes spells it, with its closing quote.
    quoted: Box<[u8]>,
    /// ORed into every byte before it is compared with `first` and `word`. 0x20, the bit of letter
    /// case, if case is ignored, else 0.
    fold: u8,
    first: u8,
    /// The distance from the opening quote to the closing quote, at most `BLOCK - 1`.
    distance: u32,
    /// The places of an opening quote whose closing quote would be beyond the block's end.
    cut: u64,
    /// The first eight bytes of `quoted`, folded, then zeros. `mask` has all ones in the bytes that
    /// are set.
    word: u64,
    mask: u64,
}

impl KeyFilter {
    /// Returns a filter for the names in `selectors`. Names that are not ASCII or need escapes are
    /// left out: the block scanner leaves such keys to the machine.
    pub(crate) fn new<'a>(selectors: impl IntoIterator<Item = &'a Selectors>) -> Self {
        let mut names: Vec<FilterName> = Vec::new();
        for set in selectors {
            for (name, ignore_case) in set.all_names().map(|name| (name, set.ignores_case())) {
                let plain = name.iter().all(|&byte| (0x20..0x80).contains(&byte) && byte != b'"' && byte != b'\\');
                let quoted = [name, b"\""].concat().into_boxed_slice();
                let fold = if ignore_case { 0x20 } else { 0 };
                let known = names.iter().any(|name| name.quoted == quoted && name.fold == fold);
                if plain && !known {
                    let begin = |byte: fn(u8) -> u8| {
                        u64::from_le_bytes(std::array::from_fn(|at| quoted.get(at).copied().map_or(0, byte)))
                    };
                    let (mask, word) = (begin(|_| 0xff), begin(|byte| byte));
                    let word = (word | u64::from_ne_bytes([fold; 8])) & mask;
                    let first = word.to_le_bytes()[0];
                    let distance = quoted.len().min(BLOCK - 1) as u32;
                    let cut = u64::MAX << (BLOCK - quoted.len().min(BLOCK)).min(BLOCK - 1);
                    names.push(FilterName { quoted, fold, first, distance, cut, word, mask });
                }
            }
        }
        Self { names }
    }

    /// Returns the keys that are as long as one of the names, or whose end is beyond the block's
    /// end. `keys` has the bits of the opening quotes of keys, `quotes` those of all quotes.
    #[inline(always)]
    pub(crate) fn of_length(&self, keys: u64, quotes: u64) -> u64 {
        self.names.iter().fold(0, |found, name| found | keys & (quotes >> name.distance | name.cut))
    }

    /// Like [`Self::of_length`], but returns only keys that also begin with the first byte of a
    /// name of this length.
    #[inline(always)]
    pub(crate) fn candidates<K: Kernel>(&self, kernel: K, block: &Block, keys: u64, quotes: u64) -> u64 {
        let mut candidates = 0;
        for name in &self.names {
            let begins = kernel.folded(block, name.fold, name.first) >> 1;
            // The byte after a quote in the block's last byte is not in the block.
            candidates |= keys & (begins | 1 << 63) & (quotes >> name.distance | name.cut);
        }
        candidates
    }

    /// Whether any of these keys may be one of the names. `at` is the block's position in the
    /// chunk.
    // Not inlined: most blocks have no key as long as a name, and the loop that calls this needs
    // the registers.
    #[inline(never)]
    pub(crate) fn any_name(&self, mut keys: u64, chunk: &[u8], at: usize) -> bool {
        while keys != 0 {
            let key = at + keys.trailing_zeros() as usize + 1;
            if let KeyMatch::Name(_) = self.find(chunk.get(key..).unwrap_or_default()) {
                return true;
            }
            keys &= keys - 1;
        }
        false
    }

    /// Compares a key with the names. `text` starts after the key's opening quote.
    #[inline(always)]
    pub(crate) fn find(&self, text: &[u8]) -> KeyMatch {
        let Some(begin) = text.first_chunk().map(|begin| u64::from_le_bytes(*begin)) else {
            return KeyMatch::Name(None);
        };
        for FilterName { quoted, fold, word, mask, .. } in &self.names {
            if (begin | u64::from_ne_bytes([*fold; 8])) & mask != *word {
                continue;
            }
            let Some(ahead) = text.get(..quoted.len()) else { return KeyMatch::Name(None) };
            // A name that fits into the word is now fully compared. But with `fold`, some bytes
            // that are not letters compare as equal.
            let same = (*fold == 0 && quoted.len() <= 8)
                || *ahead == **quoted
                || *fold != 0 && ahead.eq_ignore_ascii_case(quoted);
            if same {
                return KeyMatch::Name(Some(quoted.len() - 1));
            }
        }
        KeyMatch::Other
    }
}

/// The result of comparing a key with the names.
pub(crate) enum KeyMatch {
    /// One of the names, and its length. `None` if the chunk ends too early to decide.
    Name(Option<usize>),
    /// None of the names.
    Other,
}
