//! A body that is transformed while it streams.

use super::failure::{BodyError, FailurePolicy};
use super::pipeline::{Pipeline, PipelineStep};
use super::transform::Transform;
use crate::reason::Reason;
use bytes::{Buf, Bytes, BytesMut};
use http_body::{Body, Frame, SizeHint};
use std::pin::Pin;
use std::task::{Context, Poll, ready};

/// The most pipeline steps in one poll, so that a small body that decodes to many megabytes does
/// not block other tasks. One step takes at most 16 KiB of decoded bytes or, without codings, one
/// piece of the upstream's body.
pub(super) const STEPS: usize = 16;

/// Output of this many bytes is sent as a frame. A frame is smaller at the body's end, if the
/// upstream pauses, or after [`STEPS`].
const FRAME: usize = 64 * 1024;

/// A body that runs through a [`Pipeline`] while it streams. Trailers are dropped, because they may
/// hold a secret or describe the original bytes.
///
/// The body ends cleanly only if the upstream's body was complete and readable to its end.
/// Otherwise it ends with an error, and the server must show that to the client. hyper does: it
/// closes the connection without the final chunk, or resets the stream.
pub(crate) struct TransformBody<B, T: Transform> {
    upstream: B,
    pub(super) pipeline: Pipeline<T>,
    pub(super) out: BytesMut,
    pub(super) state: BodyState,
    on_failure: T::OnFailure,
}

#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(super) enum BodyState {
    Running,
    /// The body is complete. The rest of the output is in `out`.
    Ended,
    /// The body ends with an error, after any output that is left in `out`.
    Failed(Reason),
}

impl<B: Body + Unpin, T: Transform> TransformBody<B, T> {
    pub(crate) fn new(upstream: B, pipeline: Pipeline<T>) -> Self {
        let on_failure = T::OnFailure::default();
        Self { upstream, pipeline, out: BytesMut::new(), state: BodyState::Running, on_failure }
    }

    /// Returns `Ok` if the body was complete, or the reason of its failure. `None` while the body
    /// streams.
    pub(crate) fn ending(&self) -> Option<Result<(), Reason>> {
        match self.state {
            BodyState::Running => None,
            BodyState::Ended => Some(Ok(())),
            BodyState::Failed(reason) => Some(Err(reason)),
        }
    }

    /// Returns the reason why the body, or the rest of it, was not transformed. `None` if there is
    /// no such fault so far.
    pub(crate) fn fault(&self) -> Option<Reason> {
        match self.state {
            BodyState::Failed(reason) => Some(reason),
            BodyState::Running | BodyState::Ended => self.pipeline.transform().fault(),
        }
    }

    /// Does one step. Pending only while the next piece from the upstream is missing.
    ///
    /// # Errors
    /// The upstream's own error, if the failure policy keeps it.
    pub(super) fn poll_step(&mut self, cx: &mut Context<'_>) -> Poll<Result<(), B::Error>> {
        match self.pipeline.step(&mut self.out) {
            Ok(PipelineStep::Working) => return Poll::Ready(Ok(())),
            Ok(PipelineStep::NeedInput) => {}
            Ok(PipelineStep::End) => {
                self.state = BodyState::Ended;
                return Poll::Ready(Ok(()));
            }
            Err(reason) => {
                self.fail(reason);
                return Poll::Ready(Ok(()));
            }
        }
        match ready!(Pin::new(&mut self.upstream).poll_frame(cx)) {
            Some(Ok(frame)) => {
                if let Ok(mut data) = frame.into_data() {
                    self.pipeline.feed(data.copy_to_bytes(data.remaining()));
                }
            }
            Some(Err(error)) => match T::OnFailure::upstream_failed(error) {
                Ok(reason) => self.fail(reason),
                Err(error) => return Poll::Ready(Err(error)),
            },
            None => self.pipeline.finish(),
        }
        Poll::Ready(Ok(()))
    }

    pub(super) fn fail(&mut self, reason: Reason) {
        self.state = BodyState::Failed(reason);
        T::OnFailure::fail(&mut self.out);
    }
}

impl<B, T> Body for TransformBody<B, T>
where
    B: Body + Unpin,
    T: Transform + Unpin,
    T::OnFailure: Unpin,
{
    type Data = Bytes;
    type Error = BodyError<B::Error>;

    fn poll_frame(mut self: Pin<&mut Self>, cx: &mut Context<'_>) -> Poll<Option<Result<Frame<Bytes>, Self::Error>>> {
        let this = &mut *self;
        let mut steps = 0;
        while this.state == BodyState::Running && this.out.len() < FRAME {
            if steps == STEPS {
                if this.out.is_empty() {
                    cx.waker().wake_by_ref();
                    return Poll::Pending;
                }
                break;
            }
            steps += 1;
            match this.poll_step(cx) {
                Poll::Ready(Ok(())) => {}
                Poll::Ready(Err(error)) => return Poll::Ready(Some(Err(BodyError::Upstream(error)))),
                Poll::Pending => {
                    if let Err(reason) = this.pipeline.flush(&mut this.out) {
                        this.fail(reason);
                    } else if this.out.is_empty() {
                        return Poll::Pending;
                    }
                    break;
                }
            }
        }
        if !this.out.is_empty() {
            return Poll::Ready(Some(Ok(Frame::data(this.out.split().freeze()))));
        }
        let BodyState::Failed(reason) = this.state else { return Poll::Ready(None) };
        ready!(this.on_failure.poll_error(cx));
        Poll::Ready(Some(Err(BodyError::Withheld(reason))))
    }

    fn is_end_stream(&self) -> bool {
        self.state == BodyState::Ended && self.out.is_empty()
    }

    fn size_hint(&self) -> SizeHint {
        match self.state {
            BodyState::Ended => SizeHint::with_exact(self.out.len() as u64),
            BodyState::Running | BodyState::Failed(_) => SizeHint::default(),
        }
    }
}
