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

/// The client at the other end of a connection, by the settings.
#[derive(Clone, Debug)]
pub(crate) struct Peer {
    /// `None` where it has none.
    address: Option<HeaderValue>,
    /// Whether its word about who is behind it is taken.
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

    /// Its address, as a header's value.
    pub(crate) fn value(&self) -> Option<&HeaderValue> {
        self.address.as_ref()
    }

    /// Its address, as text.
    pub(crate) fn address(&self) -> &str {
        // Made of text in `new`.
        self.address.as_ref().map_or("unix", |address| address.to_str().unwrap_or("unknown"))
    }
}
