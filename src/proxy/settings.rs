//! The settings of the proxy, except its routes. The defaults suit a sidecar of one API.

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
    /// TLS of the listener; `None` for plain HTTP.
    pub tls: Option<ServerTls>,
    /// What the upstream learns about the client.
    pub forwarded: Forwarded,
    /// The limits on clients.
    pub limits: Limits,
    /// The re-routing headers that pass. Such headers (`X-Original-URL`, `SCRIPT_NAME`) can make
    /// the upstream route a request elsewhere, so all others are removed.
    pub allowed_rerouting_headers: Vec<HeaderName>,
    /// Whether the [access log](super::ACCESS_LOG) has the path of a request that is on no masked
    /// route. An id in a path may be a secret.
    pub log_paths: bool,
}

/// The API behind the proxy.
#[derive(Clone, Debug, PartialEq)]
pub struct Upstream {
    /// The transport of its connections.
    pub transport: Transport,
    /// Host and port. With a Unix socket, only the value for `Host`.
    pub authority: Authority,
    /// Whether to use HTTP/2. It is negotiated by ALPN with TLS, and used with prior knowledge
    /// without TLS.
    pub http2: bool,
    /// How long connecting may take.
    pub connect_timeout: Duration,
    /// Longest time from the end of a request to the head of its response. Long by default, because
    /// some responses take minutes.
    pub response_timeout: Duration,
    /// How long the upstream may stall: send no byte of a response's body, or take no byte of a
    /// request's body.
    pub body_timeout: Duration,
    /// How long an unused connection is kept.
    pub idle_timeout: Duration,
    /// A connection that is older than this gets no further requests. A new connection looks up the
    /// name again, and so follows changes in DNS.
    pub max_connection_age: Duration,
    /// How many unused connections each worker keeps.
    pub max_idle_connections: usize,
}

impl Upstream {
    /// Creates an upstream with the default limits.
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

    /// Returns `https` with TLS, else `http`.
    pub fn scheme(&self) -> Scheme {
        match self.transport {
            Transport::Tcp | Transport::Unix(_) => Scheme::HTTP,
            Transport::Tls(_) => Scheme::HTTPS,
        }
    }

    /// Returns the port in `authority`, or else the scheme's default port.
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

/// The transport of an upstream's connections.
#[derive(Clone, Debug, PartialEq)]
pub enum Transport {
    /// TCP.
    Tcp,
    /// TLS over TCP.
    Tls(ClientTls),
    /// The Unix socket at this path.
    Unix(PathBuf),
}

/// What the upstream learns about the client, and which peers may name the clients behind them.
#[derive(Clone, Debug)]
pub struct Forwarded {
    /// The networks of trusted peers. The `X-Forwarded-*` headers of a trusted peer are kept and
    /// extended, those of all others are replaced.
    pub trusted_peers: Vec<IpNet>,
    /// Whether peers at a Unix socket are trusted too.
    pub trusts_unix: bool,
    /// Whether the upstream gets the client's `Host`. If false, it gets [`Upstream::authority`].
    pub preserve_host: bool,
}

impl Default for Forwarded {
    /// Trusts loopback, private addresses and Unix sockets, because an ingress calls a sidecar from
    /// there.
    fn default() -> Self {
        let trusted = ["127.0.0.0/8", "::1/128", "10.0.0.0/8", "172.16.0.0/12", "192.168.0.0/16", "fc00::/7"];
        Self {
            trusted_peers: trusted.iter().filter_map(|net| net.parse().ok()).collect(),
            trusts_unix: true,
            preserve_host: true,
        }
    }
}

/// The limits on client connections and their requests.
#[derive(Clone, Debug)]
pub struct Limits {
    /// How long the head of a request may take. The first head counts from the start of the
    /// connection, each later head from its own first byte.
    pub header_timeout: Duration,
    /// How long a connection may be idle between requests.
    pub idle_timeout: Duration,
    /// How long a client may stall: send no byte of a request's body, or take no byte of a
    /// response.
    pub body_timeout: Duration,
    /// A tunnel is closed after this long without a byte in either direction.
    pub tunnel_idle_timeout: Duration,
    /// Most bytes of a request's body; `None` for no limit.
    pub max_request_bytes: Option<u64>,
    /// Most connections at once, including tunnels.
    pub max_connections: usize,
    /// Most requests at the upstream at once, including tunnels. Each worker has an equal share.
    pub max_requests: usize,
    /// Most bytes of a request's or a response's head.
    pub max_header_bytes: usize,
    /// Most header fields of a request or a response.
    pub max_headers: usize,
    /// After SIGTERM, keep serving this long with `/readyz` at 503, so that load balancers can take
    /// us out.
    pub settle: Duration,
    /// How long requests in flight may take after the listeners are closed.
    pub drain: Duration,
}

/// The default of [`Limits::max_headers`]. hyper has the same default, and parses that many header
/// fields without an allocation.
pub const DEFAULT_MAX_HEADERS: usize = 100;

impl Limits {
    /// Returns the size of an HTTP/1.1 connection's read buffer in bytes: at least `least`, and at
    /// least twice the largest head.
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
