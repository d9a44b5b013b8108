//! Rewrites the bytes of one page, once its codings are undone. Sans-IO.

use super::charset::Charset;
use super::handlers::{Placed, settings};
use super::rule::PageRule;
use crate::reason::Reason;
use bytes::BytesMut;
use lol_html::send::HtmlRewriter;
use lol_html::{AsciiCompatibleEncoding, OutputSink};
use std::sync::atomic::Ordering;
use std::sync::{Arc, Mutex, PoisonError};

/// Rewrites one page, piece by piece. From a fault on, the rest passes as it came.
pub(super) struct Rewriter {
    rule: Arc<PageRule>,
    charset: Charset,
    state: RewriterState,
    output: Output,
    placed: Placed,
    fault: Option<Reason>,
}

enum RewriterState {
    /// The first bytes, of which some may be a byte order mark.
    Beginning { bytes: Vec<u8> },
    /// The page is read. The lock is never waited for: it is there so that the body may be shared, as other bodies may.
    Reading(Box<Mutex<HtmlRewriter<'static, Output>>>),
    /// What is left passes.
    Passing,
}

impl Rewriter {
    pub(super) fn new(rule: Arc<PageRule>, charset: Charset) -> Self {
        let state = RewriterState::Beginning { bytes: Vec::new() };
        Self { rule, charset, state, output: Output::default(), placed: Placed::default(), fault: None }
    }

    /// Takes the next piece of the page, and gives out what can be given so far.
    pub(super) fn write(&mut self, piece: &[u8], out: &mut BytesMut) {
        match &mut self.state {
            RewriterState::Beginning { bytes } => {
                bytes.extend_from_slice(piece);
                if bytes.len() >= MARK && (first_of(bytes).is_some() || bytes.len() >= MOST_BLANK) {
                    self.begin(out);
                }
            }
            RewriterState::Reading(rewriter) => {
                let written = rewriter.get_mut().unwrap_or_else(PoisonError::into_inner).write(piece);
                self.read(written.is_ok(), out);
            }
            RewriterState::Passing => out.extend_from_slice(piece),
        }
    }

    /// The page is over.
    pub(super) fn finish(&mut self, out: &mut BytesMut) {
        if matches!(self.state, RewriterState::Beginning { .. }) {
            self.begin(out);
        }
        self.end(out);
    }

    /// Why the page, or the rest of it, passes as it came.
    pub(super) fn fault(&self) -> Option<Reason> {
        self.fault
    }

    /// Begins to read, once it is known whether there is a byte order mark. It outweighs the header field (Encoding, 6).
    fn begin(&mut self, out: &mut BytesMut) {
        let RewriterState::Beginning { bytes } = std::mem::replace(&mut self.state, RewriterState::Passing) else {
            return;
        };
        let said = match (&*bytes, self.charset) {
            ([0xfe, 0xff, ..] | [0xff, 0xfe, ..], _) => {
                self.fault = Some(Reason::Charset);
                out.extend_from_slice(&bytes);
                return;
            }
            ([0xef, 0xbb, 0xbf, ..], _) => Some(AsciiCompatibleEncoding::utf_8()),
            // Old APIs say of all their answers that they are HTML. JSON and plain text pass.
            (text, _) if first_of(text).is_some_and(|byte| byte != b'<') => {
                out.extend_from_slice(&bytes);
                return;
            }
            (_, Charset::Said(encoding)) => Some(encoding),
            (_, Charset::Unsaid) => None,
        };
        let settings = settings(&self.rule, &self.placed, said);
        self.state = RewriterState::Reading(Box::new(Mutex::new(HtmlRewriter::new(settings, self.output.clone()))));
        self.write(&bytes, out);
    }

    /// Takes what was read. After a fault the library has given out all that it was given, and must not be asked again.
    fn read(&mut self, well: bool, out: &mut BytesMut) {
        self.output.take(out);
        if !well {
            self.state = RewriterState::Passing;
            self.fault = Some(Reason::TooLarge);
        } else if self.rule.remove.is_empty() && self.placed.load(Ordering::Relaxed) {
            // Nothing is left to be done. What is not read cannot be misread.
            self.end(out);
        }
    }

    /// Ends the reading; what was held back comes out.
    fn end(&mut self, out: &mut BytesMut) {
        if let RewriterState::Reading(rewriter) = std::mem::replace(&mut self.state, RewriterState::Passing) {
            if rewriter.into_inner().unwrap_or_else(PoisonError::into_inner).end().is_err() {
                self.fault = Some(Reason::TooLarge);
            }
            self.output.take(out);
        }
    }
}

/// Bytes of the longest byte order mark.
const MARK: usize = 3;

/// Most white space that is waited through for the first byte of a page.
const MOST_BLANK: usize = 1024;

/// The first byte that is no white space, if it is not too far away.
fn first_of(bytes: &[u8]) -> Option<u8> {
    bytes.iter().take(MOST_BLANK).copied().find(|byte| !byte.is_ascii_whitespace())
}

/// Where the library's output gathers until it is taken.
#[derive(Clone, Default)]
struct Output(Arc<Mutex<BytesMut>>);

impl Output {
    fn take(&self, out: &mut BytesMut) {
        let mut gathered = self.0.lock().unwrap_or_else(PoisonError::into_inner);
        out.unsplit(gathered.split());
    }
}

impl OutputSink for Output {
    fn handle_chunk(&mut self, chunk: &[u8]) {
        self.0.lock().unwrap_or_else(PoisonError::into_inner).extend_from_slice(chunk);
    }
}

#[cfg(test)]
mod tests;
