//! What the text before a block means for the block.

/// Everything that the proof of a block must know of the text before it. Flags are 0 or 1, so that
/// they can be shifted into the block's first bit.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq)]
pub(crate) struct Carry {
    /// All ones inside a string, else 0.
    pub(crate) in_string: u64,
    /// That string is a key.
    pub(crate) in_key: u64,
    /// The first byte is escaped.
    pub(crate) escaped: u64,
    /// The last byte is part of a number or literal, which may go on.
    pub(crate) in_scalar: u64,
    /// The first bytes that belong to a literal that was already checked to its end.
    pub(crate) literal: u64,
    /// The last token is followed by a value or key: `{`, `[`, `,` or `:`.
    pub(crate) before_value: u64,
    /// That token is `{`, or the `,` of an object.
    pub(crate) before_key: u64,
    /// The last token is a key.
    pub(crate) after_key: u64,
}

impl Carry {
    /// The carry after a value.
    pub(crate) const AFTER_VALUE: Self = Self {
        in_string: 0,
        in_key: 0,
        escaped: 0,
        in_scalar: 0,
        literal: 0,
        before_value: 0,
        before_key: 0,
        after_key: 0,
    };

    /// Whether the block begins inside a string that is not a key, and not inside an escape.
    #[inline(always)]
    pub(crate) fn in_plain_string(self) -> bool {
        self.in_string & !self.in_key.wrapping_neg() & (self.escaped ^ 1) != 0
    }
}
