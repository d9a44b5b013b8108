//! The transform that masks a body.

use super::failure::FailClosed;
use super::transform::Transform;
use crate::mask::{ErrorKind, Masker, Program, Summary};
use crate::reason::Reason;
use bytes::{Bytes, BytesMut};
use std::sync::Arc;

/// Masks the selected values of one body.
pub(crate) struct MaskTransform {
    masker: Masker,
    /// The reason for withholding a body that is not JSON. It depends on the body's media type.
    not_json: Reason,
    original: Option<PassThroughIfUntouched>,
}

impl MaskTransform {
    pub(crate) fn new(program: Arc<Program>, not_json: Reason) -> Self {
        Self { masker: Masker::new(program), not_json, original: None }
    }

    /// Also keeps the upstream's original bytes for [`take_untouched`](Self::take_untouched), if
    /// there are at most `limit` bytes.
    pub(crate) fn pass_through_if_untouched(self, limit: usize) -> Self {
        Self { original: Some(PassThroughIfUntouched { bytes: BytesMut::new(), limit }), ..self }
    }

    /// Takes the upstream's original bytes, if they were kept and masking changed no byte. The body
    /// must have ended.
    pub(super) fn take_untouched(&mut self) -> Option<Bytes> {
        let Summary { masked: 0, marked: 0, .. } = self.summary() else { return None };
        self.original.take().map(|original| original.bytes.freeze())
    }

    /// Returns the counts so far.
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
        // One allocation for each piece: masked text is hardly ever longer than the original.
        out.reserve(piece.len());
        self.masker.write(piece, out).map_err(|error| reason(error.kind(), self.not_json))
    }

    fn finish(&mut self, _: &mut BytesMut) -> Result<(), Reason> {
        self.masker.finish().map(drop).map_err(|error| reason(error.kind(), self.not_json))
    }

    /// `None`, because a body that cannot be masked does not pass.
    fn fault(&self) -> Option<Reason> {
        None
    }
}

/// The upstream's original bytes, still encoded, in case masking changes nothing. Such a response
/// passes unchanged, with its `Content-Length`, `ETag` and coding.
struct PassThroughIfUntouched {
    bytes: BytesMut,
    limit: usize,
}

impl PassThroughIfUntouched {
    /// Copies a piece. Returns false if the bytes would exceed the limit.
    fn keep(&mut self, piece: &[u8]) -> bool {
        let fits = self.bytes.len() + piece.len() <= self.limit;
        if fits {
            self.bytes.extend_from_slice(piece);
        }
        fits
    }
}

/// The counts of a body so far, and how it ended.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct Reading {
    /// The counts of masked and other values.
    pub summary: Summary,
    /// `Ok` if the body was complete, or the reason for withholding the rest. `None` while the body
    /// streams.
    pub ending: Option<Result<(), Reason>>,
}

fn reason(kind: ErrorKind, not_json: Reason) -> Reason {
    match kind {
        ErrorKind::TooDeep => Reason::TooDeep,
        ErrorKind::Incomplete | ErrorKind::Syntax | ErrorKind::Utf8 => not_json,
    }
}
