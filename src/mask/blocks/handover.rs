//! How the two readers take turns.
//!
//! The byte machine and the block scanner share one [`TextState`] and one cursor. When one hands
//! over to the other, every byte before the cursor is accepted, and the state describes the
//! position of the cursor.
//!
//! # From the machine to the scanner
//! Before each byte the machine calls [`can_scan`], which is cheap: an object or array must be
//! open, and a [`Carry`] must be able to express the parser's state. The scanner then calls
//! [`enter`]. It also refuses to start near the limit of nesting, and where every value is masked
//! or revealed by default. The machine reads a key, number, literal or masked string to its end
//! once it has started one.
//!
//! # From the scanner to the machine
//! The scanner sets the cursor, the parser's state and the treatment of the next value, and stops
//! in one of these places:
//! - before a block that it cannot prove, or at the end of the chunk: see [`leave`];
//! - within a proved block, before a key whose value needs the machine;
//! - within a proved block, after a bracket if all values after it need the machine;
//! - within a proved block, before the bracket that closes the last object or array that the
//!   scanner knows of.
//!
//! It returns `until`, a position past the block or key that the scanner could not read. The
//! machine must read at least up to there before it calls [`can_scan`] again. If the scanner is
//! refused several times in a row, [`Backoff`] adds to `until`, so that an unusual text costs
//! little more than with the machine alone.
//!
//! # Faults
//! The scanner reports none. It leaves the block to the machine, which finds the fault and its
//! offset. So the output and any error do not depend on which reader reads a byte.

use super::grammar::{Carry, Scanned};
use crate::mask::core::{EscapeState, ParseState, TextState, Treatment};

/// Whether the machine may hand over to the scanner in this state.
#[inline]
pub(crate) fn can_scan(state: &TextState) -> bool {
    state.nesting.is_object().is_some() && carry_at(state.parse).is_some()
}

/// Returns the carry for the scanner's first block, or `None` if the machine must read on.
/// `too_deep` is the mask from `Nesting::too_deep`.
#[inline(always)]
pub(super) fn enter(state: &TextState, default_treatment: Treatment, too_deep: u64) -> Option<Carry> {
    let fits = !default_treatment.is_special() && state.nesting.inner().bits() & too_deep == 0;
    carry_at(state.parse).filter(|_| fits)
}

/// Returns the position and state at which the machine goes on if the scanner stops before the
/// block at `at`.
///
/// The machine must read keys, numbers and literals from their first byte. So if one of them
/// extends into the block, the position is its first byte.
#[cold]
pub(super) fn leave(scanned: &Scanned<'_>, at: usize, carry: Carry) -> (usize, ParseState) {
    let read = scanned.chunk.get(scanned.start..at).unwrap_or_default();
    let back_to = |is_before: fn(u8) -> bool| {
        scanned.start + read.iter().rposition(|&byte| is_before(byte)).map_or(0, |position| position + 1)
    };
    if carry.in_key == 1 {
        // The last quote before the block is the key's opening quote: a key with escapes is not
        // proved.
        (back_to(|byte| byte == b'"').saturating_sub(1), ParseState::Member)
    } else if carry.in_scalar == 1 {
        let start = back_to(|byte| matches!(byte, b',' | b':' | b'[' | b' ' | b'\t' | b'\n' | b'\r'));
        (start, ParseState::Value)
    } else {
        (at, state_at(carry, scanned.is_opened(at)))
    }
}

/// Returns the carry for a state within an object or array, or `None` if the scanner cannot start
/// there.
#[inline(always)]
fn carry_at(parse: ParseState) -> Option<Carry> {
    let carry = Carry::AFTER_VALUE;
    match parse {
        ParseState::FirstElement => Some(Carry { before_value: 1, ..carry }),
        ParseState::FirstMember | ParseState::Member => Some(Carry { before_value: 1, before_key: 1, ..carry }),
        ParseState::AfterValue => Some(carry),
        ParseState::PlainString { escape: EscapeState::None } => Some(Carry { in_string: u64::MAX, ..carry }),
        // After `Value` or `Colon`, only the machine knows the treatment of the value.
        _ => None,
    }
}

/// Returns the state for a carry outside keys and scalars: the inverse of [`carry_at`]. `opened` is
/// set if the last token is `{` or `[`.
fn state_at(carry: Carry, opened: bool) -> ParseState {
    if carry.in_string != 0 {
        let escape = if carry.escaped == 1 { EscapeState::Backslash } else { EscapeState::None };
        return ParseState::PlainString { escape };
    }
    match (carry.before_value == 1, opened, carry.before_key == 1) {
        (true, true, true) => ParseState::FirstMember,
        (true, true, false) => ParseState::FirstElement,
        (true, false, true) => ParseState::Member,
        (true, false, false) => ParseState::Value,
        (false, ..) if carry.after_key == 1 => ParseState::Colon,
        (false, ..) => ParseState::AfterValue,
    }
}

/// The number of bytes that the machine reads beyond `until` after the scanner has read nothing.
#[derive(Default)]
pub(crate) struct Backoff(usize);

impl Backoff {
    const MAX: usize = 4096;

    /// Returns the number of bytes to add after a scan. It doubles with each scan that has read
    /// nothing, and is 0 after any other.
    pub(crate) fn after(&mut self, has_read: bool) -> usize {
        self.0 = if has_read { 0 } else { (2 * self.0 + 1).min(Self::MAX) };
        self.0
    }
}
