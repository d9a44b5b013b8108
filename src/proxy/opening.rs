//! What comes before a connection's first request: the handshake of TLS, and which HTTP is spoken.

use super::prefix::Prefix;
use super::stream::{Plain, Stream};
use crate::tls::{ALPN_HTTP2, ServerTls};
use std::io;
use tokio_rustls::{TlsAcceptor, TlsStream};

/// Which HTTP is spoken on a connection.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(super) enum Http {
    One,
    Two,
}

/// Why a connection ended before a request.
#[derive(Debug)]
pub(super) enum NotOpened {
    Failed(io::Error),
    Handshake(io::Error),
}

/// A client's connection, whose HTTP is known.
#[derive(Debug)]
pub(super) struct Opened {
    pub(super) http: Http,
    /// What was read of the stream to know it.
    pub(super) prefix: Prefix,
    pub(super) stream: Stream,
}

/// Opens a client's connection, with TLS if there is any.
pub(super) async fn open(mut stream: Plain, tls: Option<&ServerTls>) -> Result<Opened, NotOpened> {
    let Some(tls) = tls else {
        let (prefix, is_http2) = Prefix::read(&mut stream).await.map_err(NotOpened::Failed)?;
        let http = if is_http2 { Http::Two } else { Http::One };
        return Ok(Opened { http, prefix, stream: Stream::Plain(stream) });
    };
    let stream = TlsAcceptor::from(tls.config()).accept(stream).await.map_err(NotOpened::Handshake)?;
    let http = if stream.get_ref().1.alpn_protocol() == Some(ALPN_HTTP2) { Http::Two } else { Http::One };
    let stream = Stream::Tls(Box::new(TlsStream::Server(stream)));
    Ok(Opened { http, prefix: Prefix::default(), stream })
}

/// Why a handshake failed, in a word for the metric.
pub(super) fn handshake_failure(error: &io::Error) -> &'static str {
    match error.get_ref().and_then(|inner| inner.downcast_ref::<rustls::Error>()) {
        None => "closed",
        Some(rustls::Error::AlertReceived(_)) => "alert",
        Some(rustls::Error::InvalidCertificate(_) | rustls::Error::NoCertificatesPresented) => "certificate",
        Some(_) => "protocol",
    }
}
