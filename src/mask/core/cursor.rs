//! The chunk being read, and how much of it was passed to the sink.

use super::error::ErrorKind;
use super::secret::{Hidden, hidden_of_plain};
use super::sink::Sink;
use super::summary::Summary;
use crate::mask::rules::Policy;
use memchr::memchr2;

pub(crate) struct Cursor<'a, S> {
    chunk: &'a [u8],
    /// Position of the next byte to read: `at <= chunk.len()`.
    pub(crate) at: usize,
    /// Position of the first byte that passes and was not yet output.
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

    /// Masks the secret at `start`, which is ASCII without escapes, and outputs the bytes before
    /// it.
    // Not inlined: in a list this is called only for a secret with another length than the one
    // before. Inlined, it would take registers from the loop.
    #[inline(never)]
    pub(crate) fn mask_plain(&mut self, start: usize, secret: &[u8], policy: &Policy, summary: &mut Summary) {
        let Some(Hidden { range, with, came_masked }) = hidden_of_plain(secret, policy) else {
            summary.unchanged += 1;
            summary.came_masked += u64::from(!secret.is_empty());
            return;
        };
        summary.masked += 1;
        summary.came_masked += u64::from(came_masked);
        self.splice(start + range.start, start + range.end, with);
    }

    /// Replaces the bytes `from..to` of the chunk by `with`, and outputs the bytes before them.
    #[inline(always)]
    pub(crate) fn splice(&mut self, from: usize, to: usize, with: &[u8]) {
        let passes = self.chunk.get(self.shown_from..).unwrap_or_default();
        self.sink.splice(passes, from - self.shown_from, with);
        self.shown_from = to;
    }

    pub(crate) fn peek(&self) -> Option<u8> {
        self.chunk.get(self.at).copied()
    }

    /// Outputs the bytes before the cursor. The bytes after it are hidden until [`Self::show`].
    pub(crate) fn hide(&mut self) {
        if let Some(verbatim) = self.chunk.get(self.shown_from..self.at).filter(|bytes| !bytes.is_empty()) {
            self.sink.verbatim(verbatim);
        }
        self.shown_from = self.at;
    }

    /// Ends hiding: the bytes from the cursor on pass.
    pub(crate) fn show(&mut self) {
        self.shown_from = self.at;
    }

    pub(crate) fn skip_whitespace(&mut self) {
        let rest = self.rest();
        self.at += rest.iter().position(|byte| !matches!(byte, b' ' | b'\t' | b'\n' | b'\r')).unwrap_or(rest.len());
    }

    /// Moves to the next quote or backslash of a string and returns that byte. Returns `None` at
    /// the end of the chunk.
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

    /// Returns the inside of the string whose opening quote is before the cursor. `None` if the
    /// string does not end in this chunk, or has an escape or a control character.
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

/// Whether there is a control character, which JSON does not allow inside strings. A fold without
/// early exit, because compilers vectorise that.
fn has_control(bytes: &[u8]) -> bool {
    bytes.iter().fold(false, |found, &byte| found | (byte < 0x20))
}
