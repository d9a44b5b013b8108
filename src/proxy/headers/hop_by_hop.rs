//! Header fields on their way through the proxy, off and on the masked routes alike.

use super::field_name::FieldNames;
use crate::header::remove_where;
use http::header::{self, HeaderMap, HeaderName, HeaderValue};

/// Fields that say where a message ends; spelt otherwise they say so only to some servers.
const FRAMING: FieldNames = FieldNames::new(&["content-length", "transfer-encoding"]);

/// Protocols that carry HTTP: inside such a tunnel a masked route could be asked for unseen (h2c smuggling).
const HTTP_PROTOCOLS: [&str; 6] = ["h2", "h2c", "http", "tls", "spdy", "connect-"];

/// Removes what is meant for this hop alone (RFC 9110 7.6.1) and gives the protocol that the message would switch to, if
/// it asks for one that may be tunnelled.
pub(crate) fn remove_hop_by_hop(headers: &mut HeaderMap) -> Option<HeaderValue> {
    // Most messages of HTTP/1.1 have none.
    if !headers.keys().any(|name| *name == header::UPGRADE || is_for_one_hop(name)) {
        return None;
    }
    let mut upgrades = false;
    for value in headers.get_all(header::CONNECTION).iter().cloned().collect::<Vec<_>>() {
        for option in value.as_bytes().split(|&byte| byte == b',').map(<[u8]>::trim_ascii) {
            upgrades |= option.eq_ignore_ascii_case(b"upgrade");
            // What a message cannot do without is not given up at a client's word.
            if let Ok(name) = HeaderName::from_bytes(option)
                && ![header::CONTENT_LENGTH, header::HOST, header::TE, header::UPGRADE].contains(&name)
            {
                headers.remove(name);
            }
        }
    }
    remove_where(headers, is_for_one_hop);
    let protocol = headers.remove(header::UPGRADE);
    protocol.filter(|protocol| upgrades && may_be_tunnelled(protocol))
}

fn is_for_one_hop(name: &HeaderName) -> bool {
    matches!(name.as_str(), "connection" | "keep-alive" | "proxy-connection" | "transfer-encoding")
}

/// Leaves of `TE` only that trailers are welcome, which is true of this hop too.
pub(crate) fn keep_only_trailers(headers: &mut HeaderMap) -> bool {
    if !headers.contains_key(header::TE) {
        return false;
    }
    let wanted = headers.get_all(header::TE).iter().any(|value| {
        value.as_bytes().split(|&byte| byte == b',').any(|coding| coding.trim_ascii().eq_ignore_ascii_case(b"trailers"))
    });
    headers.remove(header::TE);
    if wanted {
        headers.insert(header::TE, HeaderValue::from_static("trailers"));
    }
    wanted
}

/// Removes framing that only some servers would take for it, such as `Content_Length`.
pub(crate) fn remove_disguised_framing(headers: &mut HeaderMap) {
    remove_where(headers, |name| {
        ![header::CONTENT_LENGTH, header::TRANSFER_ENCODING].contains(name) && FRAMING.contain(name)
    });
}

fn may_be_tunnelled(protocol: &HeaderValue) -> bool {
    protocol.to_str().is_ok_and(|list| {
        let mut names = list.split(',').map(|name| name.trim().to_ascii_lowercase());
        names.all(|name| !name.is_empty() && !HTTP_PROTOCOLS.iter().any(|carries| carries_http(&name, carries)))
    })
}

fn carries_http(name: &str, known: &str) -> bool {
    let rest = name.strip_prefix(known);
    rest.is_some_and(|rest| rest.is_empty() || rest.starts_with('/') || known.ends_with('-'))
}

#[cfg(test)]
mod tests {
    use super::*;

    fn map(fields: &[(&'static str, &'static str)]) -> HeaderMap {
        let mut headers = HeaderMap::new();
        for (name, value) in fields {
            headers.append(HeaderName::from_static(name), HeaderValue::from_static(value));
        }
        headers
    }

    #[test]
    fn what_is_meant_for_one_hop_is_removed_and_the_rest_stays() {
        let mut headers = map(&[
            ("connection", "keep-alive, X-Private, content-length, host"),
            ("keep-alive", "timeout=5"),
            ("proxy-connection", "keep-alive"),
            ("transfer-encoding", "chunked"),
            ("x-private", "1"),
            ("content-length", "3"),
            ("host", "api"),
            ("x-other", "1"),
        ]);
        assert_eq!(remove_hop_by_hop(&mut headers), None);
        let mut left: Vec<_> = headers.keys().map(HeaderName::as_str).collect();
        left.sort_unstable();
        assert_eq!(left, ["content-length", "host", "x-other"]);
    }

    #[test]
    fn protocols_that_carry_http_are_never_tunnelled() {
        let asked = |protocol| {
            remove_hop_by_hop(&mut map(&[("connection", "Upgrade"), ("upgrade", protocol)])).map(|value| value.len())
        };
        for protocol in ["h2c", "H2C", "HTTP/2.0", "TLS/1.0", "websocket, h2c", "connect-udp", "spdy/3.1", ""] {
            assert_eq!(asked(protocol), None, "{protocol}");
        }
        for protocol in ["websocket", "WebSocket", "tcp", "httpx"] {
            assert_eq!(asked(protocol), Some(protocol.len()), "{protocol}");
        }
        assert_eq!(remove_hop_by_hop(&mut map(&[("upgrade", "websocket")])), None);
    }

    #[test]
    fn framing_in_disguise_is_removed() {
        let mut headers = map(&[
            ("content_length", "5"),
            ("content.length", "5"),
            ("transfer_encoding", "chunked"),
            ("content-length", "3"),
            ("x_a", "1"),
        ]);
        remove_disguised_framing(&mut headers);
        let mut left: Vec<_> = headers.keys().map(HeaderName::as_str).collect();
        left.sort_unstable();
        assert_eq!(left, ["content-length", "x_a"]);
    }
}
