//! The interface of transforms, which change the decoded bytes of a body.

use super::failure::FailurePolicy;
use crate::reason::Reason;
use bytes::{Bytes, BytesMut};

/// Rewrites the bytes of one body, between decoding and encoding.
pub(crate) trait Transform {
    /// The failure policy if the body cannot be read to its end. It is a type, not a value, so that
    /// no code path can mask a body and fail open.
    type OnFailure: FailurePolicy;

    /// Receives each piece of the body as the upstream sent it, before it is decoded.
    fn receive(&mut self, _piece: &Bytes) {}

    /// Rewrites the next decoded piece, and appends the bytes for the client to `out`.
    ///
    /// # Errors
    /// The reason to withhold the rest of the body.
    fn write(&mut self, piece: &[u8], out: &mut BytesMut) -> Result<(), Reason>;

    /// Ends the body. Not called for an empty body.
    ///
    /// # Errors
    /// The reason to end the body with an error.
    fn finish(&mut self, out: &mut BytesMut) -> Result<(), Reason>;

    /// Returns the reason why the body, or the rest of it, passes without being rewritten. `None`
    /// if it is rewritten.
    fn fault(&self) -> Option<Reason>;
}
