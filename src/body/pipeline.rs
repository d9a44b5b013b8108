//! Decode, transform, encode: bytes of an upstream's body in, bytes for the client out. Sans-IO.

use super::transform::Transform;
use crate::codec::{Codings, DecodeError, Decoder, Encoder, Progress};
use crate::reason::Reason;
use bytes::{Bytes, BytesMut};

/// The path of a body from its upstream to the client. Every masked body takes this path.
pub(crate) struct Pipeline<T> {
    decoder: Decoder,
    transform: T,
    /// `None` if the output has no coding, and after the end. Boxed, because it is mostly `None`.
    encoder: Option<Box<Encoder>>,
    /// Transformed bytes for the encoder. Empty without an encoder.
    plain: BytesMut,
    plain_len: u64,
    has_data: bool,
    /// Whether the encoder may hold back output, which a flush would release.
    is_unflushed: bool,
}

/// The result of one step.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(crate) enum PipelineStep {
    /// A step was done, and more may be possible without input.
    Working,
    /// All input so far was used.
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

    /// Adds the next piece of the body. Call it after [`PipelineStep::NeedInput`].
    pub(crate) fn feed(&mut self, piece: Bytes) {
        self.transform.receive(&piece);
        self.decoder.feed(piece);
    }

    /// Marks the end of the input.
    pub(crate) fn finish(&mut self) {
        self.decoder.finish();
    }

    /// Decodes, transforms and encodes one bounded piece.
    ///
    /// # Errors
    /// The reason why the body cannot be transformed to its end.
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
                // An empty body holds no secret and is no page, so it passes unchanged, in any
                // coding. A body of white space is not empty: it is not JSON.
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

    /// Flushes the encoder, so that the client can read all transformed bytes while the upstream
    /// pauses.
    pub(crate) fn flush(&mut self, out: &mut BytesMut) -> Result<(), Reason> {
        match &mut self.encoder {
            Some(encoder) if std::mem::take(&mut self.is_unflushed) => {
                encoder.flush(out).map_err(|_| Reason::Incomplete)
            }
            _ => Ok(()),
        }
    }

    /// Returns the number of transformed bytes so far, before encoding.
    pub(crate) fn plain_len(&self) -> u64 {
        self.plain_len
    }

    /// Whether the decoded body has had at least one byte so far.
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
