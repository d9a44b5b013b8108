//! The tables that are not about masking: listeners, upstream, limits, log.

use super::address::{Carrier, UpstreamUrl, file_mode, listener, origin, peers};
use super::tls::UpstreamTls;
use crate::config::read::table::{Located, Table};
use crate::config::read::value::{choice, seconds, seconds_or_none, text, whole, yes_or_no};
use crate::proxy::{Forwarded, Limits, ListenAddress, Transport, Upstream};
use http::HeaderName;
use http::uri::Authority;
use std::net::{IpAddr, Ipv4Addr, SocketAddr};
use std::num::NonZeroUsize;
use tracing::Level;

/// hyper refuses to read heads into less.
const MIN_HEADER_BYTES: usize = 8 * 1024;

/// Permissions of a socket's file: for the user that the proxy runs as, and its group.
const SOCKET_MODE: u32 = 0o660;

/// What goes to the log, and how.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct Log {
    /// The least important events that are logged.
    pub level: Level,
    /// How an event is written.
    pub format: LogFormat,
    /// Whether each request has a line.
    pub access: bool,
    /// Whether that line says the path of a request that is on no masked route.
    pub paths: bool,
}

/// How an event is written to the log.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum LogFormat {
    /// One JSON object a line.
    Json,
    /// One line for people.
    Text,
}

pub(in crate::config) fn listen(root: &mut Table<'_>) -> ListenAddress {
    let default = ListenAddress::from(SocketAddr::from((Ipv4Addr::LOCALHOST, 8080)));
    let mode = root.read("socket_mode", file_mode);
    let bits = mode.as_ref().map_or(SOCKET_MODE, |mode| mode.value);
    let address = root.read_or("listen", default, |value| listener(value, bits));
    if let (Some(mode), ListenAddress::Tcp(_)) = (mode, &address)
        // The example file holds every key at its default.
        && mode.value != SOCKET_MODE
    {
        root.error(&mode, "has no effect without a Unix socket: write listen = \"unix:/path\", or leave it out");
    }
    address
}

pub(in crate::config) fn take_over(root: &mut Table<'_>) -> bool {
    root.read_or("take_over", false, yes_or_no)
}

/// `None` for as many as there are cores.
pub(in crate::config) fn workers(root: &mut Table<'_>) -> Option<NonZeroUsize> {
    NonZeroUsize::new(root.read_or("workers", 0, |value| whole(value, 0..=1024)))
}

pub(in crate::config) fn log(root: &mut Table<'_>) -> Log {
    let levels = [
        ("error", Level::ERROR),
        ("warn", Level::WARN),
        ("info", Level::INFO),
        ("debug", Level::DEBUG),
        ("trace", Level::TRACE),
    ];
    let formats = [("text", LogFormat::Text), ("json", LogFormat::Json)];
    root.section("log", |log| Log {
        level: log.read_or("level", Level::INFO, |value| choice(value, &levels)),
        format: log.read_or("format", LogFormat::Text, |value| choice(value, &formats)),
        access: log.read_or("access", true, yes_or_no),
        paths: log.read_or("paths", false, yes_or_no),
    })
}

/// The upstream, whose URL alone has no default.
pub(in crate::config) struct UpstreamTable {
    /// As it was given. `None` if it was not, or was refused.
    url: Option<Located<UpstreamUrl>>,
    /// Whether the URL was given at all.
    pub(in crate::config) has_url: bool,
    /// `None` without a URL, or where a problem was noted.
    upstream: Option<Upstream>,
}

impl UpstreamTable {
    pub(in crate::config) fn read(root: &mut Table<'_>) -> Self {
        root.section("upstream", |upstream| {
            let default = Upstream::new(Transport::Tcp, Authority::from_static("localhost"));
            let has_url = upstream.contains("url");
            let url = upstream.read("url", origin);
            let limits = Upstream {
                http2: upstream.read_or("http2", default.http2, yes_or_no),
                connect_timeout: upstream.read_or("connect_timeout_secs", default.connect_timeout, seconds),
                response_timeout: upstream.read_or("response_timeout_secs", default.response_timeout, seconds),
                body_timeout: upstream.read_or("body_timeout_secs", default.body_timeout, seconds),
                idle_timeout: upstream.read_or("idle_timeout_secs", default.idle_timeout, seconds),
                max_connection_age: upstream.read_or("max_connection_age_secs", default.max_connection_age, seconds),
                max_idle_connections: upstream
                    .read_or("max_idle_connections", default.max_idle_connections, |value| whole(value, 0..=65_536)),
                ..default
            };
            let tls = UpstreamTls::read(upstream);
            let transport = match url.as_ref().map(|url| &url.value) {
                Some(UpstreamUrl { carrier: Carrier::Tls, authority }) => {
                    tls.compile(authority.host().trim_matches(['[', ']']), upstream).map(Transport::Tls)
                }
                Some(UpstreamUrl { carrier, .. }) => {
                    tls.refuse(upstream);
                    Some(match carrier {
                        Carrier::Unix(path) => Transport::Unix(path.clone()),
                        Carrier::Tcp | Carrier::Tls => Transport::Tcp,
                    })
                }
                None => None,
            };
            let authority = url.as_ref().map(|url| url.value.authority.clone());
            let upstream =
                transport.zip(authority).map(|(transport, authority)| Upstream { transport, authority, ..limits });
            Self { url, has_url, upstream }
        })
    }

    /// Whether the upstream is the proxy itself, as far as addresses tell without asking anybody.
    pub(in crate::config) fn is_at(&self, listen: &ListenAddress) -> bool {
        let Some(Located { value: UpstreamUrl { carrier, authority }, .. }) = &self.url else { return false };
        let (listen, default_port) = match (listen, carrier) {
            (ListenAddress::Unix { path, .. }, Carrier::Unix(upstream)) => return path == upstream,
            (ListenAddress::Tcp(listen), Carrier::Tcp) => (listen, 80),
            (ListenAddress::Tcp(listen), Carrier::Tls) => (listen, 443),
            _ => return false,
        };
        let host = authority.host().trim_matches(['[', ']']);
        let address = if host == "localhost" { Ok(IpAddr::from(Ipv4Addr::LOCALHOST)) } else { host.parse::<IpAddr>() };
        let same = |address: IpAddr| address == listen.ip() || (listen.ip().is_unspecified() && address.is_loopback());
        authority.port_u16().unwrap_or(default_port) == listen.port() && address.is_ok_and(same)
    }

    /// The upstream, once there is a URL.
    pub(in crate::config) fn into_upstream(self) -> Option<Upstream> {
        self.upstream
    }
}

pub(in crate::config) fn forwarded(root: &mut Table<'_>) -> Forwarded {
    let default = Forwarded::default();
    root.section("forwarded", |forwarded| {
        let trusted = forwarded.list("trusted_peers", peers);
        let preserve_host = forwarded.read_or("preserve_host", default.preserve_host, yes_or_no);
        for given in trusted.iter().flatten() {
            if given.value.is_some_and(|network| network.prefix_len() == 0) {
                forwarded.warn(given, "trusts everybody, so that any client can name another as its own address: write the networks of your ingress");
            }
        }
        let Some(trusted) = trusted else { return Forwarded { preserve_host, ..default } };
        let trusted: Vec<_> = trusted.into_iter().map(|given| given.value).collect();
        let trusts_unix = trusted.contains(&None);
        Forwarded { trusted_peers: trusted.into_iter().flatten().collect(), trusts_unix, preserve_host }
    })
}

pub(in crate::config) fn limits(root: &mut Table<'_>) -> Limits {
    let default = Limits::default();
    root.section("limits", |limits| Limits {
        header_timeout: limits.read_or("header_timeout_secs", default.header_timeout, seconds),
        idle_timeout: limits.read_or("idle_timeout_secs", default.idle_timeout, seconds),
        body_timeout: limits.read_or("body_timeout_secs", default.body_timeout, seconds),
        tunnel_idle_timeout: limits.read_or("tunnel_idle_timeout_secs", default.tunnel_idle_timeout, seconds),
        max_request_bytes: limits
            .read("max_request_bytes", |value| whole(value, 0..=i64::MAX as u64))
            .map(|given| given.value)
            .filter(|bytes| *bytes > 0),
        max_connections: limits
            .read_or("max_connections", default.max_connections, |value| whole(value, 1..=1_000_000)),
        max_requests: limits.read_or("max_requests", default.max_requests, |value| whole(value, 1..=1_000_000)),
        max_header_bytes: limits
            .read_or("max_header_bytes", default.max_header_bytes, |value| whole(value, MIN_HEADER_BYTES..=1 << 20)),
        max_headers: limits.read_or("max_headers", default.max_headers, |value| whole(value, 1..=4096)),
        settle: limits.read_or("settle_secs", default.settle, seconds_or_none),
        drain: limits.read_or("drain_secs", default.drain, seconds),
    })
}

pub(in crate::config) fn allowed_rerouting_headers(root: &mut Table<'_>) -> Vec<HeaderName> {
    let name = |value: &_| {
        text(value)?.parse().map_err(|_| "not a header name: write one such as \"X-Original-URL\"".to_owned())
    };
    let names = root.list("allowed_rerouting_headers", name).unwrap_or_default();
    names.into_iter().map(|given| given.value).collect()
}
