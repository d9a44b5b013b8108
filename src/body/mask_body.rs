//! The masking body, first while its output is held back, then while it streams.

use super::pipeline::{Pipeline, Step};
use crate::mask::Summary;
use crate::reason::Reason;
use bytes::{Buf, Bytes, BytesMut};
use http_body::{Body, Frame, SizeHint};
use std::pin::Pin;
use std::task::{Context, Poll, ready};
use thiserror::Error;

/// Output is given on in frames of about this many bytes.
const FRAME: usize = 64 * 1024;

/// A body whose selected values are masked while it streams. Trailers are dropped: nothing vouches for what is in them.
///
/// It ends cleanly only if the upstream's body was whole and could be understood to its end; otherwise it fails, and a server
/// must let the client see that (as hyper does: a connection closed without the final chunk, or a stream reset).
pub struct MaskBody<B> {
    upstream: B,
    pipeline: Pipeline,
    out: BytesMut,
    state: State,
}

#[derive(Clone, Copy, Debug, PartialEq, Eq)]
enum State {
    Running,
    /// All output is in `out`.
    Ended,
    Failed(Reason),
}

/// A body whose head has not been sent: what it came to within the bytes that are held.
pub(crate) enum Head<B> {
    /// It is over; this is all of it.
    Whole(Held),
    /// It goes on; what is held is its beginning.
    Longer(Box<MaskBody<B>>),
}

/// A whole body, masked.
pub(crate) struct Held {
    pub(crate) bytes: Bytes,
    pub(crate) summary: Summary,
    /// Whether the upstream's body, decoded, held any byte.
    pub(crate) any: bool,
}

impl<B> MaskBody<B>
where
    B: Body + Unpin,
{
    pub(crate) fn new(upstream: B, pipeline: Pipeline) -> Self {
        Self { upstream, pipeline, out: BytesMut::new(), state: State::Running }
    }

    /// Masks until the body is over or more than `hold_bytes` of output are held. `seen` is shown each piece of the body as it
    /// comes from the upstream.
    ///
    /// # Errors
    /// Why the body must be withheld; nothing of it has left.
    pub(crate) fn poll_hold(
        &mut self,
        cx: &mut Context<'_>,
        hold_bytes: usize,
        mut seen: impl FnMut(&Bytes),
    ) -> Poll<Result<(), Reason>> {
        while self.state == State::Running && self.pipeline.plain_len() <= hold_bytes as u64 {
            if ready!(self.poll_step(cx, &mut seen)).is_none() {
                break;
            }
        }
        Poll::Ready(match self.state {
            State::Failed(reason) => Err(reason),
            State::Running | State::Ended => Ok(()),
        })
    }

    /// What is held, once [`Self::poll_hold`] is ready.
    pub(crate) fn into_head(self: Box<Self>) -> Head<B> {
        if self.state == State::Ended {
            let (summary, any) = (self.pipeline.summary(), self.pipeline.decoded_any());
            Head::Whole(Held { bytes: self.out.freeze(), summary, any })
        } else {
            Head::Longer(self)
        }
    }

    /// One step: `None` once there is nothing more to do. Pending only when the upstream's next piece is waited for.
    fn poll_step(&mut self, cx: &mut Context<'_>, seen: &mut impl FnMut(&Bytes)) -> Poll<Option<()>> {
        match self.pipeline.step(&mut self.out) {
            Ok(Step::Working) => return Poll::Ready(Some(())),
            Ok(Step::NeedInput) => {}
            Ok(Step::End) => self.state = State::Ended,
            Err(reason) => self.fail(reason),
        }
        if self.state != State::Running {
            return Poll::Ready(None);
        }
        match ready!(Pin::new(&mut self.upstream).poll_frame(cx)) {
            Some(Ok(frame)) => {
                if let Ok(mut data) = frame.into_data() {
                    let piece = data.copy_to_bytes(data.remaining());
                    seen(&piece);
                    self.pipeline.feed(piece);
                }
            }
            Some(Err(_)) => self.fail(Reason::Incomplete),
            None => self.pipeline.finish(),
        }
        Poll::Ready(Some(()))
    }

    fn fail(&mut self, reason: Reason) {
        self.state = State::Failed(reason);
        // What was masked before the fault is sound, but of no use to a client that is to see a failure.
        self.out.clear();
    }
}

impl<B> Body for MaskBody<B>
where
    B: Body + Unpin,
{
    type Data = Bytes;
    type Error = BodyError<B::Error>;

    fn poll_frame(mut self: Pin<&mut Self>, cx: &mut Context<'_>) -> Poll<Option<Result<Frame<Bytes>, Self::Error>>> {
        let this = &mut *self;
        while this.state == State::Running && this.out.len() < FRAME {
            match this.poll_step(cx, &mut |_| {}) {
                Poll::Ready(_) => {}
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
        Poll::Ready(match this.state {
            State::Failed(reason) => Some(Err(BodyError::Withheld(reason))),
            State::Running | State::Ended => None,
        })
    }

    fn is_end_stream(&self) -> bool {
        self.state == State::Ended && self.out.is_empty()
    }

    fn size_hint(&self) -> SizeHint {
        match self.state {
            State::Ended => SizeHint::with_exact(self.out.len() as u64),
            State::Running | State::Failed(_) => SizeHint::default(),
        }
    }
}

impl<B> std::fmt::Debug for MaskBody<B> {
    fn fmt(&self, f: &mut std::fmt::Formatter<'_>) -> std::fmt::Result {
        f.debug_struct("MaskBody").field("state", &self.state).finish_non_exhaustive()
    }
}

/// Why a body ended before its end.
#[derive(Debug, Error)]
#[non_exhaustive]
pub enum BodyError<E> {
    /// The upstream's body failed, on a route that is not masked.
    #[error("the upstream's body failed")]
    Upstream(#[source] E),
    /// The rest was withheld.
    #[error("the rest of the answer was withheld: {0}")]
    Withheld(Reason),
}
