//! A key that is unescaped character by character.

use crate::mask::rules::{Mark, MemberKey, Reveal, Rules};

/// Collects the characters of a key. It stops at the length of the longest name in the rules,
/// because a longer key matches none.
///
/// Deliberately not `Debug`: keys are part of a body, too.
#[derive(Clone)]
pub(crate) struct KeyText {
    text: Vec<u8>,
    longest: usize,
    too_long: bool,
}

impl KeyText {
    pub(crate) fn new(rules: &Rules) -> Self {
        let revealing = match &rules.reveal {
            Reveal::Paths(paths) => paths.longest_name(),
            Reveal::Nothing | Reveal::TopLevel => 0,
        };
        let mark = rules.mark.as_ref().map_or(0, Mark::name_len);
        Self { text: Vec::new(), longest: rules.selectors.longest_name().max(revealing).max(mark), too_long: false }
    }

    pub(crate) fn clear(&mut self) {
        self.text.clear();
        self.too_long = false;
    }

    /// Appends a character. `None`, a lone surrogate, becomes U+FFFD, as lenient clients read it.
    pub(crate) fn push(&mut self, value: Option<char>) {
        let mut utf8 = [0; 4];
        let character = value.unwrap_or(char::REPLACEMENT_CHARACTER).encode_utf8(&mut utf8);
        if self.too_long || self.text.len() + character.len() > self.longest {
            self.too_long = true;
        } else {
            self.text.extend_from_slice(character.as_bytes());
        }
    }

    pub(crate) fn as_key(&self) -> MemberKey<'_> {
        if self.too_long { MemberKey::Other } else { MemberKey::Known(&self.text) }
    }
}
