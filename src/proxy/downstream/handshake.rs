//! What happens before the first request: the TLS handshake, and the choice of the HTTP version.

use crate::proxy::net::HttpVersion;
use crate::proxy::net::stream::{RawStream, Stream};
use crate::tls::{ALPN_HTTP2, ServerTls};
use std::io;
use tokio::io::{AsyncRead, AsyncReadExt, ReadBuf};
use tokio_rustls::{TlsAcceptor, TlsStream};

/// Why a connection ended before its first request.
#[derive(Debug)]
pub(crate) enum HandshakeError {
    /// The connection failed, or its client closed it.
    Io(io::Error),
    /// The TLS handshake failed.
    Tls(io::Error),
}

/// A client's connection whose version of HTTP is known.
#[derive(Debug)]
pub(crate) struct Negotiated {
    pub(crate) http: HttpVersion,
    /// The bytes that were read to find the version. Empty with TLS, where ALPN names it.
    pub(crate) prefix: ReadAhead,
    pub(crate) stream: Stream,
}

/// Completes the TLS handshake, if there is one, and finds the version of HTTP.
pub(crate) async fn negotiate(mut stream: RawStream, tls: Option<&ServerTls>) -> Result<Negotiated, HandshakeError> {
    let Some(tls) = tls else {
        let (prefix, is_http2) = ReadAhead::read(&mut stream).await.map_err(HandshakeError::Io)?;
        let http = if is_http2 { HttpVersion::Http2 } else { HttpVersion::Http1 };
        return Ok(Negotiated { http, prefix, stream: Stream::Raw(stream) });
    };
    let stream = TlsAcceptor::from(tls.config()).accept(stream).await.map_err(HandshakeError::Tls)?;
    let http =
        if stream.get_ref().1.alpn_protocol() == Some(ALPN_HTTP2) { HttpVersion::Http2 } else { HttpVersion::Http1 };
    let stream = Stream::Tls(Box::new(TlsStream::Server(stream)));
    Ok(Negotiated { http, prefix: ReadAhead::default(), stream })
}

/// Returns why a TLS handshake failed, as the label of the metric.
pub(crate) fn tls_failure(error: &io::Error) -> &'static str {
    match error.get_ref().and_then(|inner| inner.downcast_ref::<rustls::Error>()) {
        None => "closed",
        Some(rustls::Error::AlertReceived(_)) => "alert",
        Some(rustls::Error::InvalidCertificate(_) | rustls::Error::NoCertificatesPresented) => "certificate",
        Some(_) => "protocol",
    }
}

/// The first bytes of an HTTP/2 client without TLS (RFC 9113 3.4). No HTTP/1 method is `PRI`.
const PREFACE: &[u8; 24] = b"PRI * HTTP/2.0\r\n\r\nSM\r\n\r\n";

/// Bytes that were read from a stream and belong before the rest of it.
///
/// They are read, not peeked: after a peek the socket stays readable, and no event would report
/// further bytes.
#[derive(Debug, Default)]
pub(crate) struct ReadAhead {
    bytes: [u8; PREFACE.len()],
    filled: usize,
    /// How many of these bytes have been copied out.
    copied: usize,
}

impl ReadAhead {
    /// Reads until it is certain whether a stream starts with the preface of HTTP/2, and returns
    /// whether it does.
    pub(crate) async fn read(stream: &mut (impl AsyncRead + Unpin)) -> io::Result<(Self, bool)> {
        let mut prefix = Self::default();
        loop {
            let read = stream.read(prefix.bytes.get_mut(prefix.filled..).unwrap_or_default()).await?;
            prefix.filled += read;
            if read == 0 || !PREFACE.starts_with(prefix.rest()) {
                return Ok((prefix, false));
            }
            if prefix.filled == PREFACE.len() {
                return Ok((prefix, true));
            }
        }
    }

    /// Copies bytes that have not been copied yet into `buf`, as far as there is space.
    pub(crate) fn copy_to(&mut self, buf: &mut ReadBuf<'_>) {
        let rest = self.rest();
        let copied = rest.get(..buf.remaining()).unwrap_or(rest);
        buf.put_slice(copied);
        self.copied += copied.len();
    }

    fn rest(&self) -> &[u8] {
        self.bytes.get(self.copied..self.filled).unwrap_or_default()
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use std::future::Future;
    use std::sync::Arc;
    use std::sync::atomic::{AtomicUsize, Ordering};
    use std::task::{Context, Wake, Waker};
    use std::time::Duration;
    use tokio::io::AsyncWriteExt;

    #[derive(Default)]
    struct Wakes(AtomicUsize);

    impl Wake for Wakes {
        fn wake(self: Arc<Self>) {
            self.0.fetch_add(1, Ordering::Relaxed);
        }
    }

    #[tokio::test(start_paused = true)]
    async fn a_part_of_the_preface_is_waited_for_without_polling() {
        let (mut client, mut server) = tokio::io::duplex(64);
        let wakes = Arc::<Wakes>::default();
        let waker = Waker::from(Arc::clone(&wakes));
        let mut reading = Box::pin(ReadAhead::read(&mut server));
        for (number, piece) in [&b"P"[..], b"RI * HTTP/2.0\r\n"].into_iter().enumerate() {
            client.write_all(piece).await.unwrap();
            assert!(reading.as_mut().poll(&mut Context::from_waker(&waker)).is_pending());
            tokio::time::advance(Duration::from_secs(10)).await;
            assert_eq!(wakes.0.load(Ordering::Relaxed), number, "only bytes wake it");
        }
        client.write_all(b"\r\nSM\r\n\r\nrest").await.unwrap();
        assert_eq!(wakes.0.load(Ordering::Relaxed), 2);
        assert!(reading.await.unwrap().1, "the preface is complete");
        let mut rest = [0; 4];
        server.read_exact(&mut rest).await.unwrap();
        assert_eq!(&rest, b"rest", "nothing after the preface is read");
    }

    #[tokio::test]
    async fn bytes_are_copied_out_in_pieces_of_any_size() {
        for (sent, is_preface) in [(&b"POST /"[..], false), (b"P", false), (b"", false), (PREFACE, true)] {
            let (mut client, mut server) = tokio::io::duplex(64);
            client.write_all(sent).await.unwrap();
            drop(client);
            let (mut prefix, found) = ReadAhead::read(&mut server).await.unwrap();
            assert_eq!(found, is_preface);
            let mut all = Vec::<u8>::new();
            for _ in 0..PREFACE.len() {
                let mut bytes = [0; 5];
                let mut buf = ReadBuf::new(&mut bytes);
                prefix.copy_to(&mut buf);
                all.extend(buf.filled());
            }
            assert_eq!(all, sent);
        }
    }
}
