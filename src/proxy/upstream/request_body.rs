//! A request's body on its way to the upstream.

use crate::layer::InspectedBody;
use crate::proxy::error::ForwardError;
use crate::proxy::net::timer::{ConnectionTimer, Wait};
use crate::proxy::settings::Limits;
use bytes::Bytes;
use http_body::{Body, Frame, SizeHint};
use hyper::body::Incoming;
use hyper::rt::Timer;
use std::error::Error;
use std::future::{Future, poll_fn};
use std::pin::Pin;
use std::sync::atomic::{AtomicBool, AtomicUsize, Ordering};
use std::sync::{Arc, OnceLock};
use std::task::{Context, Poll, ready};
use std::time::Duration;
use tokio::sync::oneshot;

/// How long a client may go on sending what nobody wants, so that it reads why before its connection is closed.
const LINGER: Duration = Duration::from_secs(1);

/// What the body of a request may cost.
#[derive(Clone, Copy, Debug)]
pub(crate) struct BodyLimits {
    /// How long the client may send nothing.
    timeout: Duration,
    max_bytes: Option<u64>,
    max_trailers: usize,
}

impl BodyLimits {
    pub(crate) fn of(limits: &Limits) -> Self {
        Self { timeout: limits.body_timeout, max_bytes: limits.max_request_bytes, max_trailers: limits.max_headers }
    }
}

/// The client's body, which says when it has been sent: until then it is not the upstream that is waited for.
///
/// `None` where there is nothing to send, or nothing any more. In a box: a request is moved often until it is sent, and few have a body.
#[derive(Debug)]
pub struct RequestBody(Option<Box<Upload>>);

#[derive(Debug)]
struct Upload {
    incoming: InspectedBody<Incoming>,
    /// Dropped at the end.
    sending: Option<(oneshot::Sender<()>, Arc<Progress>)>,
    /// How long the client may send nothing.
    timeout: Duration,
    /// How many bytes it may still send.
    left: u64,
    /// How many fields may follow them: HTTP/2 bounds their bytes alone.
    max_trailers: usize,
    /// Made once the client has been waited for.
    timer: Option<ConnectionTimer>,
    /// While the client is waited for.
    wait: Option<Wait>,
}

/// What is known of a body on its way.
#[derive(Debug)]
pub(crate) struct UploadProgress {
    /// Resolves, with an error always, once the body has been sent or given up. `None` once it has.
    pub(crate) done: Option<oneshot::Receiver<()>>,
    progress: Arc<Progress>,
    is_waited_for: bool,
}

#[derive(Debug, Default)]
struct Progress {
    /// How often the upstream's connection asked for more.
    asked: AtomicUsize,
    /// Whether it was told to wait, and so waits for the client; otherwise the upstream has not taken what it was given.
    waits: AtomicBool,
    /// What the client did wrong.
    fault: OnceLock<Fault>,
    /// Whether the client may take its time.
    unhurried: AtomicBool,
}

#[derive(Clone, Copy, Debug)]
enum Fault {
    /// It sent nothing for too long.
    Stalled,
    /// It sent too much.
    TooLarge,
}

impl UploadProgress {
    /// How often the upstream has asked for more, if it is not the client that is waited for now.
    pub(crate) fn asked(&self) -> Option<usize> {
        let waits_for_client = self.progress.waits.load(Ordering::Relaxed);
        (!waits_for_client).then(|| self.progress.asked.load(Ordering::Relaxed))
    }

    /// Lets the client be silent for as long as it likes: the two sides talk with each other, and it is the answer that must not be
    /// silent for too long. Not where the answer waits for the body.
    pub(crate) fn unhurry(&self) {
        self.progress.unhurried.store(!self.is_waited_for, Ordering::Relaxed);
    }

    /// Why the client's body was given up, if it was.
    pub(crate) fn fault(&self) -> Option<ForwardError> {
        self.progress.fault.get().map(|fault| match fault {
            Fault::Stalled => ForwardError::BodyTimeout,
            Fault::TooLarge => ForwardError::RequestTooLarge,
        })
    }
}

impl RequestBody {
    /// The body of a client, and what is known of it on its way; `None` if there is none to send.
    ///
    /// # Errors
    /// It is known to be larger than it may be.
    pub(crate) fn new(
        incoming: InspectedBody<Incoming>,
        limits: BodyLimits,
    ) -> Result<(Self, Option<UploadProgress>), ForwardError> {
        if incoming.is_end_stream() {
            return Ok((Self(None), None));
        }
        let left = limits.max_bytes.unwrap_or(u64::MAX);
        if incoming.size_hint().lower() > left {
            linger(incoming);
            return Err(ForwardError::RequestTooLarge);
        }
        let is_waited_for = incoming.is_waited_for();
        let (sender, done) = oneshot::channel();
        let progress = Arc::new(Progress::default());
        let sending = Some((sender, Arc::clone(&progress)));
        let upload = Upload {
            incoming,
            sending,
            timeout: limits.timeout,
            left,
            max_trailers: limits.max_trailers,
            timer: None,
            wait: None,
        };
        Ok((Self(Some(Box::new(upload))), Some(UploadProgress { done: Some(done), progress, is_waited_for })))
    }

    /// The same body once more, if it is empty.
    pub(crate) fn empty_again(&self) -> Option<Self> {
        self.0.is_none().then_some(Self(None))
    }

    /// Gives the body up for what the client did.
    fn fail(&mut self, fault: Fault) -> Poll<Option<Result<Frame<Bytes>, <Self as Body>::Error>>> {
        let said = match fault {
            Fault::Stalled => "the client stopped sending",
            Fault::TooLarge => "the client sent too much",
        };
        if let Some(upload) = self.0.take() {
            if let Some((_, progress)) = upload.sending {
                let _ = progress.fault.set(fault);
            }
            if matches!(fault, Fault::TooLarge) {
                linger(upload.incoming);
            }
        }
        Poll::Ready(Some(Err(said.into())))
    }
}

impl Upload {
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
}

impl Body for RequestBody {
    type Data = Bytes;
    type Error = Box<dyn Error + Send + Sync>;

    fn poll_frame(mut self: Pin<&mut Self>, cx: &mut Context<'_>) -> Poll<Option<Result<Frame<Bytes>, Self::Error>>> {
        let Some(upload) = &mut self.0 else { return Poll::Ready(None) };
        let frame = Pin::new(&mut upload.incoming).poll_frame(cx);
        if let Some((_, progress)) = &upload.sending {
            progress.asked.fetch_add(1, Ordering::Relaxed);
            progress.waits.store(frame.is_pending(), Ordering::Relaxed);
        }
        if let Poll::Ready(Some(Ok(frame))) = &frame
            && let Some(data) = frame.data_ref()
        {
            let Some(left) = upload.left.checked_sub(data.len() as u64) else { return self.fail(Fault::TooLarge) };
            upload.left = left;
        }
        if let Poll::Ready(Some(Ok(frame))) = &frame
            && frame.trailers_ref().is_some_and(|trailers| trailers.len() > upload.max_trailers)
        {
            return self.fail(Fault::TooLarge);
        }
        match &frame {
            Poll::Ready(None | Some(Err(_))) => upload.sending = None,
            Poll::Ready(Some(Ok(_))) if upload.incoming.is_end_stream() => upload.sending = None,
            Poll::Ready(Some(Ok(_))) => {}
            Poll::Pending => {
                ready!(upload.poll_stalled(cx));
                return self.fail(Fault::Stalled);
            }
        }
        upload.wait = None;
        frame.map_err(Into::into)
    }

    fn is_end_stream(&self) -> bool {
        self.0.as_ref().is_none_or(|upload| upload.incoming.is_end_stream())
    }

    fn size_hint(&self) -> SizeHint {
        self.0.as_ref().map_or_else(|| SizeHint::with_exact(0), |upload| upload.incoming.size_hint())
    }
}

/// Takes what a client still sends of a body that nobody wants, for a while: a connection that is closed before it was read is reset,
/// and with it what the client was told.
fn linger(mut incoming: InspectedBody<Incoming>) {
    tokio::spawn(tokio::time::timeout(LINGER, async move {
        while let Some(Ok(_)) = poll_fn(|cx| Pin::new(&mut incoming).poll_frame(cx)).await {}
    }));
}
