//! Removes fields that are for one hop only, and decides which protocols may be tunnelled.

use super::field_name::FieldNames;
use crate::header::{list_items, remove_where};
use http::header::{self, HeaderMap, HeaderName, HeaderValue};

/// Fields that give the length of a body. Other spellings, such as `Content_Length`, do so only for
/// some servers.
const FRAMING: FieldNames = FieldNames::new(&["content-length", "transfer-encoding"]);

/// Protocols that carry HTTP; a name that ends in `-` is a prefix. Inside their tunnels, requests
/// to masked routes would pass unseen (h2c smuggling).
const HTTP_PROTOCOLS: [&str; 6] = ["h2", "h2c", "http", "tls", "spdy", "connect-"];

/// Removes fields that are for one hop only (RFC 9110 7.6.1). Returns the protocol that the message
/// asks to switch to, if that may be tunnelled.
pub(crate) fn remove_hop_by_hop(headers: &mut HeaderMap) -> Option<HeaderValue> {
    // Most HTTP/1.1 messages have no such field.
    if !headers.keys().any(|name| *name == header::UPGRADE || is_for_one_hop(name)) {
        return None;
    }
    let mut upgrades = false;
    for value in headers.get_all(header::CONNECTION).iter().cloned().collect::<Vec<_>>() {
        for option in list_items(value.as_bytes()) {
            upgrades |= option.eq_ignore_ascii_case(b"upgrade");
            // `Connection` must not remove fields that the proxy relies on.
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

/// Reduces `TE` to `trailers`, the only value that the proxy supports. Returns whether the field is
/// left.
pub(crate) fn keep_only_trailers(headers: &mut HeaderMap) -> bool {
    if !headers.contains_key(header::TE) {
        return false;
    }
    let is_trailers = |coding: &[u8]| coding.eq_ignore_ascii_case(b"trailers");
    let wanted = headers.get_all(header::TE).iter().any(|value| list_items(value.as_bytes()).any(is_trailers));
    headers.remove(header::TE);
    if wanted {
        headers.insert(header::TE, HeaderValue::from_static("trailers"));
    }
    wanted
}

/// Removes fields that only some servers read as the length of the body, such as `Content_Length`.
pub(crate) fn remove_disguised_framing(headers: &mut HeaderMap) {
    remove_where(headers, |name| {
        ![header::CONTENT_LENGTH, header::TRANSFER_ENCODING].contains(name) && FRAMING.contain(name)
    });
}

fn may_be_tunnelled(protocol: &HeaderValue) -> bool {
    protocol.to_str().is_ok_and(|list| {
        let list = list.to_ascii_lowercase().into_bytes();
        let has_empty_item = list_items(&list).count() <= memchr::memchr_iter(b',', &list).count();
        !has_empty_item && !list_items(&list).any(|name| HTTP_PROTOCOLS.iter().any(|known| carries_http(name, known)))
    })
}

fn carries_http(name: &[u8], known: &str) -> bool {
    let rest = name.strip_prefix(known.as_bytes());
    rest.is_some_and(|rest| rest.is_empty() || rest.starts_with(b"/") || known.ends_with('-'))
}

#[cfg(test)]
mod tests {
    use super::super::header_map;
    use super::*;

    #[test]
    fn fields_for_one_hop_are_removed_and_others_stay() {
        let mut headers = header_map(&[
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
        let tunnelled = |protocol| {
            remove_hop_by_hop(&mut header_map(&[("connection", "Upgrade"), ("upgrade", protocol)]))
                .map(|value| value.len())
        };
        for protocol in ["h2c", "H2C", "HTTP/2.0", "TLS/1.0", "websocket, h2c", "connect-udp", "spdy/3.1", ""] {
            assert_eq!(tunnelled(protocol), None, "{protocol}");
        }
        for protocol in ["websocket", "WebSocket", "tcp", "httpx"] {
            assert_eq!(tunnelled(protocol), Some(protocol.len()), "{protocol}");
        }
        assert_eq!(remove_hop_by_hop(&mut header_map(&[("upgrade", "websocket")])), None);
    }

    #[test]
    fn differently_spelt_framing_is_removed() {
        let mut headers = header_map(&[
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
