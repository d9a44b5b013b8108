//! The byte stream of a connection: TCP or a Unix socket, with TLS or without.
//!
//! Enums rather than trait objects: on one connection their branches are always predicted.

use std::cell::Cell;
use std::fmt;
use std::io::{self, IoSlice, Write};
use std::pin::Pin;
use std::task::{Context, Poll};
use tokio::io::{AsyncRead, AsyncWrite, ReadBuf};
use tokio::net::{TcpStream, UnixStream};
use tokio_rustls::TlsStream;

/// A connection without TLS.
#[derive(Debug)]
pub(crate) enum RawStream {
    Tcp(TcpStream),
    Unix(UnixStream),
}

/// A connection with TLS or without.
pub(crate) enum Stream {
    Raw(RawStream),
    /// Boxed, because it is large.
    Tls(Box<TlsStream<RawStream>>),
}

impl RawStream {
    /// Disables Nagle's algorithm: heads and small bodies are written in one piece already.
    pub(crate) fn set_nodelay(&self) -> io::Result<()> {
        match self {
            Self::Tcp(stream) => stream.set_nodelay(true),
            Self::Unix(_) => Ok(()),
        }
    }

    /// Writes what fits into the socket's buffer.
    fn try_write(&self, bytes: &[u8]) -> io::Result<usize> {
        match self {
            Self::Tcp(stream) => stream.try_write(bytes),
            Self::Unix(stream) => stream.try_write(bytes),
        }
    }
}

impl Stream {
    /// Makes dropping the connection send a TCP reset. A Unix socket has no reset and is just
    /// closed.
    pub(crate) fn reset(&self) {
        if let RawStream::Tcp(stream) = self.raw() {
            // Fails only on a connection that has ended already.
            let _ = stream.set_zero_linger();
        }
    }

    /// Writes the last bytes of a connection to a client, without waiting.
    pub(crate) fn write_final(&mut self, bytes: &[u8]) {
        // They fit into any buffer, unless the client has stopped reading.
        let _ = match self {
            Self::Raw(raw) => raw.try_write(bytes).map(drop),
            Self::Tls(stream) => match &mut **stream {
                TlsStream::Server(stream) => {
                    let (raw, session) = stream.get_mut();
                    session.writer().write_all(bytes).and_then(|()| {
                        session.send_close_notify();
                        while session.wants_write() && session.write_tls(&mut NonBlocking(raw))? > 0 {}
                        Ok(())
                    })
                }
                // Only clients get final bytes.
                TlsStream::Client(_) => Ok(()),
            },
        };
    }

    fn raw(&self) -> &RawStream {
        match self {
            Self::Raw(raw) => raw,
            Self::Tls(stream) => stream.get_ref().0,
        }
    }
}

impl fmt::Debug for Stream {
    /// Shows nothing of a TLS session.
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        match self {
            Self::Raw(raw) => raw.fmt(f),
            Self::Tls(_) => f.write_str("Tls"),
        }
    }
}

/// Implements the standard library's `Write` by writes that do not wait.
struct NonBlocking<'a>(&'a RawStream);

impl Write for NonBlocking<'_> {
    fn write(&mut self, bytes: &[u8]) -> io::Result<usize> {
        self.0.try_write(bytes)
    }

    fn flush(&mut self) -> io::Result<()> {
        Ok(())
    }
}

/// Slices of at most this many bytes in total are copied into one buffer.
const MAX_COALESCED: usize = 4096;

thread_local! {
    /// The buffer of all connections of a worker. It is in use only during one call.
    static BUFFER: Cell<Vec<u8>> = const { Cell::new(Vec::new()) };
}

/// Writes a head and a small body as one buffer. Copying them costs less than the kernel's path
/// for vectored writes.
fn poll_write_coalesced<S: AsyncWrite>(
    stream: Pin<&mut S>,
    cx: &mut Context<'_>,
    slices: &[IoSlice<'_>],
) -> Poll<io::Result<usize>> {
    if let [slice] = slices {
        return stream.poll_write(cx, slice);
    }
    if slices.iter().map(|slice| slice.len()).sum::<usize>() > MAX_COALESCED {
        return stream.poll_write_vectored(cx, slices);
    }
    let mut buffer = BUFFER.take();
    buffer.clear();
    slices.iter().for_each(|slice| buffer.extend_from_slice(slice));
    let written = stream.poll_write(cx, &buffer);
    BUFFER.set(buffer);
    written
}

/// Delegates reads and writes to the variants, and vectored writes to a function.
macro_rules! delegate {
    ($stream:ident: $($variant:ident)|+, $write_vectored:path) => {
        impl AsyncRead for $stream {
            #[inline]
            fn poll_read(self: Pin<&mut Self>, cx: &mut Context<'_>, buf: &mut ReadBuf<'_>) -> Poll<io::Result<()>> {
                match self.get_mut() {
                    $(Self::$variant(stream) => Pin::new(stream).poll_read(cx, buf),)+
                }
            }
        }

        impl AsyncWrite for $stream {
            #[inline]
            fn poll_write(self: Pin<&mut Self>, cx: &mut Context<'_>, bytes: &[u8]) -> Poll<io::Result<usize>> {
                match self.get_mut() {
                    $(Self::$variant(stream) => Pin::new(stream).poll_write(cx, bytes),)+
                }
            }

            #[inline]
            fn poll_write_vectored(
                self: Pin<&mut Self>,
                cx: &mut Context<'_>,
                slices: &[IoSlice<'_>],
            ) -> Poll<io::Result<usize>> {
                match self.get_mut() {
                    $(Self::$variant(stream) => $write_vectored(Pin::new(stream), cx, slices),)+
                }
            }

            #[inline]
            fn is_write_vectored(&self) -> bool {
                match self {
                    $(Self::$variant(stream) => stream.is_write_vectored(),)+
                }
            }

            #[inline]
            fn poll_flush(self: Pin<&mut Self>, cx: &mut Context<'_>) -> Poll<io::Result<()>> {
                match self.get_mut() {
                    $(Self::$variant(stream) => Pin::new(stream).poll_flush(cx),)+
                }
            }

            #[inline]
            fn poll_shutdown(self: Pin<&mut Self>, cx: &mut Context<'_>) -> Poll<io::Result<()>> {
                match self.get_mut() {
                    $(Self::$variant(stream) => Pin::new(stream).poll_shutdown(cx),)+
                }
            }
        }
    };
}

delegate!(RawStream: Tcp | Unix, poll_write_coalesced);
delegate!(Stream: Raw | Tls, AsyncWrite::poll_write_vectored);

#[cfg(test)]
mod tests {
    use super::*;
    use std::future::poll_fn;
    use tokio::io::{AsyncReadExt, duplex};

    #[tokio::test]
    async fn pieces_arrive_in_their_order_however_much_is_taken() {
        for (sizes, taken) in [(&[3, 5][..], 64), (&[3, 5], 6), (&[8], 64), (&[0, 4000, 96], 8192), (&[4000, 97], 8192)]
        {
            let sent: Vec<Vec<u8>> = sizes.iter().zip(b'a'..).map(|(&size, letter)| vec![letter; size]).collect();
            let (mut near, mut far) = duplex(taken);
            let slices: Vec<_> = sent.iter().map(|piece| IoSlice::new(piece)).collect();
            let written = poll_fn(|cx| poll_write_coalesced(Pin::new(&mut near), cx, &slices)).await.unwrap();
            drop(near);
            let mut arrived = Vec::new();
            far.read_to_end(&mut arrived).await.unwrap();
            assert!(written > 0 && arrived == sent.concat()[..written], "{sizes:?}: {written}");
        }
    }
}
