//! Decode, mask, encode: bytes of an upstream body in, bytes for the client out. Sans-IO.

use crate::codec::{Codings, DecodeError, Decoder, Encoder, Progress};
use crate::mask::{ErrorKind, Masker, Program, Summary};
use crate::reason::Reason;
use bytes::{Bytes, BytesMut};
use std::sync::Arc;

/// The only way from an upstream body on a masked route to a client.
pub(crate) struct Pipeline {
    decoder: Decoder,
    masker: Masker,
    /// `None` where the output is plain; taken when it ends. In a box, for most output is plain.
    encoder: Option<Box<Encoder>>,
    /// Masked output on its way to the encoder.
    plain: BytesMut,
    plain_len: u64,
    decoded_any: bool,
    /// What a body that is not JSON is called, by the media type it came with.
    not_json: Reason,
    /// Whether the encoder holds output back that a flush would give.
    unflushed: bool,
}

/// What one step came to.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(crate) enum Step {
    /// Something was done; there may be more to do.
    Working,
    /// All that was fed is through.
    NeedInput,
    /// The body is over, was whole, and is all in the output.
    End,
}

impl Pipeline {
    /// A pipeline for one body that came in `codings` and goes out in `give_back`.
    pub(crate) fn new(
        program: Arc<Program>,
        codings: &Codings,
        give_back: &Codings,
        max_body_bytes: Option<u64>,
        not_json: Reason,
    ) -> Result<Self, Reason> {
        let encoder = match give_back.is_identity() {
            true => None,
            false => Some(Box::new(Encoder::new(give_back).map_err(|_| Reason::UnknownEncoding)?)),
        };
        Ok(Self {
            decoder: Decoder::new(codings, max_body_bytes),
            masker: Masker::new(program),
            encoder,
            plain: BytesMut::new(),
            plain_len: 0,
            decoded_any: false,
            not_json,
            unflushed: false,
        })
    }

    /// Takes the next piece of the body, once the piece before is through.
    pub(crate) fn feed(&mut self, piece: Bytes) {
        self.decoder.feed(piece);
    }

    /// No piece follows.
    pub(crate) fn finish(&mut self) {
        self.decoder.finish();
    }

    /// Does a bounded amount of work.
    ///
    /// # Errors
    /// Why the rest must be withheld, and a clean end with it.
    pub(crate) fn step(&mut self, out: &mut BytesMut) -> Result<Step, Reason> {
        match self.decoder.next().map_err(decode_reason)? {
            Progress::NeedInput => Ok(Step::NeedInput),
            Progress::Data(piece) => {
                self.decoded_any |= !piece.is_empty();
                let plain = if self.encoder.is_some() { &mut self.plain } else { &mut *out };
                // What is masked is hardly ever longer than what came: one allocation for each piece.
                plain.reserve(piece.len());
                let before = plain.len();
                let masked = self.masker.write(piece, plain);
                self.plain_len += (plain.len() - before) as u64;
                masked.map_err(|error| mask_reason(error.kind(), self.not_json))?;
                self.encode(out)?;
                Ok(Step::Working)
            }
            Progress::End => {
                // A body of no bytes is nobody's secret and passes as it is; but blank text is no JSON.
                if self.decoded_any {
                    self.masker.finish().map_err(|error| mask_reason(error.kind(), self.not_json))?;
                    if let Some(encoder) = self.encoder.take() {
                        encoder.finish(out).map_err(|_| Reason::Incomplete)?;
                    }
                }
                Ok(Step::End)
            }
        }
    }

    /// Makes all that was masked so far readable for the client, while nothing more comes.
    pub(crate) fn flush(&mut self, out: &mut BytesMut) -> Result<(), Reason> {
        match &mut self.encoder {
            Some(encoder) if std::mem::take(&mut self.unflushed) => encoder.flush(out).map_err(|_| Reason::Incomplete),
            _ => Ok(()),
        }
    }

    /// Masked bytes so far, before they were encoded.
    pub(crate) fn plain_len(&self) -> u64 {
        self.plain_len
    }

    /// Whether the body has held any byte once decoded.
    pub(crate) fn decoded_any(&self) -> bool {
        self.decoded_any
    }

    /// What was done so far.
    pub(crate) fn summary(&self) -> Summary {
        self.masker.summary()
    }

    fn encode(&mut self, out: &mut BytesMut) -> Result<(), Reason> {
        if let Some(encoder) = self.encoder.as_mut().filter(|_| !self.plain.is_empty()) {
            encoder.write(&self.plain, out).map_err(|_| Reason::Incomplete)?;
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

fn mask_reason(kind: ErrorKind, not_json: Reason) -> Reason {
    match kind {
        ErrorKind::TooDeep => Reason::TooDeep,
        ErrorKind::Incomplete | ErrorKind::Syntax | ErrorKind::Utf8 => not_json,
    }
}
