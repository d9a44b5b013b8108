//! The listening sockets: on a port, one for each worker; at a path, one for all of them.

use super::stream::RawStream;
use crate::proxy::peer::PeerAddress;
use socket2::SockRef;
use std::fmt;
use std::io;
use std::net::{SocketAddr, TcpListener};
use std::os::unix::net::UnixListener;
use std::path::PathBuf;

/// Connections that wait to be accepted.
const BACKLOG: i32 = 4096;

/// Where to listen.
#[derive(Clone, Debug, PartialEq, Eq)]
pub enum ListenAddress {
    /// An IP address and a port.
    Tcp(SocketAddr),
    /// A Unix socket.
    Unix {
        /// Where its file is made.
        path: PathBuf,
        /// The file's permissions: who may connect may write to it.
        mode: u32,
    },
}

impl From<SocketAddr> for ListenAddress {
    fn from(address: SocketAddr) -> Self {
        Self::Tcp(address)
    }
}

impl fmt::Display for ListenAddress {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        match self {
            Self::Tcp(address) => address.fmt(f),
            Self::Unix { path, .. } => write!(f, "unix:{}", path.display()),
        }
    }
}

/// A socket that listens.
#[derive(Debug)]
pub enum Listener {
    /// On a port.
    Tcp(TcpListener),
    /// At a path.
    Unix(UnixListener),
}

impl From<TcpListener> for Listener {
    fn from(listener: TcpListener) -> Self {
        Self::Tcp(listener)
    }
}

impl From<UnixListener> for Listener {
    fn from(listener: UnixListener) -> Self {
        Self::Unix(listener)
    }
}

impl Listener {
    /// For a runtime.
    pub(crate) fn into_async(self) -> io::Result<AsyncListener> {
        match self {
            Self::Tcp(listener) => {
                listener.set_nonblocking(true)?;
                tokio::net::TcpListener::from_std(listener).map(AsyncListener::Tcp)
            }
            Self::Unix(listener) => {
                listener.set_nonblocking(true)?;
                tokio::net::UnixListener::from_std(listener).map(AsyncListener::Unix)
            }
        }
    }

    /// Accepts a connection that waits, without waiting for one.
    pub(crate) fn accept(&self) -> io::Result<(RawStream, PeerAddress)> {
        match self {
            Self::Tcp(listener) => {
                let (stream, peer) = listener.accept()?;
                stream.set_nonblocking(true)?;
                Ok((RawStream::Tcp(tokio::net::TcpStream::from_std(stream)?), peer.into()))
            }
            Self::Unix(listener) => {
                let (stream, _) = listener.accept()?;
                stream.set_nonblocking(true)?;
                Ok((RawStream::Unix(tokio::net::UnixStream::from_std(stream)?), PeerAddress::Unix))
            }
        }
    }
}

/// A socket that listens, in a runtime.
#[derive(Debug)]
pub(crate) enum AsyncListener {
    Tcp(tokio::net::TcpListener),
    Unix(tokio::net::UnixListener),
}

impl AsyncListener {
    pub(crate) async fn accept(&self) -> io::Result<(RawStream, PeerAddress)> {
        match self {
            Self::Tcp(listener) => listener.accept().await.map(|(stream, peer)| (RawStream::Tcp(stream), peer.into())),
            Self::Unix(listener) => {
                listener.accept().await.map(|(stream, _)| (RawStream::Unix(stream), PeerAddress::Unix))
            }
        }
    }

    pub(crate) fn into_std(self) -> io::Result<Listener> {
        match self {
            Self::Tcp(listener) => listener.into_std().map(Listener::Tcp),
            Self::Unix(listener) => listener.into_std().map(Listener::Unix),
        }
    }
}

/// Whose the port is, or the path.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum PortSharing {
    /// This process's alone: starting fails where another listens.
    Exclusive,
    /// Shared with the process that this one takes over from, and later with the one that takes over from this.
    Shared,
}

/// Binds an address so that every worker can have a listener of its own. Shares it with whoever else of the same user binds it so.
///
/// # Errors
/// The address is in use or may not be used.
pub fn bind(address: SocketAddr) -> io::Result<TcpListener> {
    let domain = socket2::Domain::for_address(address);
    let socket = socket2::Socket::new(domain, socket2::Type::STREAM, Some(socket2::Protocol::TCP))?;
    socket.set_reuse_address(true)?;
    #[cfg(unix)]
    socket.set_reuse_port(true)?;
    socket.set_nonblocking(true)?;
    socket.bind(&address.into())?;
    socket.listen(BACKLOG)?;
    Ok(socket.into())
}

/// The address if nobody listens on it yet, another last4 included, which [`bind`] would share it with; port 0 becomes a free one.
///
/// # Errors
/// The address is in use or may not be used.
pub(crate) fn free(address: SocketAddr) -> io::Result<SocketAddr> {
    // Held for no longer than the check: a socket that does not share its port may be bound only if there is no other.
    TcpListener::bind(address)?.local_addr()
}

/// Takes no more connections on a listener, and still finishes those that have begun. The client of any other begins again a second
/// later (RFC 6298 2.1), by when another listener on the port is there for it alone. At a path there is nothing to do: whoever took
/// over has made it lead to a socket of its own.
///
/// Linux gives every connection to one listener of those on a port, before its handshake, and resets it if that listener is closed
/// before it was accepted (unless `net.ipv4.tcp_migrate_req` is set, which is off by default and nobody's to count on). There is
/// no way to leave the choice but to close. So the first segment of new connections, SYN without ACK, is filtered out.
#[cfg(target_os = "linux")]
pub(crate) fn hold_off(listener: &AsyncListener) -> io::Result<()> {
    use socket2::SockFilter;
    // Classic BPF on a TCP segment: its flags are at byte 13.
    const FLAGS: u32 = 13;
    const SYN: u32 = 0x02;
    const SYN_OR_ACK: u32 = 0x12;
    const LOAD_BYTE: u16 = 0x30;
    const AND: u16 = 0x54;
    const JUMP_IF_EQUAL: u16 = 0x15;
    const RETURN: u16 = 0x06;
    let drop_syn = [
        SockFilter::new(LOAD_BYTE, 0, 0, FLAGS),
        SockFilter::new(AND, 0, 0, SYN_OR_ACK),
        SockFilter::new(JUMP_IF_EQUAL, 0, 1, SYN),
        SockFilter::new(RETURN, 0, 0, 0),
        SockFilter::new(RETURN, 0, 0, u32::MAX),
    ];
    match listener {
        AsyncListener::Tcp(listener) => SockRef::from(listener).attach_filter(&drop_syn),
        AsyncListener::Unix(_) => Ok(()),
    }
}

#[cfg(not(target_os = "linux"))]
pub(crate) fn hold_off(_: &AsyncListener) -> io::Result<()> {
    Err(io::ErrorKind::Unsupported.into())
}
