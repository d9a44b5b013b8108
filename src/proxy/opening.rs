//! What comes before a connection's first request: the handshake of TLS, and which HTTP is spoken.

use super::stream::{Plain, Stream};
use crate::tls::{ALPN_HTTP2, ServerTls};
use std::io;
use std::time::Duration;
use tokio_rustls::{TlsAcceptor, TlsStream};

/// How a client that knows that it may speaks HTTP/2 without TLS begins (RFC 9113 3.4). No HTTP/1 method is `PRI`.
const PREFACE: &[u8] = b"PRI * HTTP/2.0\r\n\r\nSM\r\n\r\n";

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

/// Opens a client's connection, with TLS if there is any.
pub(super) async fn open(stream: Plain, tls: Option<&ServerTls>) -> Result<(Stream, Http), NotOpened> {
    let Some(tls) = tls else {
        let http = spoken(&stream).await.map_err(NotOpened::Failed)?;
        return Ok((Stream::Plain(stream), http));
    };
    let stream = TlsAcceptor::from(tls.config()).accept(stream).await.map_err(NotOpened::Handshake)?;
    let http = if stream.get_ref().1.alpn_protocol() == Some(ALPN_HTTP2) { Http::Two } else { Http::One };
    Ok((Stream::Tls(Box::new(TlsStream::Server(stream))), http))
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

/// Looks at the first bytes without taking them.
async fn spoken(stream: &Plain) -> io::Result<Http> {
    let mut bytes = [0; PREFACE.len()];
    loop {
        let length = stream.peek(&mut bytes).await?;
        let begun = bytes.get(..length).unwrap_or_default();
        if begun.is_empty() || !PREFACE.starts_with(begun) {
            return Ok(Http::One);
        }
        if length == PREFACE.len() {
            return Ok(Http::Two);
        }
        // A part of the preface stays readable, so readiness cannot be waited for. It comes whole but for a client that sends it
        // byte by byte.
        tokio::time::sleep(Duration::from_millis(5)).await;
    }
}
