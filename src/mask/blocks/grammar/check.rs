//! Proves that a block is grammatical, all its bytes at once. `blocks/mod.rs` works through an
//! example.
//!
//! In all words bit *i* stands for byte *i* of the block.

use super::brackets::{BracketEffect, Brackets, OpenBefore};
use super::carry::Carry;
use super::spelling::{are_escapes, unescaped, words};
use crate::mask::blocks::kernel::{BLOCK, Block, InsideBits, Kernel, OutsideBits};
use crate::mask::core::KindStack;

/// A block and its surroundings.
#[derive(Clone, Copy)]
pub(crate) struct Window<'a> {
    pub(crate) block: &'a Block,
    /// The text from the block's first byte on, to the end of the chunk.
    pub(crate) text: &'a [u8],
    /// The block's position in the chunk.
    pub(crate) at: usize,
    pub(crate) scanned: &'a Scanned<'a>,
}

/// The part of a chunk that the scanner has proved so far.
#[derive(Clone, Copy)]
pub(crate) struct Scanned<'a> {
    pub(crate) chunk: &'a [u8],
    /// The position at which the part starts.
    pub(crate) start: usize,
    /// Whether the last token before the part is `{` or `[`.
    pub(crate) opened: bool,
}

impl Scanned<'_> {
    /// Whether the last token before this position in the chunk is `{` or `[`. The position must
    /// not be inside a string.
    #[cold]
    pub(crate) fn is_opened(&self, at: usize) -> bool {
        let read = self.chunk.get(self.start..at).unwrap_or_default();
        read.trim_ascii_end().last().map_or(self.opened, |byte| matches!(byte, b'{' | b'['))
    }
}

/// The findings about a block, if it has no faults.
#[derive(Clone, Copy)]
pub(crate) struct Proof {
    /// Not 0 if the block is not grammatical, or too unusual to decide. Then the machine reads it.
    pub(crate) faults: u64,
    /// Not 0 if the proof depends on more bytes than a
    /// [`Shape`](crate::mask::blocks::kernel::Shape) compares.
    pub(crate) unrepeatable: u64,
    /// The bytes inside strings.
    pub(crate) inside: u64,
    /// The opening quotes of keys.
    pub(crate) keys: u64,
    /// All quotes that are not escaped.
    pub(crate) quotes: u64,
    pub(crate) brackets: Brackets,
    /// The open objects and arrays after the block, or after the bracket `end`.
    pub(crate) kinds: KindStack,
    /// The bit of the bracket that closes the last of the kinds before the block, or 0. If it is
    /// set, the block is proved up to and including this bracket.
    pub(crate) end: u64,
    pub(crate) carry: Carry,
}

/// Proves one block. Branches are only for cases that are rare, or the same in every block of a
/// text.
#[inline(always)]
pub(crate) fn check<K: Kernel>(
    kernel: K,
    window: Window<'_>,
    inside: InsideBits,
    carry: Carry,
    nest: OpenBefore,
) -> Proof {
    let (mut faults, mut unrepeatable) = (0, 0);
    let (mut quotes, mut escaped) = (inside.quote, 0);
    if inside.backslash | carry.escaped != 0 {
        let escapes;
        (escapes, escaped) = unescaped(inside.backslash, carry.escaped);
        unrepeatable = 1;
        quotes &= !escapes;
        faults |= u64::from(!are_escapes(escapes, window.text));
    }
    // Ones from each opening quote to the byte before its closing quote.
    let strings = kernel.parity(quotes) ^ carry.in_string;
    let opening = quotes & strings;
    let OutsideBits { space, comma, colon, open, close, number } =
        kernel.outside(window.block).without(strings | quotes);
    let separators = comma | colon;

    // Every other byte must be part of a number or literal.
    let scalars = !(strings | quotes | space | separators | open | close);
    let scalar_starts = scalars & !(scalars << 1 | carry.in_scalar);
    let letters = scalars & !(number | carry.literal);
    let mut literal = 0;
    if letters != 0 {
        let (fault, reaches) = words(letters, scalar_starts, window.text);
        faults |= fault;
        literal = reaches;
        // A literal at the block's end was checked with bytes after the block.
        let last = scalars & !(u64::MAX.checked_shr((!scalars).leading_zeros()).unwrap_or(0));
        unrepeatable |= letters & last;
    }
    let BracketEffect { fault, brackets, objects, kinds, end } = BracketEffect::of(open, close, window.block, nest);
    faults |= fault;

    // Values and keys must follow `{`, `[`, `,` or `:`. Separators must not.
    let (before_value, next_before_value) = after(separators | open, carry.before_value, space);
    let (before_key, next_before_key) = after(open & brackets.curly | comma & objects, carry.before_key, space);
    let mut misplaced = (opening | open | scalar_starts) & !before_value;
    misplaced |= separators & before_value;
    misplaced |= before_key & (open | scalar_starts);
    if close & before_value != 0 {
        misplaced |= u64::from(!window.are_empty(close & before_value));
    }

    // A key is a string where a key must be, and a colon follows keys only. If the opening quote is
    // added to a run of 1s, the carry comes out one place past the run's end (simdjson finds string
    // ends this way).
    let keys = opening & before_key;
    let (past_keys, next_in_key) = add(strings, keys | carry.in_key);
    let (after_key, next_after_key) = after(past_keys & !strings, carry.after_key, space);
    misplaced |= after_key ^ colon;

    let unusual = (inside.backslash | inside.unusual) & strings;
    if unusual != 0 {
        unrepeatable = 1;
        // Keys are compared without unescaping and must be UTF-8, so a backslash or a byte beyond
        // ASCII in a key needs the machine. A control character is a fault in any string.
        let in_keys = strings & !past_keys;
        misplaced |= unusual & in_keys | kernel.control(window.block) & strings;
    }
    // Ones up to and including `end`, or all ones if it is 0.
    let proved = end ^ end.wrapping_sub(1);
    faults |= misplaced & proved;
    if window.text.len() < BLOCK && end == 0 {
        // Padding is not text: a string or scalar at the end may continue in the next chunk.
        faults |= strings >> 63 | scalars >> (window.text.len().max(1) - 1) & 1;
    }
    let carry = Carry {
        in_string: (strings.cast_signed() >> 63).cast_unsigned(),
        in_key: next_in_key,
        escaped,
        in_scalar: scalars >> 63,
        literal,
        before_value: next_before_value,
        before_key: next_before_key,
        after_key: next_after_key,
    };
    unrepeatable |= end;
    Proof { faults, unrepeatable, inside: strings & !opening, keys: keys & proved, quotes, brackets, kinds, end, carry }
}

impl Window<'_> {
    /// Whether each of these closing brackets closes an empty object or array.
    #[cold]
    fn are_empty(self, mut closing: u64) -> bool {
        while closing != 0 {
            if !self.scanned.is_opened(self.at + closing.trailing_zeros() as usize) {
                return false;
            }
            closing &= closing - 1;
        }
        true
    }
}

/// Returns the bits of the first token after each of `tokens`, and 1 if the next block starts
/// before the token after the last of them. `before` is that second value of the block before. The
/// carry of the addition passes white space.
#[inline(always)]
fn after(tokens: u64, before: u64, space: u64) -> (u64, u64) {
    let next = tokens << 1 | before;
    let (past, carried) = add(space, next & space);
    ((next | past) & !space, carried | tokens >> 63)
}

#[inline(always)]
fn add(one: u64, other: u64) -> (u64, u64) {
    let (sum, carried) = one.overflowing_add(other);
    (sum, u64::from(carried))
}

impl OutsideBits {
    /// Removes the bits inside `strings`, except from `number`.
    #[inline(always)]
    fn without(self, strings: u64) -> Self {
        Self {
            space: self.space & !strings,
            comma: self.comma & !strings,
            colon: self.colon & !strings,
            open: self.open & !strings,
            close: self.close & !strings,
            ..self
        }
    }
}
