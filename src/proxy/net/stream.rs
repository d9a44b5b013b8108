//! A connection's bytes, whatever carries them.
//!
//! Enums rather than trait objects: what a read or write goes through is a branch that is always taken the same way.

use super::coalesce::poll_write_gathered;
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
    /// In a box, for it is large.
    Tls(Box<TlsStream<RawStream>>),
}

impl RawStream {
    /// Heads and small bodies are written whole: waiting for more would only delay them.
    pub(crate) fn set_nodelay(&self) -> io::Result<()> {
        match self {
            Self::Tcp(stream) => stream.set_nodelay(true),
            Self::Unix(_) => Ok(()),
        }
    }

    /// Writes what can be written at once.
    fn try_write(&self, bytes: &[u8]) -> io::Result<usize> {
        match self {
            Self::Tcp(stream) => stream.try_write(bytes),
            Self::Unix(stream) => stream.try_write(bytes),
        }
    }
}

impl Stream {
    /// Has the connection end by a reset once it is dropped. A Unix socket knows none: it just ends.
    pub(crate) fn reset(&self) {
        if let RawStream::Tcp(stream) = self.carrier() {
            // It fails only on a connection that is gone, whose client was told by that.
            let _ = stream.set_zero_linger();
        }
    }

    /// Writes a few last words, as far as they can be written at once.
    pub(crate) fn say(&mut self, words: &[u8]) {
        // Short enough for any buffer; a client that takes nothing misses nothing else.
        let _ = match self {
            Self::Raw(plain) => plain.try_write(words).map(drop),
            Self::Tls(stream) => match &mut **stream {
                TlsStream::Server(stream) => {
                    let (plain, session) = stream.get_mut();
                    session.writer().write_all(words).and_then(|()| {
                        session.send_close_notify();
                        while session.wants_write() && session.write_tls(&mut AtOnce(plain))? > 0 {}
                        Ok(())
                    })
                }
                // An upstream is told nothing.
                TlsStream::Client(_) => Ok(()),
            },
        };
    }

    fn carrier(&self) -> &RawStream {
        match self {
            Self::Raw(plain) => plain,
            Self::Tls(stream) => stream.get_ref().0,
        }
    }
}

impl fmt::Debug for Stream {
    /// Nothing of a session.
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        match self {
            Self::Raw(plain) => plain.fmt(f),
            Self::Tls(_) => f.write_str("Tls"),
        }
    }
}

/// A stream as the standard library's writers see it.
struct AtOnce<'a>(&'a RawStream);

impl Write for AtOnce<'_> {
    fn write(&mut self, bytes: &[u8]) -> io::Result<usize> {
        self.0.try_write(bytes)
    }

    fn flush(&mut self) -> io::Result<()> {
        Ok(())
    }
}

/// Hands every call on to what is inside, and writes of several pieces to a function.
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

delegate!(RawStream: Tcp | Unix, poll_write_gathered);
delegate!(Stream: Raw | Tls, AsyncWrite::poll_write_vectored);
