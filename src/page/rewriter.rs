//! Rewrites the decoded bytes of one page. Sans-IO.

use super::charset::Charset;
use super::handlers::{Placed, settings};
use super::rule::PageRule;
use crate::reason::Reason;
use bytes::BytesMut;
use lol_html::send::HtmlRewriter;
use lol_html::{AsciiCompatibleEncoding, OutputSink};
use std::sync::atomic::Ordering;
use std::sync::{Arc, Mutex, PoisonError};

/// Rewrites one page, piece by piece. After a fault, the rest passes as it came.
pub(super) struct Rewriter {
    rule: Arc<PageRule>,
    charset: Charset,
    state: RewriterState,
    output: Output,
    placed: Placed,
    fault: Option<Reason>,
}

enum RewriterState {
    /// Collects the first bytes, which may be a byte order mark.
    Starting { bytes: Vec<u8> },
    /// Parses the page. The lock is never contended. It only makes the body `Sync`, as other bodies
    /// are.
    Parsing(Box<Mutex<HtmlRewriter<'static, Output>>>),
    /// Passes the rest of the page.
    Passing,
}

impl Rewriter {
    pub(super) fn new(rule: Arc<PageRule>, charset: Charset) -> Self {
        let state = RewriterState::Starting { bytes: Vec::new() };
        Self { rule, charset, state, output: Output::default(), placed: Placed::default(), fault: None }
    }

    /// Takes the next piece of the page, and appends the output that is ready to `out`.
    pub(super) fn write(&mut self, piece: &[u8], out: &mut BytesMut) {
        match &mut self.state {
            RewriterState::Starting { bytes } => {
                bytes.extend_from_slice(piece);
                if bytes.len() >= MARK && (first_byte(bytes).is_some() || bytes.len() >= MAX_BLANKS) {
                    self.start(out);
                }
            }
            RewriterState::Parsing(rewriter) => {
                let written = rewriter.get_mut().unwrap_or_else(PoisonError::into_inner).write(piece);
                self.after_write(written.is_ok(), out);
            }
            RewriterState::Passing => out.extend_from_slice(piece),
        }
    }

    /// Ends the page.
    pub(super) fn finish(&mut self, out: &mut BytesMut) {
        if matches!(self.state, RewriterState::Starting { .. }) {
            self.start(out);
        }
        self.end(out);
    }

    /// Returns why the page or the rest of it passed as it came. `None` without a fault.
    pub(super) fn fault(&self) -> Option<Reason> {
        self.fault
    }

    /// Starts to parse, once enough bytes have come to see a byte order mark. The mark takes
    /// precedence over the charset of the header field (Encoding standard, 6).
    fn start(&mut self, out: &mut BytesMut) {
        let RewriterState::Starting { bytes } = std::mem::replace(&mut self.state, RewriterState::Passing) else {
            return;
        };
        let charset = match (&*bytes, self.charset) {
            ([0xfe, 0xff, ..] | [0xff, 0xfe, ..], _) => {
                self.fault = Some(Reason::Charset);
                out.extend_from_slice(&bytes);
                return;
            }
            ([0xef, 0xbb, 0xbf, ..], _) => Some(AsciiCompatibleEncoding::utf_8()),
            // Old APIs declare all their responses as HTML. JSON and plain text pass.
            (text, _) if first_byte(text).is_some_and(|byte| byte != b'<') => {
                out.extend_from_slice(&bytes);
                return;
            }
            (_, Charset::Declared(encoding)) => Some(encoding),
            (_, Charset::Undeclared) => None,
        };
        let settings = settings(&self.rule, &self.placed, charset);
        self.state = RewriterState::Parsing(Box::new(Mutex::new(HtmlRewriter::new(settings, self.output.clone()))));
        self.write(&bytes, out);
    }

    /// Takes the library's output after a write. After an error the library has already output all
    /// of its input, and must not be called again.
    fn after_write(&mut self, is_ok: bool, out: &mut BytesMut) {
        self.output.take(out);
        if !is_ok {
            self.state = RewriterState::Passing;
            self.fault = Some(Reason::TooLarge);
        } else if self.rule.remove.is_empty() && self.placed.load(Ordering::Relaxed) {
            // All changes are made. The rest of the page passes without being parsed.
            self.end(out);
        }
    }

    /// Ends the parsing, and takes the output that the library held back.
    fn end(&mut self, out: &mut BytesMut) {
        if let RewriterState::Parsing(rewriter) = std::mem::replace(&mut self.state, RewriterState::Passing) {
            if rewriter.into_inner().unwrap_or_else(PoisonError::into_inner).end().is_err() {
                self.fault = Some(Reason::TooLarge);
            }
            self.output.take(out);
        }
    }
}

/// The length of the longest byte order mark.
const MARK: usize = 3;

/// The most white space that is skipped in search of the first byte of a page.
const MAX_BLANKS: usize = 1024;

/// Returns the first byte that is not white space, if it comes early enough.
fn first_byte(bytes: &[u8]) -> Option<u8> {
    bytes.iter().take(MAX_BLANKS).copied().find(|byte| !byte.is_ascii_whitespace())
}

/// Collects the library's output until it is taken.
#[derive(Clone, Default)]
struct Output(Arc<Mutex<BytesMut>>);

impl Output {
    fn take(&self, out: &mut BytesMut) {
        let mut collected = self.0.lock().unwrap_or_else(PoisonError::into_inner);
        out.unsplit(collected.split());
    }
}

impl OutputSink for Output {
    fn handle_chunk(&mut self, chunk: &[u8]) {
        self.0.lock().unwrap_or_else(PoisonError::into_inner).extend_from_slice(chunk);
    }
}

#[cfg(test)]
mod tests;
