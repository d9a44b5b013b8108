//! A client's socket that is reset where its end would be taken for the end of an answer.

use std::io::{self, IoSlice};
use std::pin::Pin;
use std::sync::Arc;
use std::sync::atomic::{AtomicBool, Ordering};
use std::task::{Context, Poll};
use tokio::io::{AsyncRead, AsyncWrite, ReadBuf};
use tokio::net::TcpStream;

/// A socket that is reset when it is dropped, if its end [`EndsBody`] then.
#[derive(Debug)]
pub(super) struct Socket {
    stream: TcpStream,
    ends_body: EndsBody,
}

/// Whether an answer is on its way whose body ends with the connection, as it does for an HTTP/1.0 client. When it is cut, the
/// connection must not end as if it were whole.
///
/// Not so for others, which see a cut by the chunk or the bytes that are missing: a reset may take from them what had arrived.
#[derive(Clone, Debug, Default)]
pub(super) struct EndsBody(Arc<AtomicBool>);

impl EndsBody {
    pub(super) fn set(&self, ends_body: bool) {
        self.0.store(ends_body, Ordering::Relaxed);
    }
}

impl Socket {
    pub(super) fn new(stream: TcpStream, ends_body: EndsBody) -> Self {
        Self { stream, ends_body }
    }
}

impl Drop for Socket {
    fn drop(&mut self) {
        if self.ends_body.0.load(Ordering::Relaxed) {
            // It fails only on a connection that is gone, whose client was told by that.
            let _ = self.stream.set_zero_linger();
        }
    }
}

impl AsyncRead for Socket {
    fn poll_read(mut self: Pin<&mut Self>, cx: &mut Context<'_>, buf: &mut ReadBuf<'_>) -> Poll<io::Result<()>> {
        Pin::new(&mut self.stream).poll_read(cx, buf)
    }
}

impl AsyncWrite for Socket {
    fn poll_write(mut self: Pin<&mut Self>, cx: &mut Context<'_>, bytes: &[u8]) -> Poll<io::Result<usize>> {
        Pin::new(&mut self.stream).poll_write(cx, bytes)
    }

    fn poll_write_vectored(
        mut self: Pin<&mut Self>,
        cx: &mut Context<'_>,
        slices: &[IoSlice<'_>],
    ) -> Poll<io::Result<usize>> {
        Pin::new(&mut self.stream).poll_write_vectored(cx, slices)
    }

    fn is_write_vectored(&self) -> bool {
        self.stream.is_write_vectored()
    }

    fn poll_flush(mut self: Pin<&mut Self>, cx: &mut Context<'_>) -> Poll<io::Result<()>> {
        Pin::new(&mut self.stream).poll_flush(cx)
    }

    fn poll_shutdown(mut self: Pin<&mut Self>, cx: &mut Context<'_>) -> Poll<io::Result<()>> {
        Pin::new(&mut self.stream).poll_shutdown(cx)
    }
}
