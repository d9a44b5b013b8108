//! The top level, `[admin]`, `[log]`, `[upstream]`, `[forwarded]` and `[limits]`.

use super::address::{Carrier, UpstreamUrl, file_mode, listener, optional_socket, origin, peers};
use super::tls::UpstreamTls;
use crate::config::read::table::{Table, values};
use crate::config::read::value::{boolean, choice, integer, seconds, seconds_or_zero, text};
use crate::proxy::{Forwarded, Limits, ListenAddress, Transport, Upstream};
use http::HeaderName;
use http::uri::Authority;
use std::net::{IpAddr, Ipv4Addr, SocketAddr};
use std::num::NonZeroUsize;
use tracing::Level;

/// The smallest `max_header_bytes`, in bytes. hyper accepts no smaller buffer for a head.
const MIN_HEADER_BYTES: usize = 8 * 1024;

/// The default permissions of a Unix socket's file: read and write for the proxy's user and group.
const SOCKET_MODE: u32 = 0o660;

/// The operator's listener, which serves `/livez`, `/readyz` and `/metrics`.
#[derive(Clone, Debug, PartialEq, Eq)]
#[non_exhaustive]
pub struct Admin {
    /// The address and port.
    pub listen: SocketAddr,
    /// Whether `listen` is the default. If a default address is in use, the proxy starts without
    /// this listener. If a configured address is in use, the proxy does not start.
    pub is_default: bool,
    /// Additional host names that requests may have in `Host`. IP addresses, and names that cannot
    /// be registered as public domains, are always accepted.
    pub hosts: Vec<String>,
}

/// Which events are logged, and in which form.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct Log {
    /// The lowest level that is logged.
    pub level: Level,
    /// The form of each log line.
    pub format: LogFormat,
    /// Whether each request is logged, with one line (the access log).
    pub access: bool,
    /// Whether the access log contains the paths of requests that are on no masked route.
    pub paths: bool,
}

/// The form of a log line.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum LogFormat {
    /// Each line is a JSON object.
    Json,
    /// Each line is text for people.
    Text,
}

pub(in crate::config) fn listen(root: &mut Table<'_>) -> ListenAddress {
    let default = ListenAddress::from(SocketAddr::from((Ipv4Addr::LOCALHOST, 8080)));
    let mode = root.read("socket_mode", file_mode);
    let bits = mode.as_ref().map_or(SOCKET_MODE, |mode| mode.value);
    let address = root.read_or("listen", default, |value| listener(value, bits));
    if let (Some(mode), ListenAddress::Tcp(_)) = (mode, &address)
        // The default is no error even without a Unix socket: the example file sets every key to
        // its default.
        && mode.value != SOCKET_MODE
    {
        root.error(&mode, "has no effect without a Unix socket: write listen = \"unix:/path\", or leave it out");
    }
    address
}

/// Reads `workers`. Returns `None` for 0, which means one thread per core.
pub(in crate::config) fn workers(root: &mut Table<'_>) -> Option<NonZeroUsize> {
    NonZeroUsize::new(root.read_or("workers", 0, |value| integer(value, 0..=1024)))
}

/// Reads `[admin]`. Returns `None` if `listen` is empty, which switches the listener off.
pub(in crate::config) fn admin(root: &mut Table<'_>) -> Option<Admin> {
    root.section("admin", |admin| {
        let is_default = !admin.contains("listen");
        let default = Some(SocketAddr::from((Ipv4Addr::LOCALHOST, 9464)));
        let listen = admin.read_or("listen", default, optional_socket);
        let hosts = admin.list("hosts", |value| {
            let name = text(value)?;
            let is_plain = name.bytes().all(|byte| byte.is_ascii_alphanumeric() || matches!(byte, b'-' | b'_' | b'.'));
            if is_plain && !name.is_empty() && !name.ends_with('.') {
                Ok(name)
            } else {
                Err("not a name: write one such as \"last4.example.com\", without a port".to_owned())
            }
        });
        Some(Admin { listen: listen?, is_default, hosts: values(hosts.unwrap_or_default()) })
    })
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
        access: log.read_or("access", true, boolean),
        paths: log.read_or("paths", false, boolean),
    })
}

/// The `[upstream]` table. Every key except `url` has a default.
pub(in crate::config) struct UpstreamTable {
    /// The parsed URL. `None` if it is missing or invalid.
    url: Option<UpstreamUrl>,
    /// Whether the key `url` is set. Its value may be invalid.
    pub(in crate::config) has_url: bool,
    /// The upstream with its settings. `None` if the URL is missing, or after reporting an error.
    pub(in crate::config) upstream: Option<Upstream>,
}

impl UpstreamTable {
    pub(in crate::config) fn read(root: &mut Table<'_>) -> Self {
        root.section("upstream", |upstream| {
            let default = Upstream::new(Transport::Tcp, Authority::from_static("localhost"));
            let has_url = upstream.contains("url");
            let url = upstream.read("url", origin).map(|url| url.value);
            let limits = Upstream {
                http2: upstream.read_or("http2", default.http2, boolean),
                connect_timeout: upstream.read_or("connect_timeout_secs", default.connect_timeout, seconds),
                response_timeout: upstream.read_or("response_timeout_secs", default.response_timeout, seconds),
                body_timeout: upstream.read_or("body_timeout_secs", default.body_timeout, seconds),
                idle_timeout: upstream.read_or("idle_timeout_secs", default.idle_timeout, seconds),
                max_connection_age: upstream.read_or("max_connection_age_secs", default.max_connection_age, seconds),
                max_idle_connections: upstream
                    .read_or("max_idle_connections", default.max_idle_connections, |value| integer(value, 0..=65_536)),
                ..default
            };
            let tls = UpstreamTls::read(upstream);
            if url.as_ref().is_some_and(|url| url.carrier != Carrier::Tls) {
                tls.reject(upstream);
            }
            let compiled = url.as_ref().and_then(|UpstreamUrl { carrier, authority }| {
                let transport = match carrier {
                    Carrier::Tls => Transport::Tls(tls.compile(unbracketed(authority), upstream)?),
                    Carrier::Unix(path) => Transport::Unix(path.clone()),
                    Carrier::Tcp => Transport::Tcp,
                };
                Some(Upstream { transport, authority: authority.clone(), ..limits })
            });
            Self { url, has_url, upstream: compiled }
        })
    }

    /// Returns whether the upstream's address is the address that the proxy listens on. Only IP
    /// addresses and `localhost` are compared: host names are not resolved.
    pub(in crate::config) fn is_at(&self, listen: &ListenAddress) -> bool {
        let Some(UpstreamUrl { carrier, authority }) = &self.url else { return false };
        let (listen, default_port) = match (listen, carrier) {
            (ListenAddress::Unix { path, .. }, Carrier::Unix(upstream)) => return path == upstream,
            (ListenAddress::Tcp(listen), Carrier::Tcp) => (listen, 80),
            (ListenAddress::Tcp(listen), Carrier::Tls) => (listen, 443),
            _ => return false,
        };
        let host = unbracketed(authority);
        let address = if host == "localhost" { Ok(IpAddr::from(Ipv4Addr::LOCALHOST)) } else { host.parse::<IpAddr>() };
        let same = |address: IpAddr| address == listen.ip() || (listen.ip().is_unspecified() && address.is_loopback());
        authority.port_u16().unwrap_or(default_port) == listen.port() && address.is_ok_and(same)
    }
}

/// Returns the host. An IPv6 address is returned without its brackets.
fn unbracketed(authority: &Authority) -> &str {
    authority.host().trim_matches(['[', ']'])
}

pub(in crate::config) fn forwarded(root: &mut Table<'_>) -> Forwarded {
    let default = Forwarded::default();
    root.section("forwarded", |forwarded| {
        let trusted = forwarded.list("trusted_peers", peers);
        let preserve_host = forwarded.read_or("preserve_host", default.preserve_host, boolean);
        let Some(trusted) = trusted else { return Forwarded { preserve_host, ..default } };
        for peers in trusted.iter().filter(|peers| peers.value.is_some_and(|network| network.prefix_len() == 0)) {
            forwarded.warn(
                peers,
                "trusts every peer, so that any client can claim any address: write the networks of your ingress",
            );
        }
        let trusted = values(trusted);
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
            .read_or("max_request_bytes", None, |value| integer(value, 0..=i64::MAX as u64).map(Some))
            .filter(|bytes| *bytes > 0),
        max_connections: limits
            .read_or("max_connections", default.max_connections, |value| integer(value, 1..=1_000_000)),
        max_requests: limits.read_or("max_requests", default.max_requests, |value| integer(value, 1..=1_000_000)),
        max_header_bytes: limits
            .read_or("max_header_bytes", default.max_header_bytes, |value| integer(value, MIN_HEADER_BYTES..=1 << 20)),
        max_headers: limits.read_or("max_headers", default.max_headers, |value| integer(value, 1..=4096)),
        settle: limits.read_or("settle_secs", default.settle, seconds_or_zero),
        drain: limits.read_or("drain_secs", default.drain, seconds),
    })
}

pub(in crate::config) fn allowed_rerouting_headers(root: &mut Table<'_>) -> Vec<HeaderName> {
    let name = |value: &_| {
        text(value)?.parse().map_err(|_| "not a header name: write one such as \"X-Original-URL\"".to_owned())
    };
    values(root.list("allowed_rerouting_headers", name).unwrap_or_default())
}
