//! The upstream's side of an HTTP/1 connection as the HTTP library is to see it.

use super::head::{Ambiguous, end, end_of_fine, is_begun, status, without_odd_lines};
use crate::proxy::net::stream::Stream;
use std::io::{self, IoSlice};
use std::mem::take;
use std::pin::Pin;
use std::sync::Arc;
use std::sync::atomic::{AtomicU8, Ordering};
use std::task::{Context, Poll, ready};
use tokio::io::{AsyncRead, AsyncWrite, ReadBuf};

/// How far the answer to the last request on a connection is. Cheap to clone; clones tell of the same connection.
#[derive(Clone, Debug)]
pub(crate) struct Hearing(Arc<AtomicU8>);

/// A request is on its way, and not a byte came.
const SILENT: u8 = 0;
/// The answer's head has begun.
const HEAD: u8 = 1;
/// What comes is no head.
const BEYOND: u8 = 2;
/// What comes is of another protocol.
const TUNNEL: u8 = 3;

impl Hearing {
    /// Says that a request follows.
    pub(crate) fn begin(&self) {
        self.0.store(SILENT, Ordering::Relaxed);
    }

    /// Whether no byte of an answer came.
    pub(crate) fn is_silent(&self) -> bool {
        self.is(SILENT)
    }

    fn is_beyond(&self) -> bool {
        self.is(BEYOND) || self.is(TUNNEL)
    }

    fn is(&self, state: u8) -> bool {
        self.0.load(Ordering::Relaxed) == state
    }

    /// Notes that a head is over.
    fn had(&self, head: &[u8]) {
        match status(head) {
            b"101" => self.set(TUNNEL),
            [b'1', ..] => {}
            _ => self.set(BEYOND),
        }
    }

    fn set(&self, state: u8) {
        self.0.store(state, Ordering::Relaxed);
    }
}

/// A connection to the upstream: heads of answers are read without the lines that are no fields.
#[derive(Debug)]
pub(crate) struct ResponseStream {
    stream: Stream,
    hearing: Hearing,
    /// Whether the upstream takes no more, which it may have said why before. What is written then goes nowhere, and the end is told
    /// by what is read.
    deaf: bool,
    /// Most bytes of a head.
    limit: usize,
    /// What came of a head that is not whole.
    begun: Vec<u8>,
    /// What is to be read before anything else.
    given: Vec<u8>,
}

impl ResponseStream {
    pub(crate) fn new(stream: Stream, limit: usize) -> (Self, Hearing) {
        let hearing = Hearing(Arc::new(AtomicU8::new(BEYOND)));
        (Self { stream, hearing: hearing.clone(), deaf: false, limit, begun: Vec::new(), given: Vec::new() }, hearing)
    }

    /// Whether all that came is heads without an odd line, and what stands behind them.
    fn is_fine(&self, mut came: &[u8]) -> bool {
        while is_begun(came)
            && let Some(end) = end_of_fine(came)
        {
            let (head, rest) = came.split_at(end);
            self.hearing.had(head);
            if self.hearing.is_beyond() || rest.is_empty() {
                return true;
            }
            came = rest;
        }
        false
    }

    /// What a write of so many bytes came to. Not in a tunnel, where nothing is awaited.
    fn written(&mut self, length: usize, written: Poll<io::Result<usize>>) -> Poll<io::Result<usize>> {
        match written {
            Poll::Ready(Err(_)) if !self.hearing.is(TUNNEL) => {
                self.deaf = true;
                Poll::Ready(Ok(length))
            }
            written => written,
        }
    }

    /// Gives the heads that are whole; those before `from` hold no end of the first.
    fn give(&mut self, mut from: usize) -> io::Result<()> {
        while !self.hearing.is_beyond() {
            if !is_begun(&self.begun) || self.begun.len() > self.limit {
                // The library says what is wrong with it.
                self.hearing.set(BEYOND);
            } else if let Some(end) = end(&self.begun, from) {
                let rest = self.begun.split_off(end);
                let head = std::mem::replace(&mut self.begun, rest);
                self.hearing.had(&head);
                let kept = without_odd_lines(&head).map_err(ambiguous)?;
                self.given.append(&mut kept.unwrap_or(head));
                from = 0;
            } else {
                return Ok(());
            }
        }
        self.given.append(&mut self.begun);
        Ok(())
    }
}

fn ambiguous(error: Ambiguous) -> io::Error {
    io::Error::new(io::ErrorKind::InvalidData, error)
}

impl AsyncRead for ResponseStream {
    fn poll_read(mut self: Pin<&mut Self>, cx: &mut Context<'_>, buf: &mut ReadBuf<'_>) -> Poll<io::Result<()>> {
        loop {
            if !self.given.is_empty() {
                let length = self.given.len().min(buf.remaining());
                buf.put_slice(self.given.drain(..length).as_slice());
                return Poll::Ready(Ok(()));
            }
            if self.hearing.is_beyond() {
                return Pin::new(&mut self.stream).poll_read(cx, buf);
            }
            let before = buf.filled().len();
            ready!(Pin::new(&mut self.stream).poll_read(cx, buf))?;
            let came = buf.filled().get(before..).unwrap_or_default();
            if came.is_empty() {
                // Closed, perhaps in the middle of a head.
                self.given = take(&mut self.begun);
                if self.given.is_empty() {
                    return Poll::Ready(Ok(()));
                }
                continue;
            }
            self.hearing.set(HEAD);
            if self.begun.is_empty() && self.is_fine(came) {
                return Poll::Ready(Ok(()));
            }
            let from = self.begun.len().saturating_sub(2);
            self.begun.extend_from_slice(came);
            buf.set_filled(before);
            self.give(from)?;
        }
    }
}

impl AsyncWrite for ResponseStream {
    fn poll_write(mut self: Pin<&mut Self>, cx: &mut Context<'_>, bytes: &[u8]) -> Poll<io::Result<usize>> {
        if self.deaf {
            return Poll::Ready(Ok(bytes.len()));
        }
        let written = Pin::new(&mut self.stream).poll_write(cx, bytes);
        self.written(bytes.len(), written)
    }

    fn poll_write_vectored(
        mut self: Pin<&mut Self>,
        cx: &mut Context<'_>,
        slices: &[IoSlice<'_>],
    ) -> Poll<io::Result<usize>> {
        let length = slices.iter().map(|slice| slice.len()).sum();
        if self.deaf {
            return Poll::Ready(Ok(length));
        }
        let written = Pin::new(&mut self.stream).poll_write_vectored(cx, slices);
        self.written(length, written)
    }

    fn is_write_vectored(&self) -> bool {
        self.stream.is_write_vectored()
    }

    fn poll_flush(mut self: Pin<&mut Self>, cx: &mut Context<'_>) -> Poll<io::Result<()>> {
        if self.deaf {
            return Poll::Ready(Ok(()));
        }
        let flushed = Pin::new(&mut self.stream).poll_flush(cx).map_ok(|()| 0);
        self.written(0, flushed).map_ok(|_| ())
    }

    fn poll_shutdown(mut self: Pin<&mut Self>, cx: &mut Context<'_>) -> Poll<io::Result<()>> {
        Pin::new(&mut self.stream).poll_shutdown(cx)
    }
}
