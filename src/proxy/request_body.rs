//! A request's body on its way to the upstream.

use bytes::Bytes;
use http_body::{Body, Frame, SizeHint};
use hyper::body::Incoming;
use std::pin::Pin;
use std::sync::Arc;
use std::sync::atomic::{AtomicBool, AtomicUsize, Ordering};
use std::task::{Context, Poll};
use tokio::sync::oneshot;

/// The client's body, which says when it has been sent: until then it is not the upstream that is waited for.
#[derive(Debug)]
pub struct RequestBody {
    /// `None` where there is none to send.
    incoming: Option<Incoming>,
    /// Dropped at the end.
    sending: Option<(oneshot::Sender<()>, Arc<Progress>)>,
}

/// What is known of a body on its way.
#[derive(Debug)]
pub(super) struct Sending {
    /// Resolves, with an error always, once the body has been sent or given up.
    pub(super) done: oneshot::Receiver<()>,
    progress: Arc<Progress>,
}

#[derive(Debug, Default)]
struct Progress {
    /// How often the upstream's connection asked for more.
    asked: AtomicUsize,
    /// Whether it was told to wait, and so waits for the client; otherwise the upstream has not taken what it was given.
    waits: AtomicBool,
}

/// A point on a body's way, to see later whether it is still there.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(super) struct Point {
    asked: usize,
    pub(super) waits_for_client: bool,
}

impl Sending {
    pub(super) fn point(&self) -> Point {
        let Progress { asked, waits } = &*self.progress;
        Point { asked: asked.load(Ordering::Relaxed), waits_for_client: waits.load(Ordering::Relaxed) }
    }
}

impl RequestBody {
    /// The body, and what is known of it on its way; `None` if there is none to send.
    pub(super) fn new(incoming: Incoming) -> (Self, Option<Sending>) {
        if incoming.is_end_stream() {
            return (Self { incoming: None, sending: None }, None);
        }
        let (sender, done) = oneshot::channel();
        let progress = Arc::new(Progress::default());
        let sending = Some((sender, Arc::clone(&progress)));
        (Self { incoming: Some(incoming), sending }, Some(Sending { done, progress }))
    }

    /// The same body once more, if it is empty.
    pub(super) fn empty_again(&self) -> Option<Self> {
        self.incoming.is_none().then_some(Self { incoming: None, sending: None })
    }
}

impl Body for RequestBody {
    type Data = Bytes;
    type Error = hyper::Error;

    fn poll_frame(mut self: Pin<&mut Self>, cx: &mut Context<'_>) -> Poll<Option<Result<Frame<Bytes>, hyper::Error>>> {
        let Some(incoming) = &mut self.incoming else { return Poll::Ready(None) };
        let frame = Pin::new(incoming).poll_frame(cx);
        if let Some((_, progress)) = &self.sending {
            progress.asked.fetch_add(1, Ordering::Relaxed);
            progress.waits.store(frame.is_pending(), Ordering::Relaxed);
        }
        match &frame {
            Poll::Ready(None | Some(Err(_))) => self.sending = None,
            Poll::Ready(Some(Ok(_))) if self.is_end_stream() => self.sending = None,
            Poll::Ready(Some(Ok(_))) | Poll::Pending => {}
        }
        frame
    }

    fn is_end_stream(&self) -> bool {
        self.incoming.as_ref().is_none_or(Incoming::is_end_stream)
    }

    fn size_hint(&self) -> SizeHint {
        self.incoming.as_ref().map_or_else(|| SizeHint::with_exact(0), Incoming::size_hint)
    }
}
