//! Applies content codings.

mod chain;

use super::coding::Codings;
use bytes::BytesMut;
use chain::EncoderChain;
use std::io::{self, Write};
use std::{fmt, mem};

/// Applies a stack of codings to one body.
///
/// The whole body becomes one stream of each coding, with any number of pieces: some clients read
/// only the first member of a gzip body. Without codings, bytes are copied.
pub struct Encoder {
    chain: EncoderChain,
}

/// A library failed to encode.
#[derive(Debug, thiserror::Error)]
#[error("the body does not encode")]
pub struct EncodeError(#[from] io::Error);

impl Encoder {
    /// Returns an encoder that applies these codings in their order.
    ///
    /// # Errors
    /// A library cannot be set up.
    pub fn new(codings: &Codings) -> Result<Self, EncodeError> {
        let output = EncoderChain::Output(BytesMut::new());
        let chain = codings.iter().rev().try_fold(output, |next, coding| EncoderChain::before(coding, next))?;
        Ok(Self { chain })
    }

    /// Encodes a piece of the body and appends the encoded bytes, if any, to `out`.
    ///
    /// # Errors
    /// A library fails. The encoder must not be used again.
    pub fn write(&mut self, plain: &[u8], out: &mut BytesMut) -> Result<(), EncodeError> {
        self.run(out, |chain| chain.write_all(plain))
    }

    /// Appends to `out` the bytes that the client needs to read every piece so far.
    ///
    /// Each call costs some bytes, so use it only if the next piece may take long to arrive.
    ///
    /// # Errors
    /// As with [`write`](Self::write).
    pub fn flush(&mut self, out: &mut BytesMut) -> Result<(), EncodeError> {
        self.run(out, EncoderChain::flush)
    }

    /// Ends the body and appends the rest of it to `out`.
    ///
    /// If the encoder is dropped instead, the body stays incomplete, and the client can detect
    /// that.
    ///
    /// # Errors
    /// As with [`write`](Self::write).
    pub fn finish(self, out: &mut BytesMut) -> Result<(), EncodeError> {
        out.unsplit(self.chain.finish()?);
        Ok(())
    }

    /// Runs `work` with `out` swapped into the end of the chain, so that the output is not copied
    /// again.
    fn run(
        &mut self,
        out: &mut BytesMut,
        work: impl FnOnce(&mut EncoderChain) -> io::Result<()>,
    ) -> Result<(), EncodeError> {
        mem::swap(self.chain.output(), out);
        let result = work(&mut self.chain);
        mem::swap(self.chain.output(), out);
        Ok(result?)
    }
}

impl fmt::Debug for Encoder {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.debug_struct("Encoder").finish_non_exhaustive()
    }
}
