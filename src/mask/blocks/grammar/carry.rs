//! The state from one block to the next.

/// All facts about the text before a block that the block's proof needs. Flags are 0 or 1, so that
/// they can be shifted into the block's first bit.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq)]
pub(crate) struct Carry {
    /// All ones if the block starts inside a string, else 0.
    pub(crate) in_string: u64,
    /// 1 if the block starts inside a string that is a key, else 0.
    pub(crate) in_key: u64,
    /// 1 if the block's first byte is escaped, else 0.
    pub(crate) escaped: u64,
    /// 1 if the last byte before the block is part of a number or literal, which may continue, else
    /// 0.
    pub(crate) in_scalar: u64,
    /// Ones for the block's first bytes if they belong to a literal that was already checked to its
    /// end.
    pub(crate) literal: u64,
    /// 1 if a value or key comes next, after `{`, `[`, `,` or `:`. Else 0.
    pub(crate) before_value: u64,
    /// 1 if a key comes next, after `{` or a `,` inside an object. Else 0.
    pub(crate) before_key: u64,
    /// 1 if the last token is a key, so that a colon comes next. Else 0.
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

    /// Whether the block starts inside a string that is not a key, and not inside an escape.
    #[inline(always)]
    pub(crate) fn in_plain_string(self) -> bool {
        self.in_string & !self.in_key.wrapping_neg() & (self.escaped ^ 1) != 0
    }
}
