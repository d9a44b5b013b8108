//! The chunk being read, and how much of it was given out.

use super::error::ErrorKind;
use super::secret::{Hidden, hidden_of_plain};
use super::sink::Sink;
use super::summary::Summary;
use crate::mask::rules::Policy;
use memchr::memchr2;

pub(crate) struct Cursor<'a, S> {
    chunk: &'a [u8],
    /// The next byte to read: `at <= chunk.len()`.
    pub(crate) at: usize,
    /// The first byte that passes and was not yet given out.
    shown_from: usize,
    pub(crate) sink: &'a mut S,
}

impl<'a, S: Sink> Cursor<'a, S> {
    pub(crate) fn new(chunk: &'a [u8], sink: &'a mut S) -> Self {
        Self { chunk, at: 0, shown_from: 0, sink }
    }

    pub(crate) fn chunk(&self) -> &'a [u8] {
        self.chunk
    }

    /// Masks the secret at `start`, which is ASCII without escapes. Gives out what passes before
    /// it.
    // Not inlined: in a list it is called only if a secret has another length than the one before,
    // and it would take registers from the loop.
    #[inline(never)]
    pub(crate) fn mask_plain(&mut self, start: usize, secret: &[u8], policy: &Policy, summary: &mut Summary) {
        let Some(Hidden { range, with }) = hidden_of_plain(secret, policy) else {
            summary.unchanged += 1;
            return;
        };
        summary.masked += 1;
        self.splice(start + range.start, start + range.end, with);
    }

    /// Replaces the bytes of the chunk in `from..to` by `with`. Gives out what passes before them.
    #[inline(always)]
    pub(crate) fn splice(&mut self, from: usize, to: usize, with: &[u8]) {
        let passes = self.chunk.get(self.shown_from..).unwrap_or_default();
        self.sink.splice(passes, from - self.shown_from, with);
        self.shown_from = to;
    }

    pub(crate) fn peek(&self) -> Option<u8> {
        self.chunk.get(self.at).copied()
    }

    /// Gives out what passes before the cursor. What follows is hidden until [`Self::show`].
    pub(crate) fn hide(&mut self) {
        if let Some(verbatim) = self.chunk.get(self.shown_from..self.at).filter(|bytes| !bytes.is_empty()) {
            self.sink.verbatim(verbatim);
        }
        self.shown_from = self.at;
    }

    /// Lets pass what follows.
    pub(crate) fn show(&mut self) {
        self.shown_from = self.at;
    }

    pub(crate) fn skip_whitespace(&mut self) {
        let rest = self.rest();
        self.at += rest.iter().position(|byte| !matches!(byte, b' ' | b'\t' | b'\n' | b'\r')).unwrap_or(rest.len());
    }

    /// Moves to the next quote or backslash of a string and returns it, or to the end of the chunk.
    pub(crate) fn skip_plain(&mut self) -> Result<Option<u8>, ErrorKind> {
        let rest = self.rest();
        let end = memchr2(b'"', b'\\', rest).unwrap_or(rest.len());
        let plain = rest.get(..end).unwrap_or_default();
        if has_control(plain) {
            self.at += plain.iter().position(|&byte| byte < 0x20).unwrap_or(0);
            return Err(ErrorKind::Syntax);
        }
        self.at += end;
        Ok(self.peek())
    }

    /// The inside of the string that begins here, if it ends in this chunk and has neither escapes
    /// nor faults.
    pub(crate) fn plain_string_ahead(&self) -> Option<&'a [u8]> {
        let rest = self.rest();
        let end = memchr2(b'"', b'\\', rest)?;
        let inside = rest.get(..end)?;
        (rest.get(end) == Some(&b'"') && !has_control(inside)).then_some(inside)
    }

    fn rest(&self) -> &'a [u8] {
        self.chunk.get(self.at..).unwrap_or_default()
    }
}

/// Whether there is a byte that JSON does not allow inside strings. A fold without early exit,
/// because compilers vectorise that.
fn has_control(bytes: &[u8]) -> bool {
    bytes.iter().fold(false, |found, &byte| found | (byte < 0x20))
}
