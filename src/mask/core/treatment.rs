//! The treatment of a value under the rules: masked, revealed or passed.

use crate::mask::rules::{MemberKey, Reveal, Rules, StateSet};

/// The treatment of a value.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq)]
pub(crate) struct Treatment {
    pub(crate) mask: bool,
    pub(crate) revealed: bool,
    /// The state of the selectors inside the value.
    pub(crate) select: StateSet,
    /// The state of [`Reveal::Paths`] inside the value. 0 without such paths.
    pub(crate) reveal: StateSet,
}

impl Treatment {
    /// Whether a string or number with this treatment is masked or counted as revealed.
    pub(crate) fn is_special(self) -> bool {
        self.mask || self.revealed
    }
}

impl Rules {
    /// Returns the treatment of a whole text. With `ndjson`, nothing is revealed: a second value
    /// would make the text a list. When the engine passes the first value, it cannot know whether
    /// there is a second one.
    pub(crate) fn root(&self) -> Treatment {
        let reveal = match &self.reveal {
            Reveal::Paths(paths) if !self.ndjson => paths.root(),
            _ => 0,
        };
        Treatment { mask: false, revealed: false, select: self.selectors.root(), reveal }
    }

    /// Returns the treatment inside an object or array. The response to a create shows one secret,
    /// so [`Reveal::TopLevel`] reveals only a string or number. An object or array in a selected
    /// field is masked throughout.
    pub(crate) fn inside(&self, value: Treatment) -> Treatment {
        Treatment { mask: value.mask || (value.revealed && self.reveal == Reveal::TopLevel), ..value }
    }

    /// Whether the value at this path of members is masked.
    #[cfg(feature = "layer")]
    pub(crate) fn selects<'a>(&self, path: impl Iterator<Item = &'a [u8]>) -> bool {
        let step = |value, (depth, key)| self.member(self.inside(value), depth + 1, MemberKey::Known(key));
        path.enumerate().fold(self.root(), step).mask
    }

    /// Returns the treatment of an element. `inside` is the treatment inside its array.
    pub(crate) fn element(&self, inside: Treatment) -> Treatment {
        let (selected, select) = self.selectors.element(inside.select);
        Treatment { mask: inside.mask || selected, revealed: false, select, reveal: 0 }
    }

    /// Returns the treatment of the member `key`. `inside` is the treatment inside its object.
    /// `depth` counts the open objects and arrays, this object included.
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
