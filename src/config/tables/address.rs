//! Addresses of listeners, of the upstream and of trusted peers.

use crate::config::read::value::text;
use crate::proxy::{ListenAddress, MAX_SOCKET_PATH};
use figment::value::Value;
use http::uri::Authority;
use ipnet::{IpNet, Ipv4Net};
use std::net::{IpAddr, SocketAddr};
use std::path::PathBuf;

/// In the configuration, this prefix marks the path of a Unix socket.
const UNIX: &str = "unix:";

/// Reads an address to listen on. If it is a Unix socket, its file gets the permissions `mode`.
pub(in crate::config) fn listener(value: &Value, mode: u32) -> Result<ListenAddress, String> {
    let text = text(value)?;
    match text.strip_prefix(UNIX) {
        Some(path) => socket_path(path).map(|path| ListenAddress::Unix { path, mode }),
        None => parse_socket(&text)
            .map(ListenAddress::Tcp)
            .map_err(|message| format!("{message}, or \"unix:/run/last4/last4.sock\"")),
    }
}

fn socket_path(path: &str) -> Result<PathBuf, String> {
    if !path.starts_with('/') {
        return Err("the path of a Unix socket begins with `/`: write \"unix:/run/last4/last4.sock\"".to_owned());
    }
    if path.len() > MAX_SOCKET_PATH || path.contains('\0') {
        return Err(format!("the path of a Unix socket may have at most {MAX_SOCKET_PATH} bytes"));
    }
    Ok(PathBuf::from(path))
}

/// Reads a file's permissions, written in octal as for `chmod`.
pub(in crate::config) fn file_mode(value: &Value) -> Result<u32, String> {
    // A TOML number is refused: it would be decimal, so 660 would be other permissions than "660".
    let bad = || "not a file's permissions: write them in octal and in double quotes, such as \"0660\"".to_owned();
    let text = text(value).map_err(|_| bad())?;
    let octal = text.bytes().all(|byte| matches!(byte, b'0'..=b'7'));
    u32::from_str_radix(&text, 8).ok().filter(|mode| octal && *mode <= 0o777).ok_or_else(bad)
}

/// Reads an IP address and port. Returns `None` for an empty text.
pub(in crate::config) fn optional_socket(value: &Value) -> Result<Option<SocketAddr>, String> {
    let text = text(value)?;
    if text.is_empty() { Ok(None) } else { parse_socket(&text).map(Some) }
}

fn parse_socket(text: &str) -> Result<SocketAddr, String> {
    // Host names are refused: a name can have several addresses, and it would be unclear which one
    // to listen on.
    text.parse()
        .map_err(|_| "not a socket address: write an IP address and a port, such as \"127.0.0.1:8080\"".to_owned())
}

/// Reads the peers to trust: a network or one IP address. Returns `None` for `unix:`, the clients
/// of a Unix socket.
pub(in crate::config) fn peers(value: &Value) -> Result<Option<IpNet>, String> {
    let text = text(value)?;
    if text == UNIX {
        return Ok(None);
    }
    let network = text.parse().or_else(|_| text.parse::<IpAddr>().map(IpNet::from));
    let network = network.map_err(|_| "not a network: write \"10.0.0.0/8\", \"10.1.2.3\" or \"unix:\"".to_owned())?;
    let network = unmapped(network)?;
    if network.prefix_len() == network.max_prefix_len() && network.addr().is_unspecified() {
        return Err(format!("no peer has this address: write \"{}/0\" for all", network.addr()));
    }
    Ok(Some(network))
}

/// Converts an IPv4-mapped IPv6 network to IPv4. The proxy does the same with the address of an
/// IPv4 peer on an IPv6 socket, before it looks for the address in the trusted networks.
fn unmapped(network: IpNet) -> Result<IpNet, String> {
    let IpNet::V6(mapped) = network else { return Ok(network) };
    let Some(address) = mapped.addr().to_ipv4_mapped() else { return Ok(network) };
    let length = mapped.prefix_len().checked_sub(96).and_then(|length| Ipv4Net::new(address, length).ok());
    length.map(IpNet::V4).ok_or_else(|| {
        "IPv4 peers are compared as IPv4: write their network, such as \"10.0.0.0/8\", or \"0.0.0.0/0\"".to_owned()
    })
}

/// The parsed URL of the upstream.
#[derive(Debug)]
pub(in crate::config) struct UpstreamUrl {
    pub(in crate::config) carrier: Carrier,
    pub(in crate::config) authority: Authority,
}

/// The transport to the upstream.
#[derive(Clone, Debug, PartialEq)]
pub(in crate::config) enum Carrier {
    Tcp,
    Tls,
    Unix(PathBuf),
}

/// Reads the URL of the upstream: a scheme, host and port. Messages never repeat the URL, because
/// it may have a password.
pub(in crate::config) fn origin(value: &Value) -> Result<UpstreamUrl, String> {
    const SHAPE: &str = "write \"http://host:port\", \"https://host:port\" or \"unix:/path\"";
    let text = text(value)?;
    if let Some(path) = text.strip_prefix(UNIX) {
        // Other proxies also send `Host: localhost` over a Unix socket.
        let authority = Authority::from_static("localhost");
        return socket_path(path).map(|path| UpstreamUrl { carrier: Carrier::Unix(path), authority });
    }
    let Some((scheme, rest)) = text.split_once("://") else { return Err(format!("not a URL: {SHAPE}")) };
    let carrier = match scheme.to_ascii_lowercase().as_str() {
        "http" => Carrier::Tcp,
        "https" => Carrier::Tls,
        _ => return Err(format!("not an HTTP URL: {SHAPE}")),
    };
    let (authority, path) = rest.find(['/', '?', '#']).map_or((rest, ""), |at| rest.split_at(at));
    if authority.contains('@') {
        return Err(format!("must not hold a user name or password: {SHAPE}"));
    }
    if !matches!(path, "" | "/") {
        return Err(format!("must not hold a path or query, since every request keeps its own: {SHAPE}"));
    }
    match authority.parse::<Authority>() {
        Ok(authority) if !authority.host().is_empty() && has_good_port(&authority) => {
            Ok(UpstreamUrl { carrier, authority })
        }
        _ => Err(format!("not a host and port: {SHAPE}")),
    }
}

/// Returns whether the host is followed by a valid port or by nothing.
fn has_good_port(authority: &Authority) -> bool {
    let port = authority.as_str().strip_prefix(authority.host()).unwrap_or_default();
    port.is_empty() || port.strip_prefix(':').and_then(|port| port.parse().ok()).is_some_and(|port: u16| port > 0)
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn an_origin_is_a_host_and_port_and_nothing_else() {
        for good in ["http://api:5001", "HTTP://127.0.0.1:80/", "http://[::1]:5001", "https://api", "unix:/a"] {
            assert!(origin(&Value::from(good)).is_ok(), "{good}");
        }
        let bad = "api:5001, https://, ftp://api, http://, http://:80, http://api:0, http://api:70000, http://api:, \
                   http://api/console, http://api?x, http://user:hunter2@api, http://a b, http://unix:/run/api.sock";
        for bad in bad.split(", ") {
            let message = origin(&Value::from(bad)).unwrap_err();
            assert!(message.contains("http://host:port") && !message.contains("hunter2"), "{bad}: {message}");
        }
    }

    #[test]
    fn a_unix_socket_is_a_path_with_permissions() {
        let listener = |text: &str| listener(&Value::from(text), 0o660);
        assert_eq!(listener("unix:/run/a.sock").unwrap().to_string(), "unix:/run/a.sock");
        for bad in ["unix:run/a.sock", "unix:", &format!("unix:/{}", "a".repeat(96)), "localhost:80"] {
            assert!(listener(bad).unwrap_err().to_lowercase().contains("unix"), "{bad}");
        }
        let mode = |text: &str| file_mode(&Value::from(text)).ok();
        assert_eq!([mode("0660"), mode("600"), mode("0777")], [Some(0o660), Some(0o600), Some(0o777)]);
        assert_eq!([mode("rw"), mode("0888"), mode("1777"), mode("+660"), mode("")], [None; 5]);
        assert_eq!(file_mode(&Value::from(432)).ok(), None);
    }
}
