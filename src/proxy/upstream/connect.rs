//! Making a connection to the upstream: its name looked up, its addresses tried in turn, TLS on top.

use crate::proxy::error::ForwardError;
use crate::proxy::net::stream::{RawStream, Stream};
use crate::proxy::net::version::HttpVersion;
use crate::proxy::settings::{Transport, Upstream};
use crate::tls::{ALPN_HTTP2, ClientTls};
use socket2::{SockRef, TcpKeepalive};
use std::io;
use std::net::SocketAddr;
use std::time::Duration;
use tokio::net::{TcpStream, UnixStream};
use tokio::time::{Instant, timeout, timeout_at};
use tokio_rustls::{TlsConnector, TlsStream};

/// How long the system may hear nothing from a peer before it asks whether it is there, how often it asks, and how many times.
const SILENCE: Duration = Duration::from_secs(15);
const ASKED_EVERY: Duration = Duration::from_secs(5);
const ASKED_TIMES: u32 = 3;

/// A new connection, on which this HTTP can be spoken, within a time.
///
/// The name is looked up each time: what it leads to may have changed, and the system's resolver knows for how long an answer holds.
pub(crate) async fn connect(upstream: &Upstream, http: HttpVersion, limit: Duration) -> Result<Stream, ForwardError> {
    let deadline = Instant::now() + limit;
    let connecting = async {
        let plain = carrier(upstream, deadline).await.map_err(|error| match error.kind() {
            io::ErrorKind::TimedOut => ForwardError::ConnectTimeout,
            _ => ForwardError::Connect(error),
        })?;
        if http == HttpVersion::Http2 {
            notice_silence(&plain);
        }
        match &upstream.transport {
            Transport::Tls(tls) => encrypted(plain, tls, http).await.map_err(ForwardError::Tls),
            Transport::Tcp | Transport::Unix(_) => Ok(Stream::Raw(plain)),
        }
    };
    timeout_at(deadline, connecting).await.unwrap_or(Err(ForwardError::ConnectTimeout))
}

async fn carrier(upstream: &Upstream, deadline: Instant) -> io::Result<RawStream> {
    if let Transport::Unix(path) = &upstream.transport {
        return UnixStream::connect(path).await.map(RawStream::Unix);
    }
    let host = upstream.authority.host().trim_matches(['[', ']']);
    let addresses: Vec<_> = tokio::net::lookup_host((host, upstream.port())).await?.collect();
    let stream = first_of(&addresses, deadline).await?;
    // A request is written whole: waiting for more would only delay it.
    stream.set_nodelay(true)?;
    Ok(RawStream::Tcp(stream))
}

/// A connection to the first of the addresses that accepts one.
async fn first_of(addresses: &[SocketAddr], deadline: Instant) -> io::Result<TcpStream> {
    let mut failed = io::Error::new(io::ErrorKind::AddrNotAvailable, "the name has no address");
    for (tried, address) in addresses.iter().enumerate() {
        // One that does not answer must leave time for the others.
        let left = deadline.saturating_duration_since(Instant::now());
        let share = left / u32::try_from(addresses.len() - tried).unwrap_or(u32::MAX);
        match timeout(share, TcpStream::connect(address)).await {
            Ok(Ok(stream)) => return Ok(stream),
            Ok(Err(error)) => failed = error,
            Err(_) => failed = io::ErrorKind::TimedOut.into(),
        }
    }
    Err(failed)
}

async fn encrypted(plain: RawStream, tls: &ClientTls, http: HttpVersion) -> io::Result<Stream> {
    let connector = TlsConnector::from(tls.config(http == HttpVersion::Http2));
    let stream = connector.connect(tls.name().clone(), plain).await.map_err(explained)?;
    if http == HttpVersion::Http2 && stream.get_ref().1.alpn_protocol() != Some(ALPN_HTTP2) {
        return Err(io::Error::other("it does not offer HTTP/2: leave `upstream.http2` out"));
    }
    Ok(Stream::Tls(Box::new(TlsStream::Client(stream))))
}

/// Says what a failed handshake means where rustls speaks of its own matters.
fn explained(error: io::Error) -> io::Error {
    let inner = error.get_ref().and_then(|inner| inner.downcast_ref());
    if let Some(rustls::Error::InvalidMessage(rustls::InvalidMessage::InvalidContentType)) = inner {
        return io::Error::other("it answers without TLS: is `https://` right in `upstream.url`?");
    }
    error
}

/// Has a connection end whose other end is gone without a word. On one that many requests share they would all wait.
///
/// Not by HTTP/2's pings: gRPC's servers take one every few seconds for an attack.
fn notice_silence(plain: &RawStream) {
    if let RawStream::Tcp(stream) = plain {
        let keepalive = TcpKeepalive::new().with_time(SILENCE).with_interval(ASKED_EVERY).with_retries(ASKED_TIMES);
        // Where the system knows no such thing, the limits of each request remain.
        let _ = SockRef::from(stream).set_tcp_keepalive(&keepalive);
        #[cfg(target_os = "linux")]
        let _ = SockRef::from(stream).set_tcp_user_timeout(Some(SILENCE + ASKED_EVERY * ASKED_TIMES));
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
        let stream = first_of(&[free, address], deadline).await.unwrap();
        assert_eq!(stream.peer_addr().unwrap(), address);
        assert_eq!(first_of(&[free], deadline).await.unwrap_err().kind(), io::ErrorKind::ConnectionRefused);
        assert!(first_of(&[], deadline).await.is_err());
    }

    #[tokio::test]
    async fn an_upstream_that_answers_without_tls_is_said_to() {
        let listener = tokio::net::TcpListener::bind("127.0.0.1:0").await.unwrap();
        let authority = listener.local_addr().unwrap().to_string().parse().unwrap();
        let answering = async {
            let (mut stream, _) = listener.accept().await.unwrap();
            tokio::io::AsyncWriteExt::write_all(&mut stream, b"HTTP/1.1 400 Bad Request\r\n\r\n").await.unwrap();
            stream
        };
        let made = rcgen::generate_simple_self_signed(["localhost".to_owned()]).unwrap();
        let roots = Roots::new(vec![made.cert.der().clone()]).unwrap();
        let tls = ClientTls::new("localhost".try_into().unwrap(), roots, None).unwrap();
        let upstream = Upstream::new(Transport::Tls(tls), authority);
        let (_stream, connected) =
            tokio::join!(answering, connect(&upstream, HttpVersion::Http1, Duration::from_secs(5)));
        let Err(ForwardError::Tls(error)) = connected else { panic!("{connected:?}") };
        assert!(error.to_string().starts_with("it answers without TLS"), "{error}");
    }

    #[tokio::test]
    async fn an_address_that_is_silent_leaves_time_for_the_next() {
        // A full backlog: what asks for more is not answered.
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
        let stream = first_of(&[silent_address, address], deadline).await.unwrap();
        assert_eq!(stream.peer_addr().unwrap(), address);
    }
}
