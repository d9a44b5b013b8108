//! Addresses: where to listen, where the upstream is, who is trusted.

use super::value::text;
use figment::value::Value;
use http::uri::{Authority, Scheme};
use ipnet::IpNet;
use std::net::{IpAddr, SocketAddr};

/// Where to listen.
pub(super) fn socket(value: &Value) -> Result<SocketAddr, String> {
    parse_socket(&text(value)?)
}

/// Where to listen, or nowhere for the empty text.
pub(super) fn optional_socket(value: &Value) -> Result<Option<SocketAddr>, String> {
    let text = text(value)?;
    if text.is_empty() { Ok(None) } else { parse_socket(&text).map(Some) }
}

fn parse_socket(text: &str) -> Result<SocketAddr, String> {
    // A name may have several addresses, and which of them to listen on nobody could tell from the file.
    text.parse()
        .map_err(|_| "not a socket address: write an IP address and a port, such as \"127.0.0.1:8080\"".to_owned())
}

/// A network, or one address.
pub(super) fn network(value: &Value) -> Result<IpNet, String> {
    let text = text(value)?;
    let address = || text.parse::<IpAddr>().map(IpNet::from);
    text.parse().or_else(|_| address()).map_err(|_| "not a network: write \"10.0.0.0/8\" or \"10.1.2.3\"".to_owned())
}

/// The upstream's origin. The messages never repeat the URL: it may hold a password.
pub(super) fn origin(value: &Value) -> Result<(Scheme, Authority), String> {
    const SHAPE: &str = "write \"http://host:port\"";
    let text = text(value)?;
    let Some((scheme, rest)) = text.split_once("://") else { return Err(format!("not a URL: {SHAPE}")) };
    match scheme.to_ascii_lowercase().as_str() {
        "http" => {}
        "https" => return Err(format!("TLS to the upstream is not there yet: {SHAPE}, or put a TLS client between")),
        _ => return Err(format!("not an HTTP URL: {SHAPE}")),
    }
    let (authority, path) = rest.find(['/', '?', '#']).map_or((rest, ""), |at| rest.split_at(at));
    if authority.contains('@') {
        return Err(format!("must not hold a user name or password: {SHAPE}"));
    }
    if !matches!(path, "" | "/") {
        return Err(format!("must not hold a path or query, since every request keeps its own: {SHAPE}"));
    }
    match authority.parse::<Authority>() {
        Ok(authority) if !authority.host().is_empty() && has_good_port(&authority) => Ok((Scheme::HTTP, authority)),
        _ => Err(format!("not a host and port: {SHAPE}")),
    }
}

/// Whether what stands behind the host is nothing, or a port.
fn has_good_port(authority: &Authority) -> bool {
    let port = authority.as_str().strip_prefix(authority.host()).unwrap_or_default();
    port.is_empty() || port.strip_prefix(':').and_then(|port| port.parse().ok()).is_some_and(|port: u16| port > 0)
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn an_origin_is_a_host_and_port_and_nothing_else() {
        for good in ["http://api:5001", "HTTP://127.0.0.1:80/", "http://[::1]:5001", "http://api"] {
            assert!(origin(&Value::from(good)).is_ok(), "{good}");
        }
        for bad in [
            "api:5001",
            "https://api:5001",
            "ftp://api",
            "http://",
            "http://:80",
            "http://api:0",
            "http://api:70000",
            "http://api:",
            "http://api/console",
            "http://api?x",
            "http://user:hunter2@api",
            "http://a b",
        ] {
            let message = origin(&Value::from(bad)).unwrap_err();
            assert!(message.contains("http://host:port") && !message.contains("hunter2"), "{bad}: {message}");
        }
    }
}
