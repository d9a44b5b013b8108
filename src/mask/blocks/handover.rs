//! How the two readers take turns.
//!
//! The byte machine and the block scanner share one [`TextState`] and one cursor. Whoever's turn it
//! is, every byte before the cursor was accepted, and the state is the one right there.
//!
//! *Machine to scanner.* Between any two bytes the machine asks [`can_scan`], which is cheap:
//! something is open, and the state is one that [`enter`] can express as a [`Carry`]. The scanner
//! then calls [`enter`], which also refuses where every value is masked or revealed by default, and
//! near the limit of nesting. A key, number, literal or masked string that the machine began it
//! also ends.
//!
//! *Scanner to machine.* The scanner stops in one of two ways, and sets cursor, state and the
//! treatment of the next value:
//! - before a block that it cannot prove, at the end of the chunk included: see [`leave`];
//! - within a proved block, right after a token: at a key whose value needs the machine, after a
//!   bracket that leads to where every value needs it, or at the bracket that closes all that is
//!   open as far as the scanner knows.
//!
//! It returns up to where in the chunk the machine must read at least before it may ask again: past
//! the block or the key that the scanner could not read. [`Backoff`] adds to that if the scanner is
//! refused time and again, so that a text that is unusual throughout costs little more than with
//! the machine alone.
//!
//! The scanner reports no fault. It leaves the block to the machine, which finds the fault and its
//! offset. So it makes no difference to the output or the verdict which of the two read a byte.

use super::grammar::{Carry, Scanned};
use crate::mask::core::{EscapeState, ParseState, TextState, Treatment};

/// Whether the scanner may be tried from here on.
#[inline]
pub(crate) fn can_scan(state: &TextState) -> bool {
    state.nesting.is_object().is_some() && carry_at(state.parse).is_some()
}

/// Returns what the scanner must know of the text before its first block, or `None` if the machine
/// must read on. `default_treatment` is that of the values here, `too_deep` the nesting that is not
/// allowed.
#[inline(always)]
pub(super) fn enter(state: &TextState, default_treatment: Treatment, too_deep: u64) -> Option<Carry> {
    let fits = !default_treatment.is_special() && state.nesting.inner().bits() & too_deep == 0;
    carry_at(state.parse).filter(|_| fits)
}

/// Returns where and in which state the machine goes on if the scanner stops before the block at
/// `at`.
///
/// The machine reads keys, numbers and literals from their first byte. One that the block splits is
/// given back whole.
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
        // The treatment of a value after `Value` or `Colon` is only known to the machine.
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

/// How many bytes more the machine reads after the scanner was refused in a row.
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
