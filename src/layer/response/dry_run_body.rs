//! The body of an answer that passes in observe mode.

use crate::body::{BodyError, DryRun, Reading};
use bytes::{Buf, Bytes};
use http_body::{Body, Frame, SizeHint};
use std::pin::Pin;
use std::task::{Context, Poll, ready};

/// The inner service's own body, frame by frame. A copy of it is masked for the report.
pub(super) struct DryRunBody<B> {
    body: B,
    /// `None` if there is no body to read.
    dry_run: Option<Box<DryRun>>,
    /// Whether the dry run has read all that was given to the client.
    has_read: bool,
    /// Whether the inner service's body has ended.
    has_ended: bool,
}

impl<B> DryRunBody<B> {
    pub(super) fn new(body: B, dry_run: Option<Box<DryRun>>) -> Self {
        Self { body, dry_run, has_read: true, has_ended: false }
    }

    /// What masking would have made of the body so far. `None` if there is no body to read.
    pub(super) fn reading(&self) -> Option<Reading> {
        Some(self.dry_run.as_ref()?.reading())
    }

    /// Does a bounded amount of reading. Returns whether all that was given to the client is read.
    fn read(&mut self) -> bool {
        self.has_read = self.has_read || self.dry_run.as_mut().is_none_or(|dry_run| dry_run.read());
        self.has_read
    }
}

impl<B: Body + Unpin> Body for DryRunBody<B> {
    type Data = Bytes;
    type Error = BodyError<B::Error>;

    fn poll_frame(mut self: Pin<&mut Self>, cx: &mut Context<'_>) -> Poll<Option<Result<Frame<Bytes>, Self::Error>>> {
        if !self.read() {
            // The last piece decodes to very much: let other tasks run first. The client has it
            // already.
            cx.waker().wake_by_ref();
            return Poll::Pending;
        }
        if self.has_ended {
            return Poll::Ready(None);
        }
        let next = ready!(Pin::new(&mut self.body).poll_frame(cx)).map(|frame| {
            let frame = frame.map_err(BodyError::Upstream)?;
            Ok(frame.map_data(|mut data| data.copy_to_bytes(data.remaining())))
        });
        let Self { body, dry_run: Some(dry_run), has_read, has_ended } = &mut *self else { return Poll::Ready(next) };
        *has_read = false;
        match &next {
            Some(Ok(frame)) => {
                if let Some(data) = frame.data_ref() {
                    dry_run.feed(data.clone());
                }
                if body.is_end_stream() {
                    dry_run.finish();
                }
            }
            Some(Err(_)) => dry_run.fail(),
            None => {
                dry_run.finish();
                *has_ended = true;
            }
        }
        if !self.read() && self.has_ended {
            cx.waker().wake_by_ref();
            return Poll::Pending;
        }
        Poll::Ready(next)
    }

    fn is_end_stream(&self) -> bool {
        // While the dry run has bytes left to read, the body must be polled again.
        self.has_read && self.body.is_end_stream()
    }

    fn size_hint(&self) -> SizeHint {
        self.body.size_hint()
    }
}
