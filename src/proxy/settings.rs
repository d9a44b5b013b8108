//! What the proxy needs to know beside the routes. Every field has a default that is right for an API beside it.

use crate::tls::{ClientTls, ServerTls};
use http::HeaderName;
use http::uri::{Authority, Scheme};
use ipnet::IpNet;
use std::fmt;
use std::path::PathBuf;
use std::time::Duration;

/// The proxy's settings.
#[derive(Clone, Debug)]
pub struct Settings {
    /// The API behind the proxy.
    pub upstream: Upstream,
    /// What clients are shown on the listener; `None` for no TLS.
    pub tls: Option<ServerTls>,
    /// What is said about the client to the upstream.
    pub forwarded: Forwarded,
    /// What a client may cost.
    pub limits: Limits,
    /// Re-routing headers (such as `X-Original-URL`, `SCRIPT_NAME`) that pass although they can make the upstream route a request
    /// elsewhere. All others are dropped.
    pub allowed_rerouting_headers: Vec<HeaderName>,
    /// Whether the [access log](super::ACCESS_LOG) says the path of a request that is on no masked route. An id in it may be a secret.
    pub log_paths: bool,
}

/// The API behind the proxy.
#[derive(Clone, Debug, PartialEq)]
pub struct Upstream {
    /// What carries its connections.
    pub transport: Transport,
    /// Host and port; what a `Host` says of it, where it is at a Unix socket.
    pub authority: Authority,
    /// Whether it is spoken to in HTTP/2: known beforehand without TLS, by ALPN with it.
    pub http2: bool,
    /// How long a connection may take to be made.
    pub connect_timeout: Duration,
    /// How long the upstream may take from the request to the head of its response. Long by default: some answers take minutes.
    pub response_timeout: Duration,
    /// How long the upstream may send no byte of a response's body, or take none of a request's.
    pub body_timeout: Duration,
    /// How long an unused connection is kept.
    pub idle_timeout: Duration,
    /// How long a connection is used for further requests, so that a name that leads elsewhere is followed.
    pub max_connection_age: Duration,
    /// How many unused connections each worker keeps.
    pub max_idle_connections: usize,
}

impl Upstream {
    /// An upstream with the default limits.
    pub fn new(transport: Transport, authority: Authority) -> Self {
        Self {
            transport,
            authority,
            http2: false,
            connect_timeout: Duration::from_secs(5),
            response_timeout: Duration::from_secs(600),
            body_timeout: Duration::from_secs(600),
            idle_timeout: Duration::from_secs(60),
            max_connection_age: Duration::from_secs(300),
            max_idle_connections: 128,
        }
    }

    /// The scheme of its requests.
    pub fn scheme(&self) -> Scheme {
        match self.transport {
            Transport::Tcp | Transport::Unix(_) => Scheme::HTTP,
            Transport::Tls(_) => Scheme::HTTPS,
        }
    }

    /// Its port.
    pub(crate) fn port(&self) -> u16 {
        self.authority.port_u16().unwrap_or(if self.scheme() == Scheme::HTTPS { 443 } else { 80 })
    }
}

impl fmt::Display for Upstream {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        match &self.transport {
            Transport::Unix(path) => write!(f, "unix:{}", path.display()),
            Transport::Tcp | Transport::Tls(_) => write!(f, "{}://{}", self.scheme(), self.authority),
        }
    }
}

/// What carries an upstream's connections.
#[derive(Clone, Debug, PartialEq)]
pub enum Transport {
    /// TCP.
    Tcp,
    /// TLS over TCP.
    Tls(ClientTls),
    /// A Unix socket at a path.
    Unix(PathBuf),
}

/// What is said about the client to the upstream, and whose word about it is taken.
#[derive(Clone, Debug)]
pub struct Forwarded {
    /// Peers whose own `X-Forwarded-*` headers are kept and extended; those of all others are replaced.
    pub trusted_peers: Vec<IpNet>,
    /// Whether the same goes for peers at a Unix socket.
    pub trusts_unix: bool,
    /// Whether the client's `Host` goes upstream; otherwise the upstream's own authority does.
    pub preserve_host: bool,
}

impl Default for Forwarded {
    /// Trusts loopback, private addresses and Unix sockets: a sidecar is called by the ingress beside it.
    fn default() -> Self {
        let trusted = ["127.0.0.0/8", "::1/128", "10.0.0.0/8", "172.16.0.0/12", "192.168.0.0/16", "fc00::/7"];
        Self {
            trusted_peers: trusted.iter().filter_map(|net| net.parse().ok()).collect(),
            trusts_unix: true,
            preserve_host: true,
        }
    }
}

/// What a client may cost.
#[derive(Clone, Debug)]
pub struct Limits {
    /// How long the head of a request may take, from its first byte or from the connection's start.
    pub header_timeout: Duration,
    /// How long a connection may be silent between requests.
    pub idle_timeout: Duration,
    /// How long a client may send no byte of a request's body, or take none of an answer.
    pub body_timeout: Duration,
    /// How long nothing may pass through a tunnel.
    pub tunnel_idle_timeout: Duration,
    /// Most bytes of a request's body, if there is a limit.
    pub max_request_bytes: Option<u64>,
    /// Most connections at once, tunnels among them.
    pub max_connections: usize,
    /// Most requests at the upstream at once, tunnels among them; each worker has an equal share.
    pub max_requests: usize,
    /// Most bytes of a request's or a response's head.
    pub max_header_bytes: usize,
    /// Most header fields of a request or a response.
    pub max_headers: usize,
    /// How long the proxy goes on serving once it is told to stop, not ready, for those who choose where to send requests to see.
    pub settle: Duration,
    /// How long requests in flight may take once the listeners are closed.
    pub drain: Duration,
}

/// Default of [`Limits::max_headers`], and the HTTP library's own, which costs nothing to keep.
pub const DEFAULT_MAX_HEADERS: usize = 100;

impl Limits {
    /// Most bytes to buffer of a connection that speaks HTTP/1: at least these, and a whole head with what comes behind it.
    pub(crate) fn buffer(&self, least: usize) -> usize {
        least.max(self.max_header_bytes.saturating_mul(2))
    }
}

impl Default for Limits {
    fn default() -> Self {
        Self {
            header_timeout: Duration::from_secs(30),
            idle_timeout: Duration::from_secs(75),
            body_timeout: Duration::from_secs(60),
            tunnel_idle_timeout: Duration::from_secs(3600),
            max_request_bytes: None,
            max_connections: 20_000,
            max_requests: 10_000,
            max_header_bytes: 64 * 1024,
            max_headers: DEFAULT_MAX_HEADERS,
            settle: Duration::ZERO,
            drain: Duration::from_secs(30),
        }
    }
}
