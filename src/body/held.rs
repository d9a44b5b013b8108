//! The start of a masked body, held back until the head of the answer can be sent.

use super::mask::{MaskTransform, Reading};
use super::transform_body::{BodyState, STEPS, TransformBody};
use crate::mask::Summary;
use crate::reason::Reason;
use bytes::Bytes;
use http_body::Body;
use std::task::{Context, Poll, ready};

/// A body whose selected values are masked while it streams.
pub(crate) type MaskBody<B> = TransformBody<B, MaskTransform>;

/// A body whose head was not sent yet, after the hold.
pub(crate) enum HeldBody<B> {
    /// The whole body fits in the hold.
    Complete(MaskedBytes),
    /// The body is longer. Its output so far is the start.
    Partial(Box<MaskBody<B>>),
}

/// A complete body, masked. The fields are private, so that only a [`MaskBody`] that came to its
/// end can create this.
pub(crate) struct MaskedBytes {
    masked: Bytes,
    untouched: Option<Bytes>,
    summary: Summary,
    has_data: bool,
}

impl MaskedBytes {
    /// The masked bytes.
    pub(crate) fn into_masked(self) -> Bytes {
        self.masked
    }

    /// Takes the upstream's own bytes, if they were kept and no byte of them was changed.
    pub(crate) fn take_untouched(&mut self) -> Option<Bytes> {
        self.untouched.take()
    }

    /// What was done.
    pub(crate) fn summary(&self) -> Summary {
        self.summary
    }

    /// Whether the upstream's body, decoded, held any byte.
    pub(crate) fn has_data(&self) -> bool {
        self.has_data
    }
}

impl<B: Body + Unpin> MaskBody<B> {
    /// Masks until the body is over or more than `hold_bytes` of output are held.
    ///
    /// # Errors
    /// Why the body must be withheld. Nothing of it has left.
    pub(crate) fn poll_hold(&mut self, cx: &mut Context<'_>, hold_bytes: usize) -> Poll<Result<(), Reason>> {
        for _ in 0..STEPS {
            match self.state {
                BodyState::Failed(reason) => return Poll::Ready(Err(reason)),
                BodyState::Running if self.pipeline.plain_len() <= hold_bytes as u64 => {}
                BodyState::Running | BodyState::Ended => return Poll::Ready(Ok(())),
            }
            // The policy of masked bodies never passes an upstream's error on. If it did, the body
            // would still fail.
            if ready!(self.poll_step(cx)).is_err() {
                self.fail(Reason::Incomplete);
            }
        }
        cx.waker().wake_by_ref();
        Poll::Pending
    }

    /// Returns the output so far. Call it after [`Self::poll_hold`] has resolved.
    pub(crate) fn into_held(mut self: Box<Self>) -> HeldBody<B> {
        if self.state != BodyState::Ended {
            return HeldBody::Partial(self);
        }
        let untouched = self.pipeline.transform_mut().take_untouched();
        let (summary, has_data) = (self.reading().summary, self.pipeline.has_data());
        HeldBody::Complete(MaskedBytes { masked: self.out.freeze(), untouched, summary, has_data })
    }

    /// What was made of the body so far.
    pub(crate) fn reading(&self) -> Reading {
        Reading { summary: self.pipeline.transform().summary(), ending: self.ending() }
    }
}
