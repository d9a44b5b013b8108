//! The hold: the start of a masked body, kept back until the head of the response can be sent.

use super::mask::{MaskTransform, Reading};
use super::transform_body::{BodyState, STEPS, TransformBody};
use crate::mask::Summary;
use crate::reason::Reason;
use bytes::Bytes;
use http_body::Body;
use std::task::{Context, Poll, ready};

/// A body whose selected values are masked while it streams.
pub(crate) type MaskBody<B> = TransformBody<B, MaskTransform>;

/// A masked body after the hold, when the head can be sent.
pub(crate) enum HeldBody<B> {
    /// The whole body fits in the hold.
    Complete(MaskedBytes),
    /// The body is longer than the hold. The output so far is still in its buffer.
    Partial(Box<MaskBody<B>>),
}

/// A complete, masked body. The fields are private, so that only a [`MaskBody`] that has ended can
/// create this.
pub(crate) struct MaskedBytes {
    masked: Bytes,
    untouched: Option<Bytes>,
    summary: Summary,
    has_data: bool,
}

impl MaskedBytes {
    /// Returns the masked bytes.
    pub(crate) fn into_masked(self) -> Bytes {
        self.masked
    }

    /// Takes the upstream's original bytes, if they were kept and masking changed no byte.
    pub(crate) fn take_untouched(&mut self) -> Option<Bytes> {
        self.untouched.take()
    }

    /// Returns the counts of masked and other values.
    pub(crate) fn summary(&self) -> Summary {
        self.summary
    }

    /// Whether the decoded body from the upstream had at least one byte.
    pub(crate) fn has_data(&self) -> bool {
        self.has_data
    }
}

impl<B: Body + Unpin> MaskBody<B> {
    /// Masks until the body has ended or has more than `hold_bytes` masked bytes.
    ///
    /// # Errors
    /// The reason to withhold the body. No byte of it was sent.
    pub(crate) fn poll_hold(&mut self, cx: &mut Context<'_>, hold_bytes: usize) -> Poll<Result<(), Reason>> {
        for _ in 0..STEPS {
            match self.state {
                BodyState::Failed(reason) => return Poll::Ready(Err(reason)),
                BodyState::Running if self.pipeline.plain_len() <= hold_bytes as u64 => {}
                BodyState::Running | BodyState::Ended => return Poll::Ready(Ok(())),
            }
            // `FailClosed` never keeps an upstream's error. If it did, the body would still fail.
            if ready!(self.poll_step(cx)).is_err() {
                self.fail(Reason::Incomplete);
            }
        }
        cx.waker().wake_by_ref();
        Poll::Pending
    }

    /// Returns the body after the hold. Call it after [`Self::poll_hold`] has resolved.
    pub(crate) fn into_held(mut self: Box<Self>) -> HeldBody<B> {
        if self.state != BodyState::Ended {
            return HeldBody::Partial(self);
        }
        let untouched = self.pipeline.transform_mut().take_untouched();
        let (summary, has_data) = (self.reading().summary, self.pipeline.has_data());
        HeldBody::Complete(MaskedBytes { masked: self.out.freeze(), untouched, summary, has_data })
    }

    /// Returns the counts so far, and how the body ended.
    pub(crate) fn reading(&self) -> Reading {
        Reading { summary: self.pipeline.transform().summary(), ending: self.ending() }
    }
}
