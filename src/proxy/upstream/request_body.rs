//! The body of a request on its way to the upstream.

use crate::layer::{InspectedBody, RequestBodyError};
use crate::proxy::error::ForwardError;
use crate::proxy::net::timer::{ConnectionTimer, StallTimer, now};
use crate::proxy::settings::Limits;
use crate::reason::Reason;
use bytes::Bytes;
use http::HeaderMap;
use http_body::{Body, Frame, SizeHint};
use hyper::body::Incoming;
use std::error::Error;
use std::future::poll_fn;
use std::pin::Pin;
use std::sync::atomic::{AtomicBool, AtomicUsize, Ordering};
use std::sync::{Arc, OnceLock};
use std::task::{Context, Poll, ready};
use std::time::Duration;
use tokio::sync::oneshot;

/// How long to keep reading a refused body, so that the client can read our response before its
/// connection is closed.
const LINGER: Duration = Duration::from_secs(1);

/// The client's body. The [`UploadProgress`] reports when the body has been sent, because the
/// response timeout counts from then.
///
/// `None` if nothing is left to send. Boxed to keep requests small: a request is moved often before
/// it is sent, and few have a body.
#[derive(Debug)]
pub(crate) struct RequestBody(Option<Box<Upload>>);

#[derive(Debug)]
struct Upload {
    incoming: InspectedBody<Incoming>,
    /// The other half of [`UploadProgress`]. Dropping the sender, at the end of the body, resolves
    /// [`UploadProgress::done`].
    observer: Option<(oneshot::Sender<()>, Arc<UploadState>)>,
    /// Runs while the body waits for the client.
    stall: StallTimer,
    /// How many more bytes the client may send.
    bytes_left: u64,
    /// Most trailer fields. Over HTTP/2, hyper limits only their bytes.
    max_trailers: usize,
    /// The bytes that were held back when the client was waited for.
    held: usize,
}

/// The progress of a body, for the task that waits for the response.
#[derive(Debug)]
pub(crate) struct UploadProgress {
    /// Resolves when the body has been sent or given up (always with an error, because the sender
    /// is just dropped). `None` after that.
    done: Option<oneshot::Receiver<()>>,
    state: Arc<UploadState>,
    /// Whether the response depends on the content of the body.
    is_inspected: bool,
}

#[derive(Debug, Default)]
struct UploadState {
    /// How often the upstream's connection has polled the body.
    polls: AtomicUsize,
    /// Whether the last poll was pending: the body waits for the client. If false, the upstream has
    /// not taken the last frame.
    awaits_client: AtomicBool,
    /// Why the body was given up, if it was.
    fault: OnceLock<Fault>,
    stall_timeout_disabled: AtomicBool,
}

#[derive(Clone, Copy, Debug)]
enum Fault {
    /// The client sent nothing for too long.
    Stalled,
    /// The client sent too many bytes or trailer fields.
    TooLarge,
    /// It sent a masked value.
    MaskedValue,
}

impl From<Fault> for ForwardError {
    fn from(fault: Fault) -> Self {
        match fault {
            Fault::Stalled => Self::BodyTimeout,
            Fault::TooLarge => Self::RequestTooLarge,
            Fault::MaskedValue => Self::Refused(Reason::MaskedValue),
        }
    }
}

impl UploadProgress {
    /// Waits until the body has been sent or given up.
    ///
    /// The upstream's progress is checked at intervals, not for each frame: an upstream that stops
    /// taking the body is noticed after one to two times `limit`. The body itself notices a client
    /// that stops sending.
    ///
    /// # Errors
    /// [`ForwardError::ResponseTimeout`] if the upstream has stopped taking the body.
    pub(crate) async fn sent(&mut self, timer: &ConnectionTimer, limit: Duration) -> Result<(), ForwardError> {
        let mut seen = None;
        while let Some(done) = &mut self.done {
            tokio::select! {
                biased;
                _ = done => self.done = None,
                () = timer.sleep_until(now() + limit) => {
                    let polls = self.polls();
                    if polls.is_some() && polls == seen {
                        return Err(ForwardError::ResponseTimeout);
                    }
                    seen = polls;
                }
            }
        }
        Ok(())
    }

    /// Returns how often the upstream's connection has polled the body, or `None` while the body
    /// waits for the client.
    fn polls(&self) -> Option<usize> {
        let awaits_client = self.state.awaits_client.load(Ordering::Relaxed);
        (!awaits_client).then(|| self.state.polls.load(Ordering::Relaxed))
    }

    /// Lets the client pause for any time. This is for streams in both directions, where the
    /// timeout of the response's body suffices. Has no effect if the response depends on the
    /// request's body.
    pub(crate) fn disable_stall_timeout(&self) {
        self.state.stall_timeout_disabled.store(!self.is_inspected, Ordering::Relaxed);
    }

    /// Returns why the client's body was given up, if it was.
    pub(crate) fn fault(&self) -> Option<ForwardError> {
        self.state.fault.get().map(|&fault| fault.into())
    }
}

impl RequestBody {
    /// Wraps a client's body. The progress is `None` if there is no body to send.
    ///
    /// # Errors
    /// The body's announced length is larger than `limits.max_request_bytes`.
    pub(crate) fn new(
        incoming: InspectedBody<Incoming>,
        limits: &Limits,
    ) -> Result<(Self, Option<UploadProgress>), ForwardError> {
        if incoming.is_end_stream() {
            return Ok((Self(None), None));
        }
        let bytes_left = limits.max_request_bytes.unwrap_or(u64::MAX);
        if incoming.size_hint().lower() > bytes_left {
            linger(incoming);
            return Err(ForwardError::RequestTooLarge);
        }
        let is_inspected = incoming.is_waited_for();
        let (sender, done) = oneshot::channel();
        let state = Arc::new(UploadState::default());
        let upload = Upload {
            incoming,
            observer: Some((sender, Arc::clone(&state))),
            stall: StallTimer::new(limits.body_timeout, None),
            bytes_left,
            max_trailers: limits.max_headers,
            held: 0,
        };
        Ok((Self(Some(Box::new(upload))), Some(UploadProgress { done: Some(done), state, is_inspected })))
    }

    /// Returns a copy of an empty body, or `None` if something is left to send.
    pub(crate) fn clone_empty(&self) -> Option<Self> {
        self.0.is_none().then_some(Self(None))
    }

    /// Resolves when a part of the body, or its end, may go upstream.
    ///
    /// # Errors
    /// The body was given up before any of it went upstream.
    pub(crate) fn poll_hold(&mut self, cx: &mut Context<'_>) -> Poll<Result<(), ForwardError>> {
        let Some(upload) = &mut self.0 else { return Poll::Ready(Ok(())) };
        let fault = match upload.incoming.poll_hold(cx) {
            Poll::Ready(Ok(())) => {
                upload.stall.reset();
                return Poll::Ready(Ok(()));
            }
            Poll::Ready(Err(RequestBodyError::Client(_))) => return Poll::Ready(Err(ForwardError::Downstream)),
            Poll::Ready(Err(RequestBodyError::MaskedValue)) => Fault::MaskedValue,
            Poll::Pending => {
                ready!(upload.poll_stalled(cx));
                Fault::Stalled
            }
        };
        let _ = self.fail(fault);
        Poll::Ready(Err(fault.into()))
    }

    /// Gives up the body: ends it with an error.
    fn fail(&mut self, fault: Fault) -> Poll<Option<Result<Frame<Bytes>, <Self as Body>::Error>>> {
        if let Some(upload) = self.0.take() {
            if let Some((_, state)) = upload.observer {
                let _ = state.fault.set(fault);
            }
            if matches!(fault, Fault::TooLarge | Fault::MaskedValue) {
                linger(upload.incoming);
            }
        }
        Poll::Ready(Some(Err(ForwardError::from(fault).into())))
    }
}

impl Upload {
    /// Counts a frame. Returns whether the body is still within the limits.
    fn admits(&mut self, frame: &Frame<Bytes>) -> bool {
        let bytes = frame.data_ref().map_or(0, Bytes::len) as u64;
        let trailers = frame.trailers_ref().map_or(0, HeaderMap::len);
        let is_within = bytes <= self.bytes_left && trailers <= self.max_trailers;
        self.bytes_left = self.bytes_left.saturating_sub(bytes);
        is_within
    }

    /// Resolves when the client has sent nothing for too long.
    fn poll_stalled(&mut self, cx: &mut Context<'_>) -> Poll<()> {
        if self.observer.as_ref().is_some_and(|(_, state)| state.stall_timeout_disabled.load(Ordering::Relaxed)) {
            return Poll::Pending;
        }
        // What the client sends may be held back: then nothing comes out of the body.
        if self.held != self.incoming.held() {
            self.held = self.incoming.held();
            self.stall.reset();
        }
        self.stall.poll(cx)
    }
}

impl Body for RequestBody {
    type Data = Bytes;
    type Error = Box<dyn Error + Send + Sync>;

    fn poll_frame(mut self: Pin<&mut Self>, cx: &mut Context<'_>) -> Poll<Option<Result<Frame<Bytes>, Self::Error>>> {
        let Some(upload) = &mut self.0 else { return Poll::Ready(None) };
        let frame = Pin::new(&mut upload.incoming).poll_frame(cx);
        if let Poll::Ready(Some(Err(RequestBodyError::MaskedValue))) = frame {
            return self.fail(Fault::MaskedValue);
        }
        if let Some((_, state)) = &upload.observer {
            state.polls.fetch_add(1, Ordering::Relaxed);
            state.awaits_client.store(frame.is_pending(), Ordering::Relaxed);
        }
        match &frame {
            Poll::Pending => {
                ready!(upload.poll_stalled(cx));
                return self.fail(Fault::Stalled);
            }
            Poll::Ready(Some(Ok(frame))) if !upload.admits(frame) => return self.fail(Fault::TooLarge),
            Poll::Ready(Some(Ok(_))) if !upload.incoming.is_end_stream() => {}
            Poll::Ready(_) => upload.observer = None,
        }
        upload.stall.reset();
        frame.map_err(Into::into)
    }

    fn is_end_stream(&self) -> bool {
        self.0.as_ref().is_none_or(|upload| upload.incoming.is_end_stream())
    }

    fn size_hint(&self) -> SizeHint {
        self.0.as_ref().map_or_else(|| SizeHint::with_exact(0), |upload| upload.incoming.size_hint())
    }
}

/// Reads and drops the rest of a refused body for a while. Closing a connection with unread bytes
/// resets it, and the client could lose our response.
fn linger(mut incoming: InspectedBody<Incoming>) {
    tokio::spawn(tokio::time::timeout(LINGER, async move {
        let body = incoming.client_body();
        while let Some(Ok(_)) = poll_fn(|cx| Pin::new(&mut *body).poll_frame(cx)).await {}
    }));
}
