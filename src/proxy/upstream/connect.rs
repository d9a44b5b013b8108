//! Connects to the upstream: looks up its name, tries its addresses in turn, and adds TLS.

use crate::proxy::error::ForwardError;
use crate::proxy::net::HttpVersion;
use crate::proxy::net::stream::{RawStream, Stream};
use crate::proxy::settings::{Transport, Upstream};
use crate::tls::{ALPN_HTTP2, ClientTls};
use socket2::{SockRef, TcpKeepalive};
use std::io;
use std::net::SocketAddr;
use std::time::Duration;
use tokio::net::{TcpStream, UnixStream};
use tokio::time::{Instant, timeout, timeout_at};
use tokio_rustls::{TlsConnector, TlsStream};

/// TCP keepalive: the silence before the first probe, the time between probes, and their number.
const KEEPALIVE_IDLE: Duration = Duration::from_secs(15);
const KEEPALIVE_INTERVAL: Duration = Duration::from_secs(5);
const KEEPALIVE_PROBES: u32 = 3;

/// Makes a connection for this version of HTTP within a time limit.
///
/// Looks up the name each time, because its addresses may have changed. Caching is left to the
/// system's resolver, which knows how long each record is valid.
pub(crate) async fn connect(upstream: &Upstream, http: HttpVersion, limit: Duration) -> Result<Stream, ForwardError> {
    let deadline = Instant::now() + limit;
    let connecting = async {
        let raw = connect_raw(upstream, deadline).await.map_err(|error| match error.kind() {
            io::ErrorKind::TimedOut => ForwardError::ConnectTimeout,
            _ => ForwardError::Connect(error),
        })?;
        if http == HttpVersion::Http2 {
            enable_keepalive(&raw);
        }
        match &upstream.transport {
            Transport::Tls(tls) => connect_tls(raw, tls, http).await.map_err(ForwardError::Tls),
            Transport::Tcp | Transport::Unix(_) => Ok(Stream::Raw(raw)),
        }
    };
    timeout_at(deadline, connecting).await.unwrap_or(Err(ForwardError::ConnectTimeout))
}

async fn connect_raw(upstream: &Upstream, deadline: Instant) -> io::Result<RawStream> {
    if let Transport::Unix(path) = &upstream.transport {
        return UnixStream::connect(path).await.map(RawStream::Unix);
    }
    let host = upstream.authority.host().trim_matches(['[', ']']);
    let addresses: Vec<_> = tokio::net::lookup_host((host, upstream.port())).await?.collect();
    let stream = connect_any(&addresses, deadline).await?;
    // Requests are written in one piece, so Nagle's algorithm could only delay them.
    stream.set_nodelay(true)?;
    Ok(RawStream::Tcp(stream))
}

/// Connects to the first address that accepts.
async fn connect_any(addresses: &[SocketAddr], deadline: Instant) -> io::Result<TcpStream> {
    let mut last_error = io::Error::new(io::ErrorKind::AddrNotAvailable, "the name has no address");
    for (tried, address) in addresses.iter().enumerate() {
        // Give each address an equal share of the time, so that a silent one leaves time for
        // others.
        let left = deadline.saturating_duration_since(Instant::now());
        let share = left / u32::try_from(addresses.len() - tried).unwrap_or(u32::MAX);
        match timeout(share, TcpStream::connect(address)).await {
            Ok(Ok(stream)) => return Ok(stream),
            Ok(Err(error)) => last_error = error,
            Err(_) => last_error = io::ErrorKind::TimedOut.into(),
        }
    }
    Err(last_error)
}

async fn connect_tls(raw: RawStream, tls: &ClientTls, http: HttpVersion) -> io::Result<Stream> {
    let connector = TlsConnector::from(tls.config(http == HttpVersion::Http2));
    let stream = connector.connect(tls.name().clone(), raw).await.map_err(explain)?;
    if http == HttpVersion::Http2 && stream.get_ref().1.alpn_protocol() != Some(ALPN_HTTP2) {
        return Err(io::Error::other("the upstream does not offer HTTP/2: remove `upstream.http2`"));
    }
    Ok(Stream::Tls(Box::new(TlsStream::Client(stream))))
}

/// Explains the TLS error that an upstream with plain HTTP causes. The original message names only
/// an invalid record type.
fn explain(error: io::Error) -> io::Error {
    let inner = error.get_ref().and_then(|inner| inner.downcast_ref());
    if let Some(rustls::Error::InvalidMessage(rustls::InvalidMessage::InvalidContentType)) = inner {
        return io::Error::other("the upstream answers without TLS: is `https://` right in `upstream.url`?");
    }
    error
}

/// Lets the system end an HTTP/2 connection whose other end has disappeared. Otherwise all requests
/// that share the connection would wait for their timeouts.
///
/// Uses TCP keepalive and not HTTP/2 pings, because gRPC servers treat a ping every few seconds as
/// an attack.
fn enable_keepalive(raw: &RawStream) {
    if let RawStream::Tcp(stream) = raw {
        let keepalive = TcpKeepalive::new()
            .with_time(KEEPALIVE_IDLE)
            .with_interval(KEEPALIVE_INTERVAL)
            .with_retries(KEEPALIVE_PROBES);
        // Ignore errors: if the system has no keepalive, the timeouts of each request remain.
        let _ = SockRef::from(stream).set_tcp_keepalive(&keepalive);
        #[cfg(target_os = "linux")]
        let _ =
            SockRef::from(stream).set_tcp_user_timeout(Some(KEEPALIVE_IDLE + KEEPALIVE_INTERVAL * KEEPALIVE_PROBES));
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::tls::Roots;

    #[tokio::test]
    async fn addresses_are_tried_in_turn() {
        let free = std::net::TcpListener::bind("127.0.0.1:0").unwrap().local_addr().unwrap();
        let listener = std::net::TcpListener::bind("127.0.0.1:0").unwrap();
        let address = listener.local_addr().unwrap();
        let deadline = Instant::now() + Duration::from_secs(5);
        let stream = connect_any(&[free, address], deadline).await.unwrap();
        assert_eq!(stream.peer_addr().unwrap(), address);
        assert_eq!(connect_any(&[free], deadline).await.unwrap_err().kind(), io::ErrorKind::ConnectionRefused);
        assert!(connect_any(&[], deadline).await.is_err());
    }

    #[tokio::test]
    async fn the_error_names_an_upstream_that_answers_without_tls() {
        let listener = tokio::net::TcpListener::bind("127.0.0.1:0").await.unwrap();
        let authority = listener.local_addr().unwrap().to_string().parse().unwrap();
        let upstream_side = async {
            let (mut stream, _) = listener.accept().await.unwrap();
            tokio::io::AsyncWriteExt::write_all(&mut stream, b"HTTP/1.1 400 Bad Request\r\n\r\n").await.unwrap();
            stream
        };
        let made = rcgen::generate_simple_self_signed(["localhost".to_owned()]).unwrap();
        let roots = Roots::new(vec![made.cert.der().clone()]).unwrap();
        let tls = ClientTls::new("localhost".try_into().unwrap(), roots, None).unwrap();
        let upstream = Upstream::new(Transport::Tls(tls), authority);
        let (_stream, connected) =
            tokio::join!(upstream_side, connect(&upstream, HttpVersion::Http1, Duration::from_secs(5)));
        let Err(ForwardError::Tls(error)) = connected else { panic!("{connected:?}") };
        assert!(error.to_string().contains("answers without TLS"), "{error}");
    }

    #[tokio::test]
    async fn an_address_that_is_silent_leaves_time_for_the_next() {
        // Fill the backlog, so that further connections get no answer.
        let silent = socket2::Socket::new(socket2::Domain::IPV4, socket2::Type::STREAM, None).unwrap();
        silent.bind(&SocketAddr::from(([127, 0, 0, 1], 0)).into()).unwrap();
        silent.listen(0).unwrap();
        let silent_address = silent.local_addr().unwrap().as_socket().unwrap();
        let _waiting: Vec<_> = (0..4)
            .filter_map(|_| std::net::TcpStream::connect_timeout(&silent_address, Duration::from_millis(100)).ok())
            .collect();
        let listener = std::net::TcpListener::bind("127.0.0.1:0").unwrap();
        let address = listener.local_addr().unwrap();
        let deadline = Instant::now() + Duration::from_secs(1);
        let stream = connect_any(&[silent_address, address], deadline).await.unwrap();
        assert_eq!(stream.peer_addr().unwrap(), address);
    }
}
