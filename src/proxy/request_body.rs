//! A request's body on its way to the upstream.

use bytes::Bytes;
use http_body::{Body, Frame, SizeHint};
use hyper::body::Incoming;
use std::pin::Pin;
use std::task::{Context, Poll};
use tokio::sync::oneshot;

/// The client's body, which says when it has been sent: until then it is not the upstream that is waited for.
#[derive(Debug)]
pub struct RequestBody {
    /// `None` where there is none to send.
    incoming: Option<Incoming>,
    /// Dropped at the end.
    sending: Option<oneshot::Sender<()>>,
}

impl RequestBody {
    /// The body, and what resolves (with an error, always) once it has been sent or given up; `None` if there is none to send.
    pub(super) fn new(incoming: Incoming) -> (Self, Option<oneshot::Receiver<()>>) {
        if incoming.is_end_stream() {
            return (Self { incoming: None, sending: None }, None);
        }
        let (sending, sent) = oneshot::channel();
        (Self { incoming: Some(incoming), sending: Some(sending) }, Some(sent))
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
