//! The socket of a client, which decides whether the connection ends by a close or by a reset.

use super::handshake::ReadAhead;
use super::http1_state::Http1State;
use crate::proxy::net::stream::Stream;
use crate::proxy::net::timer::StallTimer;
use std::io::{self, IoSlice};
use std::pin::Pin;
use std::sync::Arc;
use std::task::{Context, Poll, ready};
use std::time::Duration;
use tokio::io::{AsyncRead, AsyncWrite, ReadBuf};

/// The socket of a client. When dropped, it resets the connection if the client stopped reading or
/// if a plain close would make an incomplete response look complete.
#[derive(Debug)]
pub(crate) struct Socket {
    /// Bytes of the stream that were already read.
    prefix: ReadAhead,
    stream: Stream,
    /// The shared state of an HTTP/1 connection. `None` for HTTP/2.
    http1: Option<Arc<Http1State>>,
    /// Runs while a write waits for the client to read.
    stall: StallTimer,
    /// Whether the client has read nothing for too long.
    is_stalled: bool,
}

impl Socket {
    /// Creates a socket whose client may read nothing for at most `timeout`.
    pub(crate) fn new(prefix: ReadAhead, stream: Stream, timeout: Duration) -> Self {
        Self { prefix, stream, http1: None, stall: StallTimer::new(timeout, None), is_stalled: false }
    }

    /// Sets the shared state of an HTTP/1 connection.
    pub(crate) fn with_state(mut self, state: Arc<Http1State>) -> Self {
        self.http1 = Some(state);
        self
    }

    /// Returns the result of a write, or an error if the write has waited for too long. Flush and
    /// shutdown over TLS count as writes: earlier bytes may still be in the TLS session.
    fn limit_stall<T>(&mut self, cx: &mut Context<'_>, written: Poll<io::Result<T>>) -> Poll<io::Result<T>> {
        if written.is_ready() {
            self.stall.reset();
            return written;
        }
        ready!(self.stall.poll(cx));
        self.is_stalled = true;
        Poll::Ready(Err(io::ErrorKind::TimedOut.into()))
    }
}

impl Drop for Socket {
    fn drop(&mut self) {
        let state = self.http1.as_deref();
        if self.is_stalled || state.is_some_and(Http1State::is_close_delimited) {
            self.stream.reset();
        } else if let (false, Some(response)) = (self.stall.is_waiting(), state.and_then(Http1State::final_response)) {
            // While a write waits, a response is incomplete: these bytes would become a part of it.
            self.stream.write_final(response);
        }
    }
}

impl AsyncRead for Socket {
    fn poll_read(mut self: Pin<&mut Self>, cx: &mut Context<'_>, buf: &mut ReadBuf<'_>) -> Poll<io::Result<()>> {
        let before = buf.filled().len();
        self.prefix.copy_to(buf);
        let read = if buf.filled().len() > before {
            Poll::Ready(Ok(()))
        } else {
            Pin::new(&mut self.stream).poll_read(cx, buf)
        };
        if let Some(state) = self.http1.as_ref().filter(|_| buf.filled().len() > before) {
            state.received_bytes();
        }
        read
    }
}

impl AsyncWrite for Socket {
    fn poll_write(mut self: Pin<&mut Self>, cx: &mut Context<'_>, bytes: &[u8]) -> Poll<io::Result<usize>> {
        let written = Pin::new(&mut self.stream).poll_write(cx, bytes);
        self.limit_stall(cx, written)
    }

    fn poll_write_vectored(
        mut self: Pin<&mut Self>,
        cx: &mut Context<'_>,
        slices: &[IoSlice<'_>],
    ) -> Poll<io::Result<usize>> {
        let written = Pin::new(&mut self.stream).poll_write_vectored(cx, slices);
        self.limit_stall(cx, written)
    }

    fn is_write_vectored(&self) -> bool {
        self.stream.is_write_vectored()
    }

    fn poll_flush(mut self: Pin<&mut Self>, cx: &mut Context<'_>) -> Poll<io::Result<()>> {
        let flushed = Pin::new(&mut self.stream).poll_flush(cx);
        match self.stream {
            // A flush without TLS does nothing, so its result does not show that a waiting write
            // has ended.
            Stream::Raw(_) => flushed,
            Stream::Tls(_) => self.limit_stall(cx, flushed),
        }
    }

    fn poll_shutdown(mut self: Pin<&mut Self>, cx: &mut Context<'_>) -> Poll<io::Result<()>> {
        let shut_down = Pin::new(&mut self.stream).poll_shutdown(cx);
        self.limit_stall(cx, shut_down)
    }
}
