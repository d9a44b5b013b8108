//! What comes before a connection's first request: the handshake of TLS, and which HTTP is spoken.

use super::read_ahead::ReadAhead;
use crate::proxy::net::stream::{RawStream, Stream};
use crate::proxy::net::version::HttpVersion;
use crate::tls::{ALPN_HTTP2, ServerTls};
use std::io;
use tokio_rustls::{TlsAcceptor, TlsStream};

/// Why a connection ended before a request.
#[derive(Debug)]
pub(crate) enum HandshakeError {
    Failed(io::Error),
    Handshake(io::Error),
}

/// A client's connection, whose HTTP is known.
#[derive(Debug)]
pub(crate) struct Negotiated {
    pub(crate) http: HttpVersion,
    /// What was read of the stream to know it.
    pub(crate) prefix: ReadAhead,
    pub(crate) stream: Stream,
}

/// Opens a client's connection, with TLS if there is any.
pub(crate) async fn open(mut stream: RawStream, tls: Option<&ServerTls>) -> Result<Negotiated, HandshakeError> {
    let Some(tls) = tls else {
        let (prefix, is_http2) = ReadAhead::read(&mut stream).await.map_err(HandshakeError::Failed)?;
        let http = if is_http2 { HttpVersion::Http2 } else { HttpVersion::Http1 };
        return Ok(Negotiated { http, prefix, stream: Stream::Raw(stream) });
    };
    let stream = TlsAcceptor::from(tls.config()).accept(stream).await.map_err(HandshakeError::Handshake)?;
    let http =
        if stream.get_ref().1.alpn_protocol() == Some(ALPN_HTTP2) { HttpVersion::Http2 } else { HttpVersion::Http1 };
    let stream = Stream::Tls(Box::new(TlsStream::Server(stream)));
    Ok(Negotiated { http, prefix: ReadAhead::default(), stream })
}

/// Why a handshake failed, in a word for the metric.
pub(crate) fn handshake_failure(error: &io::Error) -> &'static str {
    match error.get_ref().and_then(|inner| inner.downcast_ref::<rustls::Error>()) {
        None => "closed",
        Some(rustls::Error::AlertReceived(_)) => "alert",
        Some(rustls::Error::InvalidCertificate(_) | rustls::Error::NoCertificatesPresented) => "certificate",
        Some(_) => "protocol",
    }
}
