//! Where in a text the engine is, and what it has done so far.

use super::nesting::Nesting;
use super::summary::Summary;
use super::treatment::Treatment;
use crate::mask::rules::{MemberKey, Rules};

/// The state that both readers share and hand to each other.
#[derive(Clone)]
pub(crate) struct TextState {
    pub(crate) parse: ParseState,
    pub(crate) nesting: Nesting,
    /// The treatment of the next value.
    pub(crate) next: Treatment,
    pub(crate) summary: Summary,
}

impl TextState {
    /// The state before the first byte of a text.
    pub(crate) fn new(rules: &Rules) -> Self {
        Self {
            parse: ParseState::Bom { seen: 0 },
            nesting: Nesting::default(),
            next: rules.root(),
            summary: Summary::default(),
        }
    }

    /// Returns the treatment of the values of the innermost object or array, except for members
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

    /// Notes the end of a value.
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

/// The parser's state: what was read last and what may come next.
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
    /// After a key.
    Colon,
    /// Inside a string that passes.
    PlainString { escape: EscapeState },
    /// Inside a string that is being masked.
    MaskedString,
    /// Inside a number. `minus`: only its sign was read.
    Number { minus: bool },
    /// Inside `true`, `false`, `null`, or a number that is spelt as a word (`NaN`, `Infinity`).
    Literal { word: &'static [u8], at: usize, number: bool },
    /// After a value inside an object or array.
    AfterValue,
    /// After the top-level value.
    End,
}

/// How much of an escape in a passing string was read.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(crate) enum EscapeState {
    None,
    Backslash,
    Hex { left: u8 },
}
