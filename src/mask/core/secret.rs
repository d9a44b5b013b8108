//! A string being masked. Only its end decides how it is shown, so some parts are kept until then.

use super::unit::{MAX_SPELLING, Unit};
use crate::mask::rules::{Filler, Policy};
use std::mem;
use std::ops::Range;

/// Keeps the parts of a secret that may be shown, in constant memory: its first characters, its
/// last characters, and a count. Of the first characters it keeps as many as a masked form has,
/// because the string may be masked already.
///
/// Deliberately not `Debug`: it would show the secret.
#[derive(Clone, Default)]
pub(crate) struct Secret {
    count: u64,
    /// The spelling of the first characters, up to [`Policy::longest_masked`].
    head: Vec<u8>,
    /// The number of bytes of `head` that spell the first `first` characters.
    first_len: usize,
    /// The last characters. Once it holds `last` characters, it is a ring buffer whose oldest entry
    /// is at `oldest`.
    tail: Vec<Spelling>,
    oldest: usize,
    differs_from_short: bool,
    differs_from_masked: bool,
    differs_from_unfilled: bool,
    differs_from_unfilled_short: bool,
}

/// How a secret is shown.
#[derive(Clone, Copy)]
pub(crate) enum Shown<'a> {
    /// The secret passes, because it is in masked form already or empty. An empty string hides
    /// nothing, and a client can see that there is no secret.
    Unchanged(&'a [u8]),
    /// These pieces replace the secret.
    Replaced {
        /// The first characters and the ellipsis; or the short form and nothing.
        front: [&'a [u8]; 2],
        /// The last characters, as the two parts of a ring buffer. Empty with the short form.
        back: [&'a [Spelling]; 2],
        /// Whether it came in an unfilled masked form.
        came_masked: bool,
    },
}

/// The part of a plain secret that is replaced, and its replacement.
pub(crate) struct Hidden<'a> {
    pub(crate) range: Range<usize>,
    pub(crate) with: &'a [u8],
    /// Whether it came in an unfilled masked form.
    pub(crate) came_masked: bool,
}

/// Decides how a plain secret is shown. Plain means that the secret is whole in one chunk and ASCII
/// without escapes, so that a byte is a character. Nearly all secrets are plain, and they need no
/// copy. Returns `None` if the secret passes, because it is in masked form already or empty.
#[inline(always)]
pub(crate) fn hidden_of_plain<'a>(secret: &[u8], policy: &'a Policy) -> Option<Hidden<'a>> {
    let parts = policy.parts();
    let mut came_masked = false;
    if secret.len() < policy.long_from {
        let is_with = |ellipsis: &Filler| {
            secret.len() == policy.len_with(ellipsis)
                && secret.get(parts.first..).is_some_and(|rest| rest.starts_with(&ellipsis.utf8))
        };
        if secret.is_empty() || is_with(&policy.ellipsis) || *secret == *policy.short.utf8 {
            return None;
        }
        let is_unfilled_short = policy.unfilled.as_ref().is_some_and(|unfilled| *secret == *unfilled.short.utf8);
        let is_unfilled = policy.unfilled.as_ref().is_some_and(|unfilled| is_with(&unfilled.ellipsis));
        came_masked = is_unfilled_short || is_unfilled;
        if is_unfilled_short || (secret.len() < policy.shown_from() && !is_unfilled) {
            return Some(Hidden { range: 0..secret.len(), with: &policy.short.json, came_masked });
        }
    }
    Some(Hidden { range: parts.first..secret.len() - parts.last, with: &policy.ellipsis.json, came_masked })
}

/// The bytes that spell one character. An array, so that characters need no allocation.
#[derive(Clone, Copy)]
pub(crate) struct Spelling {
    bytes: [u8; MAX_SPELLING],
    len: usize,
}

impl Spelling {
    fn new(spelling: &[u8]) -> Self {
        let mut bytes = [0; MAX_SPELLING];
        let len = spelling.len().min(MAX_SPELLING);
        for (slot, &byte) in bytes.iter_mut().zip(spelling) {
            *slot = byte;
        }
        Self { bytes, len }
    }

    pub(crate) fn as_slice(&self) -> &[u8] {
        self.bytes.get(..self.len).unwrap_or_default()
    }
}

impl Secret {
    /// Prepares for the next string, and keeps the allocations.
    pub(crate) fn clear(&mut self) {
        let Self { mut head, mut tail, .. } = mem::take(self);
        head.clear();
        tail.clear();
        *self = Self { head, tail, ..Self::default() };
    }

    pub(crate) fn is_empty(&self) -> bool {
        self.count == 0
    }

    /// Appends a character.
    pub(crate) fn push(&mut self, unit: Unit<'_>, policy: &Policy) {
        let parts = policy.parts();
        let at = usize::try_from(self.count).unwrap_or(usize::MAX);
        self.count += 1;
        if at < policy.longest_masked() {
            self.head.extend_from_slice(unit.spelling);
            if at < parts.first {
                self.first_len = self.head.len();
            }
            let differs_from = |short: &Filler| short.chars.get(at).copied() != unit.value;
            self.differs_from_short |= differs_from(&policy.short);
            let differs = |ellipsis: &Filler| {
                let expected = at.checked_sub(parts.first).and_then(|at| ellipsis.chars.get(at));
                expected.is_some_and(|&expected| Some(expected) != unit.value)
            };
            self.differs_from_masked |= differs(&policy.ellipsis);
            if let Some(unfilled) = &policy.unfilled {
                self.differs_from_unfilled |= differs(&unfilled.ellipsis);
                self.differs_from_unfilled_short |= differs_from(&unfilled.short);
            }
        }
        if self.tail.len() < parts.last {
            self.tail.push(Spelling::new(unit.spelling));
        } else if let Some(slot) = self.tail.get_mut(self.oldest) {
            *slot = Spelling::new(unit.spelling);
            self.oldest = (self.oldest + 1) % parts.last;
        }
    }

    /// Decides how the secret is shown. Call it at the secret's end.
    pub(crate) fn shown<'a>(&'a self, policy: &'a Policy) -> Shown<'a> {
        let is_short = self.count == policy.short.chars.len() as u64 && !self.differs_from_short;
        let is_masked = self.count == policy.masked_len() as u64 && !self.differs_from_masked;
        if self.count == 0 || is_short || is_masked {
            return Shown::Unchanged(&self.head);
        }
        let is_unfilled = policy.unfilled.as_ref().is_some_and(|unfilled| {
            self.count == policy.len_with(&unfilled.ellipsis) as u64 && !self.differs_from_unfilled
        });
        let is_unfilled_short = policy.unfilled.as_ref().is_some_and(|unfilled| {
            self.count == unfilled.short.chars.len() as u64 && !self.differs_from_unfilled_short
        });
        let came_masked = is_unfilled || is_unfilled_short;
        if is_unfilled_short || (self.count < policy.shown_from() as u64 && !is_unfilled) {
            return Shown::Replaced { front: [&policy.short.json, &[]], back: [&[], &[]], came_masked };
        }
        let front = self.head.get(..self.first_len).unwrap_or_default();
        let (newer, older) = self.tail.split_at_checked(self.oldest).unwrap_or_default();
        Shown::Replaced { front: [front, &policy.ellipsis.json], back: [older, newer], came_masked }
    }
}
