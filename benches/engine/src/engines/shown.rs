//! The policy's default, for maskers made of other libraries.

const FIRST: usize = 5;
const LAST: usize = 4;
const MIN_HIDDEN: usize = 8;

/// The parts of a token that stay, and what stands between them. Tokens with escapes or letters beyond ASCII are not in the
/// texts, so the other libraries are spared that work.
fn shown(token: &[u8]) -> [&[u8]; 3] {
    if token.len() < FIRST + LAST + MIN_HIDDEN {
        return [b"", b"***", b""];
    }
    [&token[..FIRST], b"...", &token[token.len() - LAST..]]
}

pub(super) fn masked(token: &str) -> String {
    String::from_utf8(shown(token.as_bytes()).concat()).expect("ASCII, cut anywhere")
}

/// Copies a text but for the tokens found in it, in order.
pub(super) struct Splice<'a> {
    text: &'a [u8],
    copied: usize,
    output: &'a mut Vec<u8>,
}

impl<'a> Splice<'a> {
    pub(super) fn new(text: &'a [u8], output: &'a mut Vec<u8>) -> Self {
        Self { text, copied: 0, output }
    }

    /// Masks the string that begins with the quote at `start` and ends before `end`.
    pub(super) fn mask(&mut self, start: usize, end: usize) {
        self.output.extend_from_slice(&self.text[self.copied..=start]);
        for part in shown(&self.text[start + 1..end - 1]) {
            self.output.extend_from_slice(part);
        }
        self.copied = end - 1;
    }

    pub(super) fn finish(self) {
        self.output.extend_from_slice(&self.text[self.copied..]);
    }
}
