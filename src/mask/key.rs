//! A key that is read character by character, unescaped.

use super::mark::Mark;
use super::selector::Key;
use super::{Reveal, Rules};

/// Keeps as much of a key as the longest name asked for has.
///
/// Deliberately not `Debug`: keys are bytes of a body too.
#[derive(Clone)]
pub(super) struct KeyText {
    text: Vec<u8>,
    longest: usize,
    too_long: bool,
}

impl KeyText {
    pub(super) fn new(rules: &Rules) -> Self {
        let revealing = match &rules.reveal {
            Reveal::Paths(paths) => paths.longest_name(),
            Reveal::Nothing | Reveal::TopLevel => 0,
        };
        let mark = rules.mark.as_ref().map_or(0, Mark::len);
        Self { text: Vec::new(), longest: rules.selectors.longest_name().max(revealing).max(mark), too_long: false }
    }

    pub(super) fn clear(&mut self) {
        self.text.clear();
        self.too_long = false;
    }

    /// Takes the next character; a lone surrogate stands as U+FFFD, as lenient clients read it.
    pub(super) fn push(&mut self, value: Option<char>) {
        let mut utf8 = [0; 4];
        let character = value.unwrap_or(char::REPLACEMENT_CHARACTER).encode_utf8(&mut utf8);
        if self.too_long || self.text.len() + character.len() > self.longest {
            self.too_long = true;
        } else {
            self.text.extend_from_slice(character.as_bytes());
        }
    }

    pub(super) fn as_key(&self) -> Key<'_> {
        if self.too_long { Key::Other } else { Key::Known(&self.text) }
    }
}
