//! Decode, transform, encode: bytes of an upstream's body in, bytes for the client out. Sans-IO.

use super::transform::Transform;
use crate::codec::{Codings, DecodeError, Decoder, Encoder, Progress};
use crate::reason::Reason;
use bytes::{Bytes, BytesMut};

/// The path of a body from its upstream to the client. No masked body takes any other path.
pub(crate) struct Pipeline<T> {
    decoder: Decoder,
    transform: T,
    /// `None` if the output has no coding, and after the end. Boxed, because most output has none.
    encoder: Option<Box<Encoder>>,
    /// Transformed output on its way to the encoder.
    plain: BytesMut,
    plain_len: u64,
    has_data: bool,
    /// Whether the encoder holds output back that a flush would release.
    is_unflushed: bool,
}

/// The result of one step.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(crate) enum PipelineStep {
    /// Some work was done, and more may be left.
    Working,
    /// All input was used.
    NeedInput,
    /// The body was complete, and all of it is in the output.
    End,
}

impl<T: Transform> Pipeline<T> {
    /// Creates a pipeline for one body that arrives in `upstream_codings` and leaves in
    /// `response_codings`.
    ///
    /// # Errors
    /// [`Reason::UnknownEncoding`] if a library cannot be set up.
    pub(crate) fn new(
        transform: T,
        upstream_codings: &Codings,
        response_codings: &Codings,
        max_body_bytes: Option<u64>,
    ) -> Result<Self, Reason> {
        let encoder = match response_codings.is_identity() {
            true => None,
            false => Some(Box::new(Encoder::new(response_codings).map_err(|_| Reason::UnknownEncoding)?)),
        };
        Ok(Self {
            decoder: Decoder::new(upstream_codings, max_body_bytes),
            transform,
            encoder,
            plain: BytesMut::new(),
            plain_len: 0,
            has_data: false,
            is_unflushed: false,
        })
    }

    /// Takes the next piece of the body. Call it after [`PipelineStep::NeedInput`].
    pub(crate) fn feed(&mut self, piece: Bytes) {
        self.transform.receive(&piece);
        self.decoder.feed(piece);
    }

    /// Ends the input.
    pub(crate) fn finish(&mut self) {
        self.decoder.finish();
    }

    /// Does a bounded amount of work.
    ///
    /// # Errors
    /// Why the body cannot be given to its end.
    pub(crate) fn step(&mut self, out: &mut BytesMut) -> Result<PipelineStep, Reason> {
        match self.decoder.next().map_err(decode_reason)? {
            Progress::NeedInput => Ok(PipelineStep::NeedInput),
            Progress::Data(piece) => {
                self.has_data |= !piece.is_empty();
                let plain = if self.encoder.is_some() { &mut self.plain } else { &mut *out };
                let before = plain.len();
                let written = self.transform.write(piece, plain);
                self.plain_len += (plain.len() - before) as u64;
                written?;
                self.encode(out)?;
                Ok(PipelineStep::Working)
            }
            Progress::End => {
                // A body without a byte holds no secret and is no page: it passes as it is, in any
                // coding. A body of blanks is not JSON.
                if self.has_data {
                    let plain = if self.encoder.is_some() { &mut self.plain } else { &mut *out };
                    self.transform.finish(plain)?;
                    self.encode(out)?;
                    if let Some(encoder) = self.encoder.take() {
                        encoder.finish(out).map_err(|_| Reason::Incomplete)?;
                    }
                }
                Ok(PipelineStep::End)
            }
        }
    }

    /// Makes all that was transformed so far readable for the client, while the upstream pauses.
    pub(crate) fn flush(&mut self, out: &mut BytesMut) -> Result<(), Reason> {
        match &mut self.encoder {
            Some(encoder) if std::mem::take(&mut self.is_unflushed) => {
                encoder.flush(out).map_err(|_| Reason::Incomplete)
            }
            _ => Ok(()),
        }
    }

    /// The number of bytes that were transformed so far, before they were encoded.
    pub(crate) fn plain_len(&self) -> u64 {
        self.plain_len
    }

    /// Whether the body, once decoded, has held a byte so far.
    pub(crate) fn has_data(&self) -> bool {
        self.has_data
    }

    pub(crate) fn transform(&self) -> &T {
        &self.transform
    }

    pub(crate) fn transform_mut(&mut self) -> &mut T {
        &mut self.transform
    }

    fn encode(&mut self, out: &mut BytesMut) -> Result<(), Reason> {
        if let Some(encoder) = self.encoder.as_mut().filter(|_| !self.plain.is_empty()) {
            encoder.write(&self.plain, out).map_err(|_| Reason::Incomplete)?;
            self.plain.clear();
            self.is_unflushed = true;
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
