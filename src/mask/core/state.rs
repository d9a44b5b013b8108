//! The state of the engine within a text.

use super::nesting::Nesting;
use super::summary::Summary;
use super::treatment::Treatment;
use crate::mask::rules::{MemberKey, Rules};

/// The state that both readers share.
#[derive(Clone)]
pub(crate) struct TextState {
    pub(crate) parse: ParseState,
    pub(crate) nesting: Nesting,
    /// The treatment of the next value.
    pub(crate) next: Treatment,
    pub(crate) summary: Summary,
}

impl TextState {
    /// Returns the state before the first byte of a text.
    pub(crate) fn new(rules: &Rules) -> Self {
        Self {
            parse: ParseState::Bom { seen: 0 },
            nesting: Nesting::default(),
            next: rules.root(),
            summary: Summary::default(),
        }
    }

    /// Returns the treatment of the values in the innermost object or array, except for members
    /// that the rules name.
    #[inline]
    pub(crate) fn default_treatment(&self, rules: &Rules) -> Treatment {
        let nesting = &self.nesting;
        match nesting.is_object() {
            Some(true) => rules.member(nesting.inside(), nesting.depth(), MemberKey::Other),
            Some(false) => rules.element(nesting.inside()),
            None => Treatment::default(),
        }
    }

    /// Returns the state after the bracket that opened the innermost object or array.
    pub(crate) fn after_open(&self) -> ParseState {
        if self.nesting.is_object() == Some(true) { ParseState::FirstMember } else { ParseState::FirstElement }
    }

    /// Sets the state after a value.
    pub(crate) fn end_value(&mut self) {
        let is_open = self.nesting.is_object().is_some();
        self.parse = if is_open { ParseState::AfterValue } else { ParseState::End };
    }

    /// Whether the last byte read is inside a value that is being replaced.
    pub(crate) fn is_hidden(&self) -> bool {
        match self.parse {
            ParseState::MaskedString => true,
            ParseState::Number { .. } | ParseState::Literal { number: true, .. } => self.next.mask,
            _ => false,
        }
    }
}

/// The parser's state: the position in JSON's grammar.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(crate) enum ParseState {
    /// At the very start, where a byte order mark may stand. `seen` bytes of the mark were read.
    Bom { seen: usize },
    /// Before a value.
    Value,
    /// After `[`.
    FirstElement,
    /// After `{`.
    FirstMember,
    /// After the comma of an object.
    Member,
    /// Inside a key that has escapes or is split between two chunks.
    Key,
    /// After a key, before its colon.
    Colon,
    /// Inside a string that is not masked.
    PlainString { escape: EscapeState },
    /// Inside a string that is being masked.
    MaskedString,
    /// Inside a number. `minus` is set while only the sign was read.
    Number { minus: bool },
    /// Inside `true`, `false`, `null`, `NaN` or `Infinity`. The next byte must be `word[at]`.
    /// `number` is set for `NaN` and `Infinity`, which are masked like numbers.
    Literal { word: &'static [u8], at: usize, number: bool },
    /// After a value inside an object or array.
    AfterValue,
    /// After the top-level value.
    End,
}

/// The part of an escape that was read, in a string that is not masked.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(crate) enum EscapeState {
    None,
    Backslash,
    Hex { left: u8 },
}
