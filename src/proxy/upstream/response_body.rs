//! The body of an upstream's response. Its clean end gives the connection back to the pool.

use super::pool::Lease;
use crate::proxy::error::UpstreamError;
use crate::proxy::net::timer::StallTimer;
use bytes::Bytes;
use http_body::{Body, Frame, SizeHint};
use hyper::body::Incoming;
use std::pin::Pin;
use std::task::{Context, Poll, ready};

/// The body of a response as it comes from the upstream, with the connection that it comes on.
#[derive(Debug)]
pub struct UpstreamBody {
    incoming: Incoming,
    lease: Option<Lease>,
    /// Runs while the body waits for the upstream.
    stall: StallTimer,
    /// True over HTTP/2, until trailers have come. See [`Self::is_broken_off`].
    may_break_off: bool,
}

impl UpstreamBody {
    pub(crate) fn new(incoming: Incoming, lease: Lease) -> Self {
        let may_break_off = lease.sender.is_multiplexed();
        let stall = StallTimer::new(lease.body_timeout(), Some(lease.timer.clone()));
        let mut body = Self { incoming, lease: Some(lease), stall, may_break_off };
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

    /// Returns whether a body that has ended was cut short.
    ///
    /// An HTTP/2 server may reset a stream without an error once its response is complete (RFC 9113
    /// 8.1). hyper reports each such reset as the end of the body. We accept it as the end only
    /// after trailers, after a frame with END_STREAM, or after all bytes of `Content-Length`. A
    /// complete response of unknown length whose stream is reset before its last bytes are read
    /// counts as cut short too, because nothing distinguishes it from an incomplete one.
    fn is_broken_off(&self) -> bool {
        self.may_break_off && !self.incoming.is_end_stream() && self.incoming.size_hint().exact() != Some(0)
    }
}

impl Body for UpstreamBody {
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
                // Trailers are the last frame. Some clients do not poll again after them.
                self.may_break_off = false;
                self.give_back();
            }
            Poll::Ready(Some(Ok(_))) if self.incoming.is_end_stream() => self.give_back(),
            Poll::Ready(Some(Ok(_))) => {}
            // Without a lease the body has already ended, so no timeout applies.
            Poll::Pending if self.lease.is_none() => return Poll::Pending,
            Poll::Pending => {
                ready!(self.stall.poll(cx));
                self.lease = None;
                return Poll::Ready(Some(Err(UpstreamError::Stalled)));
            }
        }
        self.stall.reset();
        frame.map_err(UpstreamError::Failed)
    }

    fn is_end_stream(&self) -> bool {
        self.incoming.is_end_stream()
    }

    fn size_hint(&self) -> SizeHint {
        self.incoming.size_hint()
    }
}
