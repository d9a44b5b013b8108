//! What the text before a block means for it.

use super::super::place::{Escape, Place};

/// All that a block must know of what came before. Flags are 0 or 1, to be shifted into the block's first bit.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq)]
pub(super) struct Carry {
    /// All ones inside a string, else 0.
    pub(super) in_string: u64,
    /// That string is a key.
    pub(super) in_key: u64,
    /// The first byte is escaped.
    pub(super) escaped: u64,
    /// A number or literal goes on here, if its bytes do.
    pub(super) in_scalar: u64,
    /// The first bytes that belong to a literal that was read whole.
    pub(super) literal: u64,
    /// The last token was one that a value or key follows: `{`, `[`, `,` or `:`.
    pub(super) before_value: u64,
    /// It was `{`, or the `,` of an object.
    pub(super) before_key: u64,
    /// It was a key.
    pub(super) after_key: u64,
}

impl Carry {
    /// What holds behind a value.
    pub(super) const AFTER_VALUE: Self = Self {
        in_string: 0,
        in_key: 0,
        escaped: 0,
        in_scalar: 0,
        literal: 0,
        before_value: 0,
        before_key: 0,
        after_key: 0,
    };

    /// What holds at a place within an object or array, if blocks can be read from there.
    pub(super) fn at(place: Place) -> Option<Self> {
        let carry = Self::AFTER_VALUE;
        match place {
            Place::FirstElement => Some(Self { before_value: 1, ..carry }),
            Place::FirstMember | Place::Member => Some(Self { before_value: 1, before_key: 1, ..carry }),
            Place::AfterValue => Some(carry),
            Place::PlainString { escape: Escape::None } => Some(Self { in_string: u64::MAX, ..carry }),
            // The treatment of the next value is the machine's business, and so are pieces of keys and scalars.
            _ => None,
        }
    }

    /// Whether it is inside a string that is no key, and not inside an escape.
    #[inline(always)]
    pub(super) fn passes_string(self) -> bool {
        self.in_string & !self.in_key.wrapping_neg() & (self.escaped ^ 1) != 0
    }

    /// The place at which this holds, outside of keys and scalars. `opened` says whether the last token was `{` or `[`.
    pub(super) fn place(self, opened: bool) -> Place {
        if self.in_string != 0 {
            let escape = if self.escaped == 1 { Escape::Backslash } else { Escape::None };
            return Place::PlainString { escape };
        }
        match (self.before_value == 1, opened, self.before_key == 1) {
            (true, true, true) => Place::FirstMember,
            (true, true, false) => Place::FirstElement,
            (true, false, true) => Place::Member,
            (true, false, false) => Place::Value,
            (false, ..) if self.after_key == 1 => Place::Colon,
            (false, ..) => Place::AfterValue,
        }
    }
}
