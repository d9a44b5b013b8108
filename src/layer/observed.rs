//! The body of an answer that passes in observe mode, and is read along.

use super::answer::Reading;
use crate::body::{BodyError, Watch};
use bytes::{Buf, Bytes};
use http_body::{Body, Frame, SizeHint};
use std::pin::Pin;
use std::task::{Context, Poll, ready};

/// The inner service's own body, frame by frame, of which a copy is read.
pub(super) struct Observed<B> {
    body: B,
    /// `None` where there is no body to read.
    watch: Option<Box<Watch>>,
    /// Whether what was given on has been read.
    read: bool,
    /// Whether the inner service's body has said that it is over.
    ended: bool,
}

impl<B> Observed<B> {
    pub(super) fn new(body: B, watch: Option<Box<Watch>>) -> Self {
        Self { body, watch, read: true, ended: false }
    }
}

impl<B: Body + Unpin> Observed<B> {
    /// What was made of the body so far; `None` where there is none to read.
    pub(super) fn reading(&self) -> Option<Reading> {
        let watch = self.watch.as_ref()?;
        Some(Reading { summary: watch.summary(), ending: watch.ending() })
    }

    /// Reads on, and says whether all that was given on is read.
    fn has_read(&mut self) -> bool {
        self.read = self.read || self.watch.as_mut().is_none_or(|watch| watch.read());
        self.read
    }
}

impl<B: Body + Unpin> Body for Observed<B> {
    type Data = Bytes;
    type Error = BodyError<B::Error>;

    fn poll_frame(mut self: Pin<&mut Self>, cx: &mut Context<'_>) -> Poll<Option<Result<Frame<Bytes>, Self::Error>>> {
        if !self.has_read() {
            // What came last unfolds to so much that others come first. The client has it already.
            cx.waker().wake_by_ref();
            return Poll::Pending;
        }
        if self.ended {
            return Poll::Ready(None);
        }
        let next = ready!(Pin::new(&mut self.body).poll_frame(cx)).map(|frame| {
            let frame = frame.map_err(BodyError::Upstream)?;
            Ok(frame.map_data(|mut data| data.copy_to_bytes(data.remaining())))
        });
        let Self { body, watch: Some(watch), read, ended } = &mut *self else { return Poll::Ready(next) };
        *read = false;
        match &next {
            Some(Ok(frame)) => {
                if let Some(data) = frame.data_ref() {
                    watch.feed(data.clone());
                }
                if body.is_end_stream() {
                    watch.finish();
                }
            }
            Some(Err(_)) => watch.fail(),
            None => {
                watch.finish();
                *ended = true;
            }
        }
        if !self.has_read() && self.ended {
            cx.waker().wake_by_ref();
            return Poll::Pending;
        }
        Poll::Ready(next)
    }

    fn is_end_stream(&self) -> bool {
        // Asked on while there is something left to read.
        self.read && self.body.is_end_stream()
    }

    fn size_hint(&self) -> SizeHint {
        self.body.size_hint()
    }
}
