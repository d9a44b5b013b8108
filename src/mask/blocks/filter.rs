//! Finds the keys that may be one of the names in the rules.

use super::kernel::{BLOCK, Block, Kernel};
use crate::mask::rules::Selectors;

/// The names in selectors and revealing paths.
#[derive(Clone, Debug, Default)]
pub(crate) struct KeyFilter {
    names: Vec<FilterName>,
}

#[derive(Clone, Debug)]
struct FilterName {
    /// The name as it is in a text without escapes, with its closing quote.
    quoted: Box<[u8]>,
    /// Is ORed into every byte before the comparison with `first` and `word`: the bit of letter
    /// case, if case is ignored.
    fold: u8,
    first: u8,
    /// The distance from the opening quote to the closing quote, as far as both can be in one
    /// block.
    distance: u32,
    /// The bits at which an opening quote is too near the block's end for that.
    cut: u64,
    /// The first eight bytes of `quoted`, and a mask with all ones for as many as there are.
    word: u64,
    mask: u64,
}

impl KeyFilter {
    /// Returns a filter for the names in `selectors`, except for names that are not ASCII or must
    /// be escaped: the block scanner leaves keys that are not plain ASCII to the machine.
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

    /// Returns those of `keys` that are as long as one of the names, or that the block's end cuts
    /// off. `keys` are the opening quotes of keys, `quotes` all quotes.
    #[inline(always)]
    pub(crate) fn of_length(&self, keys: u64, quotes: u64) -> u64 {
        self.names.iter().fold(0, |found, name| found | keys & (quotes >> name.distance | name.cut))
    }

    /// Returns those of them that also begin like one of the names.
    #[inline(always)]
    pub(crate) fn candidates<K: Kernel>(&self, kernel: K, block: &Block, keys: u64, quotes: u64) -> u64 {
        let mut candidates = 0;
        for name in &self.names {
            let begins = kernel.folded(block, name.fold, name.first) >> 1;
            // Of a quote in the block's last byte not even the next byte is known.
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

    /// Compares the key at the start of `text`, after its opening quote, with the names.
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
            // A name that fits into the word is compared by now. But folding also makes some bytes
            // equal that are not letters.
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
    /// One of the names, and its length. `None`: too near the end of the text to tell.
    Name(Option<usize>),
    /// None of the names.
    Other,
}
