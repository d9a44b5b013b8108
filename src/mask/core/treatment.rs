//! What is to happen to a value, as the rules say.

use crate::mask::rules::{MemberKey, Reveal, Rules, StateSet};

/// What is to happen to a value.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq)]
pub(crate) struct Treatment {
    pub(crate) mask: bool,
    pub(crate) revealed: bool,
    /// Where the selectors stand inside the value.
    pub(crate) select: StateSet,
    /// Where the revealing paths stand inside the value.
    pub(crate) reveal: StateSet,
}

impl Treatment {
    /// Whether it makes a difference to a string or number.
    pub(crate) fn is_special(self) -> bool {
        self.mask || self.revealed
    }
}

impl Rules {
    /// The treatment of a whole text. A second value in a text (`ndjson`) makes it a list, which reveals nothing; and since
    /// that is not known when the first passes, such texts reveal nothing at all.
    pub(crate) fn root(&self) -> Treatment {
        let reveal = match &self.reveal {
            Reveal::Paths(paths) if !self.ndjson => paths.root(),
            _ => 0,
        };
        Treatment { mask: false, revealed: false, select: self.selectors.root(), reveal }
    }

    /// What is to happen inside an object or array. A create shows one secret, so only a single value is revealed at the top level:
    /// what a list or an object of a selected name holds is masked.
    pub(crate) fn inside(&self, value: Treatment) -> Treatment {
        Treatment { mask: value.mask || (value.revealed && self.reveal == Reveal::TopLevel), ..value }
    }

    /// The treatment of the elements of an array that is treated as `inside` says.
    pub(crate) fn element(&self, inside: Treatment) -> Treatment {
        let (selected, select) = self.selectors.element(inside.select);
        Treatment { mask: inside.mask || selected, revealed: false, select, reveal: 0 }
    }

    /// The treatment of the member `key` of an object that is treated as `inside` says and lies in `depth - 1` others.
    pub(crate) fn member(&self, inside: Treatment, depth: usize, key: MemberKey<'_>) -> Treatment {
        let (selected, select) = self.selectors.member(inside.select, key);
        let (revealed, reveal) = match &self.reveal {
            Reveal::Nothing => (false, 0),
            Reveal::TopLevel => (selected && depth == 1 && !self.ndjson, 0),
            Reveal::Paths(paths) => paths.member(inside.reveal, key),
        };
        Treatment { mask: (inside.mask || selected) && !revealed, revealed, select, reveal }
    }
}
