//! What can be done to the decoded bytes of a body.

use super::failure::FailurePolicy;
use crate::reason::Reason;
use bytes::{Bytes, BytesMut};

/// Rewrites the bytes of one body, after its content codings are removed and before new ones are
/// applied.
pub(crate) trait Transform {
    /// What the client gets when the body cannot be read to its end. This is a type, not a value,
    /// so that no code path can mask a body and fail open.
    type OnFailure: FailurePolicy;

    /// Receives each piece of the body as the upstream sent it, before it is decoded.
    fn receive(&mut self, _piece: &Bytes) {}

    /// Rewrites the next decoded piece, and appends to `out` what can be given to the client.
    ///
    /// # Errors
    /// Why the rest of the body cannot be given to the client.
    fn write(&mut self, piece: &[u8], out: &mut BytesMut) -> Result<(), Reason>;

    /// Ends the body, which had at least one byte.
    ///
    /// # Errors
    /// Why the body must not end cleanly.
    fn finish(&mut self, out: &mut BytesMut) -> Result<(), Reason>;

    /// Why the body, or the rest of it, passes without being rewritten.
    fn fault(&self) -> Option<Reason>;
}
