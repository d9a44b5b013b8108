//! The JSON texts of all benchmarks. Each is made together with its masked form, so that no row of a table is checked against the
//! program that is measured.

mod key;
mod random;

use key::{Key, Layout, Note, Spelling};
use random::Random;

/// A JSON text and the same with its tokens masked.
pub struct Body {
    pub text: Vec<u8>,
    pub masked: Vec<u8>,
    pub tokens: usize,
}

/// A list of API keys as an API writes it, without white space: 1,478 bytes for 10 keys, 14.7 MB for 100,000.
pub fn dense(keys: usize) -> Body {
    list(keys, Layout::Compact, Note::None)
}

/// The same list as a person would lay it out, indented by two.
pub fn pretty(keys: usize) -> Body {
    list(keys, Layout::Indented, Note::None)
}

/// A list whose keys each have a text of 10 kB with an escape about every 90 bytes.
pub fn sparse(keys: usize) -> Body {
    list(keys, Layout::Compact, Note::Prose)
}

/// A list whose keys each have a text of 10 kB that is JSON in a JSON text: most of its quotes have three backslashes.
pub fn nested(keys: usize) -> Body {
    list(keys, Layout::Compact, Note::Nested)
}

fn list(keys: usize, layout: Layout, note: Note) -> Body {
    let keys: Vec<Key> = {
        let mut random = Random::new(keys as u64);
        (0..keys).map(|number| Key::new(number, note, &mut random)).collect()
    };
    let write = |spelling| {
        let mut text = layout.opening().as_bytes().to_vec();
        for (number, key) in keys.iter().enumerate() {
            if number > 0 {
                text.extend_from_slice(layout.between().as_bytes());
            }
            key.write(layout, spelling, &mut text);
        }
        text.extend_from_slice(layout.end().as_bytes());
        text
    };
    Body { text: write(Spelling::Full), masked: write(Spelling::Masked), tokens: keys.len() }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn ten_keys_are_as_long_as_the_tables_say() {
        assert_eq!(dense(10).text.len(), 1478);
    }

    #[test]
    fn a_masked_list_differs_in_its_tokens_alone() {
        for body in [dense(3), pretty(3), sparse(3), nested(3)] {
            let hidden = "app-".len() + 24 - "app-x...wxyz".len();
            assert_eq!(body.text.len() - body.masked.len(), 3 * hidden);
            assert_eq!(body.masked.windows(3).filter(|bytes| bytes == b"...").count(), 3);
        }
    }
}
