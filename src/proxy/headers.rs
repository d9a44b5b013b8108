//! Header fields on their way through the proxy, off and on the masked routes alike.

use super::peer::Peer;
use crate::layer::remove_where;
use http::header::{self, Entry, HeaderMap, HeaderName, HeaderValue};

const FORWARDED_FOR: HeaderName = HeaderName::from_static("x-forwarded-for");
const FORWARDED_HOST: HeaderName = HeaderName::from_static("x-forwarded-host");
const FORWARDED_PROTO: HeaderName = HeaderName::from_static("x-forwarded-proto");

/// Fields by which some server or framework takes another path than the request line's. Written with `-`; compared with `_`
/// and `-` as one, as the CGI family does.
const REROUTING: [&str; 14] = [
    "path-info",
    "path-translated",
    "raw-uri",
    "request-uri",
    "script-name",
    "x-forwarded-path",
    "x-forwarded-prefix",
    "x-forwarded-uri",
    "x-http-destinationurl",
    "x-original-uri",
    "x-original-url",
    "x-rewrite-uri",
    "x-rewrite-url",
    "x-script-name",
];

/// Fields that say where a message ends; spelt with `_` they say so only to some servers.
const FRAMING: [&str; 2] = ["content-length", "transfer-encoding"];

/// Who a client says it is, for those that trust it.
const IDENTITY: [&str; 4] = ["forwarded", "x-forwarded-for", "x-forwarded-host", "x-forwarded-proto"];

/// Protocols that carry HTTP: inside such a tunnel a masked route could be asked for unseen (h2c smuggling).
const HTTP_PROTOCOLS: [&str; 6] = ["h2", "h2c", "http", "tls", "spdy", "connect-"];

/// Removes what is meant for this hop alone (RFC 9110 7.6.1) and gives the protocol that the message would switch to, if
/// it asks for one that may be tunnelled.
pub(super) fn remove_hop_by_hop(headers: &mut HeaderMap) -> Option<HeaderValue> {
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
pub(super) fn keep_only_trailers(headers: &mut HeaderMap) -> bool {
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

/// Which fields are removed that make a server take another path than the one matched.
#[derive(Clone, Copy, Debug)]
pub(super) enum Rerouting<'a> {
    /// All that are known, except these.
    AllBut(&'a [HeaderName]),
    None,
}

impl Rerouting<'_> {
    fn removes(self, name: &HeaderName) -> bool {
        matches!(self, Self::AllBut(allowed) if !allowed.contains(name))
    }
}

/// Removes the fields that make a server take another path than the one matched, as far as `rerouting` says; framing in disguise;
/// and who a client says it is that is not trusted.
pub(super) fn remove_unwanted(headers: &mut HeaderMap, peer: &Peer, rerouting: Rerouting<'_>) {
    let is_one_of = |name: &HeaderName, known: &[&str]| known.iter().any(|known| same_folded(name.as_str(), known));
    remove_where(headers, |name| {
        (is_one_of(name, &REROUTING) && rerouting.removes(name))
            || (is_one_of(name, &FRAMING) && name.as_str().contains('_'))
            || (!peer.trusted && is_one_of(name, &IDENTITY))
    });
}

/// Says who the client is, beside what it says itself.
pub(super) fn set_forwarded(headers: &mut HeaderMap, peer: &Peer, proto: &'static str) {
    // A client without an address adds none to the chain.
    if let Some(address) = peer.value() {
        let mut chain: Vec<&[u8]> = headers.get_all(FORWARDED_FOR).iter().map(HeaderValue::as_bytes).collect();
        let chain = if chain.is_empty() {
            address.clone()
        } else {
            chain.push(address.as_bytes());
            HeaderValue::from_bytes(&chain.join(&b", "[..])).unwrap_or_else(|_| address.clone())
        };
        headers.insert(FORWARDED_FOR, chain);
    }
    if let Some(host) = headers.get(header::HOST).cloned()
        && let Entry::Vacant(entry) = headers.entry(FORWARDED_HOST)
    {
        entry.insert(host);
    }
    if let Entry::Vacant(entry) = headers.entry(FORWARDED_PROTO) {
        entry.insert(HeaderValue::from_static(proto));
    }
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

fn same_folded(name: &str, known: &str) -> bool {
    name.len() == known.len()
        && name.bytes().zip(known.bytes()).all(|(one, other)| one == other || (one == b'_' && other == b'-'))
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::proxy::peer::PeerAddress;
    use crate::proxy::settings::Forwarded;

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

    fn peer(address: &str) -> Peer {
        Peer::new(PeerAddress::Ip(address.parse().unwrap()), &Forwarded::default())
    }

    #[test]
    fn rerouting_fields_are_removed_however_they_are_spelt() {
        let mut headers =
            map(&[("script_name", "/p"), ("x-original-url", "/x"), ("content_length", "5"), ("x_a", "1")]);
        remove_unwanted(&mut headers, &peer("127.0.0.1"), Rerouting::AllBut(&[]));
        assert_eq!(headers.keys().collect::<Vec<_>>(), ["x_a"]);
        let mut headers = map(&[("x-forwarded-prefix", "/p")]);
        remove_unwanted(
            &mut headers,
            &peer("127.0.0.1"),
            Rerouting::AllBut(&[HeaderName::from_static("x-forwarded-prefix")]),
        );
        assert_eq!(headers.len(), 1);
    }

    #[test]
    fn only_a_trusted_peer_is_believed() {
        let said =
            [("x-forwarded-for", "1.2.3.4"), ("x-forwarded-proto", "https"), ("x_forwarded_host", "a"), ("host", "b")];
        let forwarded = |address| {
            let (mut headers, peer) = (map(&said), peer(address));
            remove_unwanted(&mut headers, &peer, Rerouting::AllBut(&[]));
            set_forwarded(&mut headers, &peer, "http");
            headers
        };
        let headers = forwarded("127.0.0.1");
        assert_eq!(headers["x-forwarded-for"], "1.2.3.4, 127.0.0.1");
        assert_eq!(headers["x-forwarded-proto"], "https");
        assert_eq!(headers["x-forwarded-host"], "b");
        let headers = forwarded("203.0.113.9");
        assert_eq!(headers["x-forwarded-for"], "203.0.113.9");
        assert_eq!(headers["x-forwarded-proto"], "http");
        assert!(!headers.contains_key("x_forwarded_host"));
    }

    #[test]
    fn a_peer_at_a_unix_socket_is_believed_and_adds_no_address() {
        let forwarded = |settings: &Forwarded, said: &[(&'static str, &'static str)]| {
            let (mut headers, peer) = (map(said), Peer::new(PeerAddress::Unix, settings));
            remove_unwanted(&mut headers, &peer, Rerouting::AllBut(&[]));
            set_forwarded(&mut headers, &peer, "http");
            headers.get("x-forwarded-for").cloned()
        };
        let said = [("x-forwarded-for", "1.2.3.4")];
        assert_eq!(forwarded(&Forwarded::default(), &said).unwrap(), "1.2.3.4");
        assert_eq!(forwarded(&Forwarded::default(), &[]), None);
        assert_eq!(forwarded(&Forwarded { trusts_unix: false, ..Forwarded::default() }, &said), None);
    }
}
