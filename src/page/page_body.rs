//! The body of a page that is rewritten while it streams.

use super::pipeline::{PagePipeline, Step};
use crate::body::BodyError;
use crate::reason::Reason;
use bytes::{Buf, Bytes, BytesMut};
use http_body::{Body, Frame, SizeHint};
use std::pin::Pin;
use std::task::{Context, Poll};

/// Output is given on in frames of about this many bytes.
const FRAME: usize = 64 * 1024;

/// Steps of work at a time, as for a body that is masked.
const STEPS: usize = 16;

/// A page on its way. Its trailers are dropped: they may be of the bytes as they came.
pub(crate) struct PageBody<B> {
    upstream: B,
    pipeline: PagePipeline,
    out: BytesMut,
    state: State,
    /// Whether the server had time to send what came before a failure.
    paused: bool,
}

#[derive(Clone, Copy, Debug, PartialEq, Eq)]
enum State {
    Running,
    /// All output is in `out`.
    Ended,
    /// The page ends with a failure, once what is in `out` is given.
    Broken(Reason),
}

impl<B: Body + Unpin> PageBody<B> {
    pub(crate) fn new(upstream: B, pipeline: PagePipeline) -> Self {
        Self { upstream, pipeline, out: BytesMut::new(), state: State::Running, paused: false }
    }

    /// Why the page, or the rest of it, was not rewritten.
    pub(crate) fn fault(&self) -> Option<Reason> {
        match self.state {
            State::Broken(reason) => Some(reason),
            State::Running | State::Ended => self.pipeline.fault(),
        }
    }

    /// One step. `Err` is the upstream's own; pending only when its next piece is waited for.
    fn poll_step(&mut self, cx: &mut Context<'_>) -> Poll<Result<(), B::Error>> {
        match self.pipeline.step(&mut self.out) {
            Ok(Step::Working) => return Poll::Ready(Ok(())),
            Ok(Step::NeedInput) => {}
            Ok(Step::End) => {
                self.state = State::Ended;
                return Poll::Ready(Ok(()));
            }
            Err(reason) => {
                self.state = State::Broken(reason);
                return Poll::Ready(Ok(()));
            }
        }
        match Pin::new(&mut self.upstream).poll_frame(cx) {
            Poll::Pending => return Poll::Pending,
            Poll::Ready(Some(Ok(frame))) => {
                if let Ok(mut data) = frame.into_data() {
                    self.pipeline.feed(data.copy_to_bytes(data.remaining()));
                }
            }
            Poll::Ready(Some(Err(error))) => return Poll::Ready(Err(error)),
            Poll::Ready(None) => self.pipeline.finish(),
        }
        Poll::Ready(Ok(()))
    }
}

impl<B: Body + Unpin> Body for PageBody<B> {
    type Data = Bytes;
    type Error = BodyError<B::Error>;

    fn poll_frame(mut self: Pin<&mut Self>, cx: &mut Context<'_>) -> Poll<Option<Result<Frame<Bytes>, Self::Error>>> {
        let this = &mut *self;
        let mut steps = 0;
        while this.state == State::Running && this.out.len() < FRAME {
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
                        this.state = State::Broken(reason);
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
        if matches!(this.state, State::Broken(_)) && !std::mem::replace(&mut this.paused, true) {
            // A server that learns of the failure in the same breath drops what it has not sent, the head included. What could be
            // decoded of a page is worth showing.
            cx.waker().wake_by_ref();
            return Poll::Pending;
        }
        Poll::Ready(match this.state {
            State::Broken(reason) => Some(Err(BodyError::Withheld(reason))),
            State::Running | State::Ended => None,
        })
    }

    fn is_end_stream(&self) -> bool {
        self.state == State::Ended && self.out.is_empty()
    }

    fn size_hint(&self) -> SizeHint {
        match self.state {
            State::Ended => SizeHint::with_exact(self.out.len() as u64),
            State::Running | State::Broken(_) => SizeHint::default(),
        }
    }
}
