//! The body of an upstream's answer, whose clean end gives its connection back.

use super::pool::Lease;
use crate::proxy::error::UpstreamError;
use crate::proxy::net::timer::{Wait, now};
use bytes::Bytes;
use http_body::{Body, Frame, SizeHint};
use hyper::body::Incoming;
use std::future::Future;
use std::pin::Pin;
use std::task::{Context, Poll, ready};

/// A response's body as it comes from the upstream, with the connection it comes on.
#[derive(Debug)]
pub struct UpstreamBody<B> {
    incoming: Incoming,
    lease: Option<Lease<B>>,
    /// While the upstream is waited for.
    wait: Option<Wait>,
    /// Whether an end that comes without the answer's last frame has yet to be told from a break.
    may_break_off: bool,
}

impl<B> UpstreamBody<B> {
    pub(crate) fn new(incoming: Incoming, lease: Lease<B>) -> Self {
        let may_break_off = lease.sender.is_multiplexed();
        let mut body = Self { incoming, lease: Some(lease), wait: None, may_break_off };
        if body.incoming.is_end_stream() {
            body.give_back();
        }
        body
    }

    fn give_back(&mut self) {
        if let Some(lease) = self.lease.take() {
            lease.give_back();
        }
    }

    /// Whether the answer, of which no more comes, was broken off.
    ///
    /// HTTP/2 lets a server reset a stream without an error once its answer is whole (RFC 9113 8.1), and hyper takes every such reset
    /// for the end. So it is one only after trailers, the last frame or all of the bytes that were announced. A whole answer of unknown
    /// length that is reset before its last bytes are read passes for broken off: that can be told from a cut by nothing.
    fn is_broken_off(&self) -> bool {
        self.may_break_off && !self.incoming.is_end_stream() && self.incoming.size_hint().exact() != Some(0)
    }

    /// Resolves when nothing has come for too long.
    fn poll_stalled(&mut self, cx: &mut Context<'_>) -> Poll<()> {
        // Without a connection nothing more can come, and that is told at once.
        let Some(lease) = &self.lease else { return Poll::Pending };
        let wait = self.wait.get_or_insert_with(|| lease.timer.until(now() + lease.body_timeout()));
        Pin::new(wait).poll(cx)
    }
}

impl<B: Unpin> Body for UpstreamBody<B> {
    type Data = Bytes;
    type Error = UpstreamError;

    fn poll_frame(mut self: Pin<&mut Self>, cx: &mut Context<'_>) -> Poll<Option<Result<Frame<Bytes>, UpstreamError>>> {
        let frame = Pin::new(&mut self.incoming).poll_frame(cx);
        match &frame {
            Poll::Ready(Some(Err(_))) => self.lease = None,
            Poll::Ready(None) if self.is_broken_off() => {
                self.lease = None;
                return Poll::Ready(Some(Err(UpstreamError::BrokenOff)));
            }
            Poll::Ready(None) => self.give_back(),
            Poll::Ready(Some(Ok(frame))) if frame.is_trailers() => {
                // The last frame, which not every client asks for another after.
                self.may_break_off = false;
                self.give_back();
            }
            Poll::Ready(Some(Ok(_))) if self.incoming.is_end_stream() => self.give_back(),
            Poll::Ready(Some(Ok(_))) => {}
            Poll::Pending => {
                ready!(self.poll_stalled(cx));
                self.lease = None;
                return Poll::Ready(Some(Err(UpstreamError::Stalled)));
            }
        }
        self.wait = None;
        frame.map_err(UpstreamError::Failed)
    }

    fn is_end_stream(&self) -> bool {
        self.incoming.is_end_stream()
    }

    fn size_hint(&self) -> SizeHint {
        self.incoming.size_hint()
    }
}
