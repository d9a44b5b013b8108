//! The client at the other end of a connection.

use super::settings::Forwarded;
use http::HeaderValue;
use std::net::{IpAddr, SocketAddr};

/// Where a client's connection comes from.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum PeerAddress {
    /// An IP address.
    Ip(IpAddr),
    /// A Unix socket, whose clients have no address.
    Unix,
}

impl From<SocketAddr> for PeerAddress {
    fn from(address: SocketAddr) -> Self {
        Self::Ip(address.ip())
    }
}

/// The client at the other end of a connection, and whether the settings trust it.
#[derive(Clone, Debug)]
pub(crate) struct Peer {
    /// The IP address as a header value. `None` at a Unix socket.
    address: Option<HeaderValue>,
    /// Whether to believe the peer's header fields about the clients behind it.
    pub(crate) trusted: bool,
}

impl Peer {
    pub(crate) fn new(address: PeerAddress, settings: &Forwarded) -> Self {
        match address {
            PeerAddress::Ip(address) => {
                let address = address.to_canonical();
                let trusted = settings.trusted_peers.iter().any(|net| net.contains(&address));
                let address = HeaderValue::from_str(&address.to_string());
                Self { address: Some(address.unwrap_or(HeaderValue::from_static("unknown"))), trusted }
            }
            PeerAddress::Unix => Self { address: None, trusted: settings.trusts_unix },
        }
    }

    /// Returns the peer's IP address as a header value, or `None` at a Unix socket.
    pub(crate) fn value(&self) -> Option<&HeaderValue> {
        self.address.as_ref()
    }

    /// Returns the peer's IP address as text, or `unix`.
    pub(crate) fn address(&self) -> &str {
        // `to_str` cannot fail, because `new` creates the value from an IP address.
        self.address.as_ref().map_or("unix", |address| address.to_str().unwrap_or("unknown"))
    }
}
