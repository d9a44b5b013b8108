//! A request's body on its way to the upstream.

use super::timer::{ConnectionTimer, Wait};
use bytes::Bytes;
use http_body::{Body, Frame, SizeHint};
use hyper::body::Incoming;
use hyper::rt::Timer;
use std::error::Error;
use std::future::Future;
use std::pin::Pin;
use std::sync::Arc;
use std::sync::atomic::{AtomicBool, AtomicUsize, Ordering};
use std::task::{Context, Poll, ready};
use std::time::Duration;
use tokio::sync::oneshot;

/// The client's body, which says when it has been sent: until then it is not the upstream that is waited for.
#[derive(Debug)]
pub struct RequestBody {
    /// `None` where there is none to send.
    incoming: Option<Incoming>,
    /// Dropped at the end.
    sending: Option<(oneshot::Sender<()>, Arc<Progress>)>,
    /// How long the client may send nothing.
    timeout: Duration,
    /// Made once the client has been waited for.
    timer: Option<ConnectionTimer>,
    /// While the client is waited for.
    wait: Option<Wait>,
}

/// What is known of a body on its way.
#[derive(Debug)]
pub(super) struct Sending {
    /// Resolves, with an error always, once the body has been sent or given up. `None` once it has.
    pub(super) done: Option<oneshot::Receiver<()>>,
    progress: Arc<Progress>,
}

#[derive(Debug, Default)]
struct Progress {
    /// How often the upstream's connection asked for more.
    asked: AtomicUsize,
    /// Whether it was told to wait, and so waits for the client; otherwise the upstream has not taken what it was given.
    waits: AtomicBool,
    /// Whether the client was waited for too long.
    stalled: AtomicBool,
    /// Whether the client may take its time.
    unhurried: AtomicBool,
}

impl Sending {
    /// How often the upstream has asked for more, if it is not the client that is waited for now.
    pub(super) fn asked(&self) -> Option<usize> {
        let waits_for_client = self.progress.waits.load(Ordering::Relaxed);
        (!waits_for_client).then(|| self.progress.asked.load(Ordering::Relaxed))
    }

    /// Lets the client be silent for as long as it likes: the two sides talk with each other, and it is the answer that must not be
    /// silent for too long.
    pub(super) fn unhurry(&self) {
        self.progress.unhurried.store(true, Ordering::Relaxed);
    }

    /// Whether the client stopped sending.
    pub(super) fn has_stalled(&self) -> bool {
        self.progress.stalled.load(Ordering::Relaxed)
    }
}

impl RequestBody {
    /// The body of a client that may send nothing for at most `timeout`, and what is known of it on its way; `None` if there is
    /// none to send.
    pub(super) fn new(incoming: Incoming, timeout: Duration) -> (Self, Option<Sending>) {
        if incoming.is_end_stream() {
            return (Self::empty(), None);
        }
        let (sender, done) = oneshot::channel();
        let progress = Arc::new(Progress::default());
        let sending = Some((sender, Arc::clone(&progress)));
        let body = Self { incoming: Some(incoming), sending, timeout, timer: None, wait: None };
        (body, Some(Sending { done: Some(done), progress }))
    }

    fn empty() -> Self {
        Self { incoming: None, sending: None, timeout: Duration::ZERO, timer: None, wait: None }
    }

    /// Resolves when the client has sent nothing for too long.
    fn poll_stalled(&mut self, cx: &mut Context<'_>) -> Poll<()> {
        if self.sending.as_ref().is_some_and(|(_, progress)| progress.unhurried.load(Ordering::Relaxed)) {
            return Poll::Pending;
        }
        let timeout = self.timeout;
        let timer = self.timer.get_or_insert_with(|| ConnectionTimer::new(timeout));
        let wait = self.wait.get_or_insert_with(|| timer.until(timer.now() + timeout));
        Pin::new(wait).poll(cx)
    }

    /// The same body once more, if it is empty.
    pub(super) fn empty_again(&self) -> Option<Self> {
        self.incoming.is_none().then(Self::empty)
    }
}

impl Body for RequestBody {
    type Data = Bytes;
    type Error = Box<dyn Error + Send + Sync>;

    fn poll_frame(mut self: Pin<&mut Self>, cx: &mut Context<'_>) -> Poll<Option<Result<Frame<Bytes>, Self::Error>>> {
        let Some(incoming) = &mut self.incoming else { return Poll::Ready(None) };
        let frame = Pin::new(incoming).poll_frame(cx);
        if let Some((_, progress)) = &self.sending {
            progress.asked.fetch_add(1, Ordering::Relaxed);
            progress.waits.store(frame.is_pending(), Ordering::Relaxed);
        }
        match &frame {
            Poll::Ready(None | Some(Err(_))) => self.sending = None,
            Poll::Ready(Some(Ok(_))) if self.is_end_stream() => self.sending = None,
            Poll::Ready(Some(Ok(_))) => {}
            Poll::Pending => {
                ready!(self.poll_stalled(cx));
                if let Some((_, progress)) = self.sending.take() {
                    progress.stalled.store(true, Ordering::Relaxed);
                }
                return Poll::Ready(Some(Err("the client stopped sending".into())));
            }
        }
        self.wait = None;
        frame.map_err(Into::into)
    }

    fn is_end_stream(&self) -> bool {
        self.incoming.as_ref().is_none_or(Incoming::is_end_stream)
    }

    fn size_hint(&self) -> SizeHint {
        self.incoming.as_ref().map_or_else(|| SizeHint::with_exact(0), Incoming::size_hint)
    }
}
