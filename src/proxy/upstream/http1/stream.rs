//! The byte stream of an HTTP/1.1 connection to the upstream, as hyper reads and writes it.

use super::head::{end_of_head, end_of_valid_head, remove_malformed_lines, starts_head, status};
use crate::proxy::net::stream::Stream;
use std::io::{self, IoSlice};
use std::mem::take;
use std::pin::Pin;
use std::sync::Arc;
use std::sync::atomic::{AtomicU8, Ordering};
use std::task::{Context, Poll, ready};
use tokio::io::{AsyncRead, AsyncWrite, ReadBuf};

/// How much of the last response has been read from a connection. Clones share the state.
#[derive(Clone, Debug)]
pub(crate) struct ResponsePhase(Arc<AtomicU8>);

/// A request has been sent, and no byte of the response has come.
const AWAITED: u8 = 0;
/// A part of the head has been read. After the head of an interim response (1xx), another head
/// follows.
const HEAD: u8 = 1;
/// The whole head has been read, or the bytes are not a head.
const BODY: u8 = 2;
/// The connection has switched protocols.
const TUNNEL: u8 = 3;

impl ResponsePhase {
    /// Marks that a request is about to be sent.
    pub(crate) fn await_response(&self) {
        self.set(AWAITED);
    }

    /// Returns whether no byte of the response has come.
    pub(crate) fn is_awaited(&self) -> bool {
        self.is(AWAITED)
    }

    fn is_past_head(&self) -> bool {
        self.is(BODY) || self.is(TUNNEL)
    }

    fn is(&self, phase: u8) -> bool {
        self.0.load(Ordering::Relaxed) == phase
    }

    /// Sets the phase that follows this complete head.
    fn end_head(&self, head: &[u8]) {
        match status(head) {
            b"101" => self.set(TUNNEL),
            [b'1', ..] => {}
            _ => self.set(BODY),
        }
    }

    fn set(&self, phase: u8) {
        self.0.store(phase, Ordering::Relaxed);
    }
}

/// A connection to the upstream. Removes malformed lines from the heads of responses.
#[derive(Debug)]
pub(crate) struct ResponseStream {
    stream: Stream,
    phase: ResponsePhase,
    /// Set after a failed write: later writes are dropped and report success. The upstream may have
    /// sent a response before it closed its side, and hyper must read that response. Reading finds
    /// the end.
    discards_writes: bool,
    max_head_bytes: usize,
    /// The bytes of a head that is not complete yet.
    partial_head: Vec<u8>,
    /// Repaired heads and the bytes after them. hyper reads these before the socket's next bytes.
    ready: Vec<u8>,
}

impl ResponseStream {
    pub(crate) fn new(stream: Stream, max_head_bytes: usize) -> (Self, ResponsePhase) {
        let phase = ResponsePhase(Arc::new(AtomicU8::new(BODY)));
        let (partial_head, ready) = (Vec::new(), Vec::new());
        let this = Self { stream, phase: phase.clone(), discards_writes: false, max_head_bytes, partial_head, ready };
        (this, phase)
    }

    /// Updates the phase, and returns whether the bytes can pass unchanged. They can if they are
    /// complete heads without a malformed line, followed by anything.
    fn is_valid(&self, mut bytes: &[u8]) -> bool {
        while starts_head(bytes)
            && let Some(end) = end_of_valid_head(bytes)
        {
            let (head, rest) = bytes.split_at(end);
            self.phase.end_head(head);
            if self.phase.is_past_head() || rest.is_empty() {
                return true;
            }
            bytes = rest;
        }
        false
    }

    /// Turns a failed write of `length` bytes into a successful one, except in a tunnel, where no
    /// response is expected.
    fn hide_failure(&mut self, length: usize, written: Poll<io::Result<usize>>) -> Poll<io::Result<usize>> {
        match written {
            Poll::Ready(Err(_)) if !self.phase.is(TUNNEL) => {
                self.discards_writes = true;
                Poll::Ready(Ok(length))
            }
            written => written,
        }
    }

    /// Repairs complete heads and moves them from `partial_head` to `ready`. `from` is where the
    /// search for the end of the first head starts.
    fn repair_heads(&mut self, mut from: usize) -> io::Result<()> {
        while !self.phase.is_past_head() {
            if !starts_head(&self.partial_head) || self.partial_head.len() > self.max_head_bytes {
                // hyper reports the error.
                self.phase.set(BODY);
            } else if let Some(end) = end_of_head(&self.partial_head, from) {
                let rest = self.partial_head.split_off(end);
                let head = std::mem::replace(&mut self.partial_head, rest);
                self.phase.end_head(&head);
                let repaired =
                    remove_malformed_lines(&head).map_err(|error| io::Error::new(io::ErrorKind::InvalidData, error))?;
                self.ready.append(&mut repaired.unwrap_or(head));
                from = 0;
            } else {
                return Ok(());
            }
        }
        self.ready.append(&mut self.partial_head);
        Ok(())
    }
}

impl AsyncRead for ResponseStream {
    fn poll_read(mut self: Pin<&mut Self>, cx: &mut Context<'_>, buf: &mut ReadBuf<'_>) -> Poll<io::Result<()>> {
        loop {
            if !self.ready.is_empty() {
                let length = self.ready.len().min(buf.remaining());
                buf.put_slice(self.ready.drain(..length).as_slice());
                return Poll::Ready(Ok(()));
            }
            if self.phase.is_past_head() {
                return Pin::new(&mut self.stream).poll_read(cx, buf);
            }
            let before = buf.filled().len();
            ready!(Pin::new(&mut self.stream).poll_read(cx, buf))?;
            let read = buf.filled().get(before..).unwrap_or_default();
            if read.is_empty() {
                // The upstream has closed the connection, perhaps in the middle of a head.
                self.ready = take(&mut self.partial_head);
                if self.ready.is_empty() {
                    return Poll::Ready(Ok(()));
                }
                continue;
            }
            self.phase.set(HEAD);
            if self.partial_head.is_empty() && self.is_valid(read) {
                return Poll::Ready(Ok(()));
            }
            let from = self.partial_head.len().saturating_sub(2);
            self.partial_head.extend_from_slice(read);
            buf.set_filled(before);
            self.repair_heads(from)?;
        }
    }
}

impl AsyncWrite for ResponseStream {
    fn poll_write(mut self: Pin<&mut Self>, cx: &mut Context<'_>, bytes: &[u8]) -> Poll<io::Result<usize>> {
        if self.discards_writes {
            return Poll::Ready(Ok(bytes.len()));
        }
        let written = Pin::new(&mut self.stream).poll_write(cx, bytes);
        self.hide_failure(bytes.len(), written)
    }

    fn poll_write_vectored(
        mut self: Pin<&mut Self>,
        cx: &mut Context<'_>,
        slices: &[IoSlice<'_>],
    ) -> Poll<io::Result<usize>> {
        let length = slices.iter().map(|slice| slice.len()).sum();
        if self.discards_writes {
            return Poll::Ready(Ok(length));
        }
        let written = Pin::new(&mut self.stream).poll_write_vectored(cx, slices);
        self.hide_failure(length, written)
    }

    fn is_write_vectored(&self) -> bool {
        self.stream.is_write_vectored()
    }

    fn poll_flush(mut self: Pin<&mut Self>, cx: &mut Context<'_>) -> Poll<io::Result<()>> {
        if self.discards_writes {
            return Poll::Ready(Ok(()));
        }
        let flushed = Pin::new(&mut self.stream).poll_flush(cx).map_ok(|()| 0);
        self.hide_failure(0, flushed).map_ok(|_| ())
    }

    fn poll_shutdown(mut self: Pin<&mut Self>, cx: &mut Context<'_>) -> Poll<io::Result<()>> {
        Pin::new(&mut self.stream).poll_shutdown(cx)
    }
}
