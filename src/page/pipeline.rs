//! Decode, rewrite, encode: bytes of an upstream's page in, bytes for the client out. Sans-IO.

use super::charset::Charset;
use super::rewriter::Rewriter;
use super::rule::PageRule;
use crate::codec::{Codings, DecodeError, Decoder, EncodeError, Encoder, Progress};
use crate::reason::Reason;
use bytes::{Bytes, BytesMut};
use std::sync::Arc;

/// The way of a page from its upstream to a client.
pub(crate) struct PagePipeline {
    decoder: Decoder,
    rewriter: Rewriter,
    /// `None` where the output is plain; taken when it ends.
    encoder: Option<Encoder>,
    /// The rewritten page on its way to the encoder.
    plain: BytesMut,
    decoded_any: bool,
    /// Whether the encoder holds output back that a flush would give.
    unflushed: bool,
}

/// What one step came to.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(super) enum Step {
    /// Something was done; there may be more to do.
    Working,
    /// All that was fed is through.
    NeedInput,
    /// The page is over and all in the output.
    End,
}

impl PagePipeline {
    /// A pipeline for one page that came in `codings` and goes out in `give_back`.
    ///
    /// # Errors
    /// A library cannot be set up.
    pub(crate) fn new(
        rule: Arc<PageRule>,
        charset: Charset,
        codings: &Codings,
        give_back: &Codings,
    ) -> Result<Self, EncodeError> {
        let encoder = match give_back.is_identity() {
            true => None,
            false => Some(Encoder::new(give_back)?),
        };
        Ok(Self {
            decoder: Decoder::new(codings, None),
            rewriter: Rewriter::new(rule, charset),
            encoder,
            plain: BytesMut::new(),
            decoded_any: false,
            unflushed: false,
        })
    }

    /// Takes the next piece of the page, once the piece before is through.
    pub(super) fn feed(&mut self, piece: Bytes) {
        self.decoder.feed(piece);
    }

    /// No piece follows.
    pub(super) fn finish(&mut self) {
        self.decoder.finish();
    }

    /// Does a bounded amount of work.
    ///
    /// # Errors
    /// The page cannot be decoded, by a browser no more than here: it ends as it would without last4, with a failure.
    pub(super) fn step(&mut self, out: &mut BytesMut) -> Result<Step, Reason> {
        match self.decoder.next().map_err(decode_reason)? {
            Progress::NeedInput => Ok(Step::NeedInput),
            Progress::Data(piece) => {
                self.decoded_any |= !piece.is_empty();
                let plain = if self.encoder.is_some() { &mut self.plain } else { &mut *out };
                self.rewriter.write(piece, plain);
                self.encode(out)?;
                Ok(Step::Working)
            }
            Progress::End => {
                // No bytes are no page, in any coding.
                if self.decoded_any {
                    let plain = if self.encoder.is_some() { &mut self.plain } else { &mut *out };
                    self.rewriter.finish(plain);
                    self.encode(out)?;
                    if let Some(encoder) = self.encoder.take() {
                        encoder.finish(out).map_err(|_| Reason::DecodeFailed)?;
                    }
                }
                Ok(Step::End)
            }
        }
    }

    /// Makes all that was rewritten so far readable for the client, while nothing more comes.
    pub(super) fn flush(&mut self, out: &mut BytesMut) -> Result<(), Reason> {
        match &mut self.encoder {
            Some(encoder) if std::mem::take(&mut self.unflushed) => {
                encoder.flush(out).map_err(|_| Reason::DecodeFailed)
            }
            _ => Ok(()),
        }
    }

    /// Why the page, or the rest of it, passes as it came.
    pub(super) fn fault(&self) -> Option<Reason> {
        self.rewriter.fault()
    }

    fn encode(&mut self, out: &mut BytesMut) -> Result<(), Reason> {
        if let Some(encoder) = self.encoder.as_mut().filter(|_| !self.plain.is_empty()) {
            encoder.write(&self.plain, out).map_err(|_| Reason::DecodeFailed)?;
            self.plain.clear();
            self.unflushed = true;
        }
        Ok(())
    }
}

fn decode_reason(error: DecodeError) -> Reason {
    match error {
        DecodeError::Corrupt => Reason::DecodeFailed,
        DecodeError::Incomplete => Reason::Incomplete,
        DecodeError::TooLarge => Reason::TooLarge,
    }
}
