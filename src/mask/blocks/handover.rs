//! How the two readers take turns.
//!
//! The byte machine and the block scanner share one [`TextState`] and one cursor. At each change of
//! turn, every byte before the cursor is accepted, and the state is the one at the cursor.
//!
//! # From the machine to the scanner
//! Before each byte the machine calls [`can_scan`], which is cheap: an object or array must be
//! open, and the parser's state must be one that a [`Carry`] can express. The scanner then calls
//! [`enter`]. That also refuses if all values here are masked or revealed by default, and near the
//! limit of nesting. A key, number, literal or masked string that the machine began is ended by the
//! machine.
//!
//! # From the scanner to the machine
//! The scanner sets the cursor, the parser's state and the treatment of the next value, and stops
//! - before a block that it cannot prove, or at the end of the chunk: see [`leave`];
//! - or within a proved block, between two tokens: before a key whose value needs the machine,
//!   after a bracket if all values after it need the machine, or before the bracket that closes the
//!   last object or array that the scanner knows of.
//!
//! It returns `until`: the machine must read at least up to this position before it calls
//! [`can_scan`] again, past the block or key that the scanner could not read. [`Backoff`] adds to
//! that if the scanner is refused several times in a row, so that a text which is unusual
//! throughout costs little more than with the machine alone.
//!
//! # Faults
//! The scanner reports none. It leaves the block to the machine, which finds the fault and its
//! offset. So the verdict and the output do not depend on which reader reads a byte.

use super::grammar::{Carry, Scanned};
use crate::mask::core::{EscapeState, ParseState, TextState, Treatment};

/// Whether the scanner may be tried from here on.
#[inline]
pub(crate) fn can_scan(state: &TextState) -> bool {
    state.nesting.is_object().is_some() && carry_at(state.parse).is_some()
}

/// Returns the carry for the scanner's first block, or `None` if the machine must read on.
/// `default_treatment` is the treatment of the values here, and `too_deep` the nesting that is not
/// allowed.
#[inline(always)]
pub(super) fn enter(state: &TextState, default_treatment: Treatment, too_deep: u64) -> Option<Carry> {
    let fits = !default_treatment.is_special() && state.nesting.inner().bits() & too_deep == 0;
    carry_at(state.parse).filter(|_| fits)
}

/// Returns the position and state at which the machine goes on if the scanner stops before the
/// block at `at`.
///
/// The machine reads keys, numbers and literals from their first byte. If the block splits one, it
/// is given back whole.
#[cold]
pub(super) fn leave(scanned: &Scanned<'_>, at: usize, carry: Carry) -> (usize, ParseState) {
    let read = scanned.chunk.get(scanned.start..at).unwrap_or_default();
    let back_to = |is_before: fn(u8) -> bool| {
        scanned.start + read.iter().rposition(|&byte| is_before(byte)).map_or(0, |position| position + 1)
    };
    if carry.in_key == 1 {
        // The part of the key before the block has no quotes in it: a key with escapes is not
        // proved.
        (back_to(|byte| byte == b'"').saturating_sub(1), ParseState::Member)
    } else if carry.in_scalar == 1 {
        let start = back_to(|byte| matches!(byte, b',' | b':' | b'[' | b' ' | b'\t' | b'\n' | b'\r'));
        (start, ParseState::Value)
    } else {
        (at, state_at(carry, scanned.is_opened(at)))
    }
}

/// The carry at a state within an object or array, if the scanner can start there.
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

/// The state at a carry outside keys and scalars: the inverse of [`carry_at`]. `opened`: the last
/// token is `{` or `[`.
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

/// The number of bytes that the machine reads in addition, after the scanner was refused.
#[derive(Default)]
pub(crate) struct Backoff(usize);

impl Backoff {
    const MAX: usize = 4096;

    /// Returns the bytes to add after a scan. They double with each scan that has read nothing.
    pub(crate) fn after(&mut self, has_read: bool) -> usize {
        self.0 = if has_read { 0 } else { (2 * self.0 + 1).min(Self::MAX) };
        self.0
    }
}
