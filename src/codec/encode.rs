//! Applying content codings.

mod sink;

use std::io::{self, Write};
use std::{fmt, mem};

use bytes::BytesMut;

use self::sink::Sink;
use super::coding::Codings;

/// Applies a stack of codings to one body.
///
/// The whole body is one stream of each coding, however it is cut up: some clients read only the first member of a gzip
/// body. Without codings, bytes are copied as they are.
pub struct Encoder {
    sink: Sink,
}

/// A library that refused to encode.
#[derive(Debug, thiserror::Error)]
#[error("the body does not encode")]
pub struct EncodeError(#[from] io::Error);

impl Encoder {
    /// Makes an encoder that applies these codings in their order.
    ///
    /// # Errors
    ///
    /// [`EncodeError`] if a library cannot be set up.
    pub fn new(codings: &Codings) -> Result<Encoder, EncodeError> {
        let output = Sink::Output(BytesMut::new());
        let sink = codings.iter().rev().try_fold(output, |next, coding| Sink::before(coding, next))?;
        Ok(Encoder { sink })
    }

    /// Encodes a piece of the body and appends what comes out, which may be nothing yet, to `out`.
    ///
    /// # Errors
    ///
    /// [`EncodeError`] if a library fails; the body is then lost.
    pub fn write(&mut self, plain: &[u8], out: &mut BytesMut) -> Result<(), EncodeError> {
        self.run(out, |sink| sink.write_all(plain))
    }

    /// Appends to `out` what the client needs to read all that was written so far.
    ///
    /// This costs some bytes each time, so it is for when the next piece may be long in coming.
    ///
    /// # Errors
    ///
    /// As with [`write`](Encoder::write).
    pub fn flush(&mut self, out: &mut BytesMut) -> Result<(), EncodeError> {
        self.run(out, Sink::flush)
    }

    /// Ends the body and appends the rest of it to `out`.
    ///
    /// An encoder that is dropped instead leaves the body incomplete, and the client sees that.
    ///
    /// # Errors
    ///
    /// As with [`write`](Encoder::write).
    pub fn finish(self, out: &mut BytesMut) -> Result<(), EncodeError> {
        out.unsplit(self.sink.finish()?);
        Ok(())
    }

    /// Lends `out` to the end of the chain, so that nothing is copied once more.
    fn run(&mut self, out: &mut BytesMut, work: impl FnOnce(&mut Sink) -> io::Result<()>) -> Result<(), EncodeError> {
        mem::swap(self.sink.output(), out);
        let result = work(&mut self.sink);
        mem::swap(self.sink.output(), out);
        Ok(result?)
    }
}

impl fmt::Debug for Encoder {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.debug_struct("Encoder").finish_non_exhaustive()
    }
}
