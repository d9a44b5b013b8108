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

/// Steps of work at a time, each at most a decoded piece of 16 KiB or a piece as it came: a body that unfolds to millions of bytes
/// must not keep others waiting.
const STEPS: usize = 16;

/// A body whose selected values are masked while it streams. Trailers are dropped: nothing vouches for what is in them.
///
/// It ends cleanly only if the upstream's body was whole and could be understood to its end; otherwise it fails, and a server
/// must let the client see that (as hyper does: a connection closed without the final chunk, or a stream reset).
pub struct MaskBody<B> {
    upstream: B,
    pipeline: Pipeline,
    out: BytesMut,
    state: State,
    original: Option<Original>,
}

/// The upstream's own bytes of an answer that may turn out to hold nothing to mask, and then leaves as it came.
struct Original {
    bytes: BytesMut,
    /// More than this is not kept.
    most: usize,
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

/// A whole body, masked. Only a [`MaskBody`] that came to its end makes one.
pub(crate) struct Held {
    masked: Bytes,
    original: Option<Bytes>,
    summary: Summary,
    any: bool,
}

impl Held {
    /// The masked bytes.
    pub(crate) fn into_masked(self) -> Bytes {
        self.masked
    }

    /// The upstream's own bytes, if they were kept and the engine read them to their end and found nothing to mask.
    pub(crate) fn take_original(&mut self) -> Option<Bytes> {
        self.original.take().filter(|_| self.summary.masked == 0 && self.summary.marked == 0)
    }

    /// What was done.
    pub(crate) fn summary(&self) -> Summary {
        self.summary
    }

    /// Whether the upstream's body, decoded, held any byte.
    pub(crate) fn any(&self) -> bool {
        self.any
    }
}

impl<B> MaskBody<B>
where
    B: Body + Unpin,
{
    pub(crate) fn new(upstream: B, pipeline: Pipeline) -> Self {
        Self { upstream, pipeline, out: BytesMut::new(), state: State::Running, original: None }
    }

    /// Has the original bytes kept for [`Held::take_original`] while there are at most `most`.
    pub(crate) fn keep_original(&mut self, most: usize) {
        self.original = Some(Original { bytes: BytesMut::new(), most });
    }

    /// Masks until the body is over or more than `hold_bytes` of output are held.
    ///
    /// # Errors
    /// Why the body must be withheld; nothing of it has left.
    pub(crate) fn poll_hold(&mut self, cx: &mut Context<'_>, hold_bytes: usize) -> Poll<Result<(), Reason>> {
        for _ in 0..STEPS {
            match self.state {
                State::Failed(reason) => return Poll::Ready(Err(reason)),
                State::Running if self.pipeline.plain_len() <= hold_bytes as u64 => {}
                State::Running | State::Ended => return Poll::Ready(Ok(())),
            }
            ready!(self.poll_step(cx));
        }
        cx.waker().wake_by_ref();
        Poll::Pending
    }

    /// What is held, once [`Self::poll_hold`] is ready.
    pub(crate) fn into_head(mut self: Box<Self>) -> Head<B> {
        let original = self.original.take().map(|original| original.bytes.freeze());
        if self.state == State::Ended {
            let (summary, any) = (self.pipeline.summary(), self.pipeline.decoded_any());
            Head::Whole(Held { masked: self.out.freeze(), original, summary, any })
        } else {
            Head::Longer(self)
        }
    }

    /// What was done so far.
    pub(crate) fn summary(&self) -> Summary {
        self.pipeline.summary()
    }

    /// Whether the upstream's body was whole, or why the rest is withheld; `None` while it goes on.
    pub(crate) fn ending(&self) -> Option<Result<(), Reason>> {
        match self.state {
            State::Running => None,
            State::Ended => Some(Ok(())),
            State::Failed(reason) => Some(Err(reason)),
        }
    }

    /// One step, which may be the last. Pending only when the upstream's next piece is waited for.
    fn poll_step(&mut self, cx: &mut Context<'_>) -> Poll<()> {
        match self.pipeline.step(&mut self.out) {
            Ok(Step::Working) => return Poll::Ready(()),
            Ok(Step::NeedInput) => {}
            Ok(Step::End) => {
                self.state = State::Ended;
                return Poll::Ready(());
            }
            Err(reason) => {
                self.fail(reason);
                return Poll::Ready(());
            }
        }
        match ready!(Pin::new(&mut self.upstream).poll_frame(cx)) {
            Some(Ok(frame)) => {
                if let Ok(mut data) = frame.into_data() {
                    let piece = data.copy_to_bytes(data.remaining());
                    self.keep(&piece);
                    self.pipeline.feed(piece);
                }
            }
            Some(Err(_)) => self.fail(Reason::Incomplete),
            None => self.pipeline.finish(),
        }
        Poll::Ready(())
    }

    fn keep(&mut self, piece: &Bytes) {
        if let Some(original) = &mut self.original {
            if original.bytes.len() + piece.len() > original.most {
                self.original = None;
            } else {
                original.bytes.extend_from_slice(piece);
            }
        }
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
            if this.poll_step(cx).is_pending() {
                if let Err(reason) = this.pipeline.flush(&mut this.out) {
                    this.fail(reason);
                } else if this.out.is_empty() {
                    return Poll::Pending;
                }
                break;
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
