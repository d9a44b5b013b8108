//! A client's socket that is reset where its end would be taken for the end of an answer.

use super::head_timeout::HeadClock;
use super::read_ahead::ReadAhead;
use crate::proxy::net::stream::Stream;
use crate::proxy::net::timer::{ConnectionTimer, Wait};
use hyper::rt::Timer;
use std::future::Future;
use std::io::{self, IoSlice};
use std::pin::Pin;
use std::sync::atomic::{AtomicBool, Ordering};
use std::sync::{Arc, OnceLock};
use std::task::{Context, Poll, ready};
use std::time::Duration;
use tokio::io::{AsyncRead, AsyncWrite, ReadBuf};

/// A socket that is reset when it is dropped, if its end [`CloseDelimited`] then or its client stopped reading; and that says why where
/// hyper would not.
#[derive(Debug)]
pub(crate) struct Socket {
    /// What was read of the stream already.
    prefix: ReadAhead,
    stream: Stream,
    ends_body: CloseDelimited,
    /// For HTTP/1, whose heads are read one after another.
    clock: Option<HeadClock>,
    /// What is written last of all, if anything.
    last_words: FinalResponse,
    timeout: Duration,
    /// Made once the client has kept the proxy waiting, which few ever do.
    timer: Option<ConnectionTimer>,
    /// While the client is waited for, to take what is written.
    wait: Option<Wait>,
    /// Whether the client took nothing for too long.
    stalled: bool,
}

/// Whether an answer is on its way whose body ends with the connection, as it does for an HTTP/1.0 client. When it is cut, the
/// connection must not end as if it were whole.
///
/// Not so for others, which see a cut by the chunk or the bytes that are missing: a reset may take from them what had arrived.
#[derive(Clone, Debug, Default)]
pub(crate) struct CloseDelimited(Arc<AtomicBool>);

impl CloseDelimited {
    pub(crate) fn set(&self, ends_body: bool) {
        self.0.store(ends_body, Ordering::Relaxed);
    }
}

/// What a client is told when its connection ends before it could be told otherwise.
#[derive(Clone, Debug, Default)]
pub(crate) struct FinalResponse(Arc<OnceLock<Vec<u8>>>);

impl FinalResponse {
    pub(crate) fn set(&self, words: Vec<u8>) {
        // Only the first are ever set: a connection ends once.
        let _ = self.0.set(words);
    }
}

impl Socket {
    /// A socket whose client may take nothing for at most `timeout`.
    pub(crate) fn new(prefix: ReadAhead, stream: Stream, timeout: Duration) -> Self {
        Self {
            prefix,
            stream,
            ends_body: CloseDelimited::default(),
            clock: None,
            last_words: FinalResponse::default(),
            timeout,
            timer: None,
            wait: None,
            stalled: false,
        }
    }

    /// The same for HTTP/1.
    pub(crate) fn with(mut self, ends_body: CloseDelimited, clock: HeadClock, last_words: FinalResponse) -> Self {
        (self.ends_body, self.clock, self.last_words) = (ends_body, Some(clock), last_words);
        self
    }

    /// What comes of a write, or of its having been waited for too long.
    ///
    /// A flush and the goodbye of TLS are writes too: what was written may have gone no further than to the session.
    fn written<T>(&mut self, cx: &mut Context<'_>, written: Poll<io::Result<T>>) -> Poll<io::Result<T>> {
        if written.is_ready() {
            self.wait = None;
            return written;
        }
        let timeout = self.timeout;
        let timer = self.timer.get_or_insert_with(|| ConnectionTimer::new(timeout));
        let wait = self.wait.get_or_insert_with(|| timer.until(timer.now() + timeout));
        ready!(Pin::new(wait).poll(cx));
        self.stalled = true;
        Poll::Ready(Err(io::ErrorKind::TimedOut.into()))
    }
}

impl Drop for Socket {
    fn drop(&mut self) {
        if self.stalled || self.ends_body.0.load(Ordering::Relaxed) {
            self.stream.reset();
        } else if let (None, Some(words)) = (&self.wait, self.last_words.0.get()) {
            // Where a write waits, an answer is not whole, and the words would be a part of it.
            self.stream.say(words);
        }
    }
}

impl AsyncRead for Socket {
    fn poll_read(mut self: Pin<&mut Self>, cx: &mut Context<'_>, buf: &mut ReadBuf<'_>) -> Poll<io::Result<()>> {
        let before = buf.filled().len();
        self.prefix.give(buf);
        let read = if buf.filled().len() > before {
            Poll::Ready(Ok(()))
        } else {
            Pin::new(&mut self.stream).poll_read(cx, buf)
        };
        if let Some(clock) = self.clock.as_ref().filter(|_| buf.filled().len() > before) {
            clock.saw_bytes();
        }
        read
    }
}

impl AsyncWrite for Socket {
    fn poll_write(mut self: Pin<&mut Self>, cx: &mut Context<'_>, bytes: &[u8]) -> Poll<io::Result<usize>> {
        let written = Pin::new(&mut self.stream).poll_write(cx, bytes);
        self.written(cx, written)
    }

    fn poll_write_vectored(
        mut self: Pin<&mut Self>,
        cx: &mut Context<'_>,
        slices: &[IoSlice<'_>],
    ) -> Poll<io::Result<usize>> {
        let written = Pin::new(&mut self.stream).poll_write_vectored(cx, slices);
        self.written(cx, written)
    }

    fn is_write_vectored(&self) -> bool {
        self.stream.is_write_vectored()
    }

    fn poll_flush(mut self: Pin<&mut Self>, cx: &mut Context<'_>) -> Poll<io::Result<()>> {
        let flushed = Pin::new(&mut self.stream).poll_flush(cx);
        match self.stream {
            // Nothing to do, which says nothing about a write that waits.
            Stream::Raw(_) => flushed,
            Stream::Tls(_) => self.written(cx, flushed),
        }
    }

    fn poll_shutdown(mut self: Pin<&mut Self>, cx: &mut Context<'_>) -> Poll<io::Result<()>> {
        let shut_down = Pin::new(&mut self.stream).poll_shutdown(cx);
        self.written(cx, shut_down)
    }
}
