//! Masking as a transform of bodies.

use super::failure::FailClosed;
use super::transform::Transform;
use crate::mask::{ErrorKind, Masker, Program, Summary};
use crate::reason::Reason;
use bytes::{Bytes, BytesMut};
use std::sync::Arc;

/// Masks the selected values of one body.
pub(crate) struct MaskTransform {
    masker: Masker,
    /// The reason to withhold a body that is not JSON. It depends on the body's media type.
    not_json: Reason,
    original: Option<PassThroughIfUntouched>,
}

impl MaskTransform {
    pub(crate) fn new(program: Arc<Program>, not_json: Reason) -> Self {
        Self { masker: Masker::new(program), not_json, original: None }
    }

    /// The same transform, which also keeps the original bytes for
    /// [`take_untouched`](Self::take_untouched) if there are at most `limit`.
    pub(crate) fn pass_through_if_untouched(self, limit: usize) -> Self {
        Self { original: Some(PassThroughIfUntouched { bytes: BytesMut::new(), limit }), ..self }
    }

    /// Takes the upstream's own bytes, if they were kept and no byte of the body was changed. The
    /// body must be over.
    pub(super) fn take_untouched(&mut self) -> Option<Bytes> {
        let Summary { masked: 0, marked: 0, .. } = self.summary() else { return None };
        self.original.take().map(|original| original.bytes.freeze())
    }

    /// What was done so far.
    pub(super) fn summary(&self) -> Summary {
        self.masker.summary()
    }
}

impl Transform for MaskTransform {
    type OnFailure = FailClosed;

    fn receive(&mut self, piece: &Bytes) {
        if let Some(original) = &mut self.original
            && !original.keep(piece)
        {
            self.original = None;
        }
    }

    #[inline]
    fn write(&mut self, piece: &[u8], out: &mut BytesMut) -> Result<(), Reason> {
        // Masked text is hardly ever longer than the original: one allocation for each piece.
        out.reserve(piece.len());
        self.masker.write(piece, out).map_err(|error| reason(error.kind(), self.not_json))
    }

    fn finish(&mut self, _: &mut BytesMut) -> Result<(), Reason> {
        self.masker.finish().map(drop).map_err(|error| reason(error.kind(), self.not_json))
    }

    /// A body that cannot be masked does not pass.
    fn fault(&self) -> Option<Reason> {
        None
    }
}

/// The upstream's own bytes, still in their codings, of an answer that may turn out to hold nothing
/// to mask. Such an answer passes through as it came, with its `Content-Length`, `ETag` and coding.
struct PassThroughIfUntouched {
    bytes: BytesMut,
    limit: usize,
}

impl PassThroughIfUntouched {
    /// Copies a piece. Returns false if the limit is exceeded.
    fn keep(&mut self, piece: &[u8]) -> bool {
        let fits = self.bytes.len() + piece.len() <= self.limit;
        if fits {
            self.bytes.extend_from_slice(piece);
        }
        fits
    }
}

/// What was made of a body so far.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct Reading {
    /// What was found.
    pub summary: Summary,
    /// `Ok` if the body was complete, or why the rest was withheld; `None` while it streams.
    pub ending: Option<Result<(), Reason>>,
}

fn reason(kind: ErrorKind, not_json: Reason) -> Reason {
    match kind {
        ErrorKind::TooDeep => Reason::TooDeep,
        ErrorKind::Incomplete | ErrorKind::Syntax | ErrorKind::Utf8 => not_json,
    }
}
