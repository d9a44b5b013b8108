//! What the upstream is told about the client: `X-Forwarded-*` and their like.

use super::field_name::FieldNames;
use super::host::{is_host, is_port, is_scheme};
use crate::header::remove_where;
use crate::proxy::peer::Peer;
use http::header::{self, Entry, HeaderMap, HeaderName, HeaderValue};

const FORWARDED_FOR: HeaderName = HeaderName::from_static("x-forwarded-for");
const FORWARDED_HOST: HeaderName = HeaderName::from_static("x-forwarded-host");
const FORWARDED_PROTO: HeaderName = HeaderName::from_static("x-forwarded-proto");

/// Fields by which frameworks know a client's host, scheme or port. They build a URL of them, so each must be a list of such.
const HOSTS: FieldNames = FieldNames::new(&[
    "x-forwarded-host",
    "x-forwarded-server",
    "x-host",
    "x-original-host",
    "x-vhm-host",
    "x-wsgiproxy-host",
    "x-wsgiproxy-server-name",
]);
const PORTS: FieldNames = FieldNames::new(&["x-forwarded-port", "x-wsgiproxy-server-port"]);
const SCHEMES: FieldNames = FieldNames::new(&[
    "x-forwarded-proto",
    "x-forwarded-protocol",
    "x-forwarded-scheme",
    "x-scheme",
    "x-url-scheme",
    "x-wsgiproxy-scheme",
    "x-wsgiproxy-url-scheme",
    "cloudfront-forwarded-proto",
]);

/// `host`, `proto`, `for` and `by` at once (RFC 7239).
const FORWARDED: FieldNames = FieldNames::new(&["forwarded"]);

/// Who the client is, and whether it came by TLS. No URL is built of these.
const IDENTITY: FieldNames = FieldNames::new(&[
    "front-end-https",
    "true-client-ip",
    "x-client-ip",
    "x-cluster-client-ip",
    "x-forwarded-by",
    "x-forwarded-client-cert",
    "x-forwarded-for",
    "x-forwarded-ssl",
    "x-original-forwarded-for",
    "x-real-ip",
]);

/// Removes what a peer says of the client that is not trusted, and what a trusted one says that is no host, port or scheme.
pub(crate) fn remove_unbelieved(headers: &mut HeaderMap, peer: &Peer) {
    let is_unbelieved = |name: &HeaderName| {
        let all_are = |is: fn(&[u8]) -> bool| headers.get_all(name).iter().all(|value| is(value.as_bytes()));
        if HOSTS.contain(name) {
            !peer.trusted || !all_are(|value| is_list_of(value, is_host))
        } else if SCHEMES.contain(name) {
            !peer.trusted || !all_are(|value| is_list_of(value, is_scheme))
        } else if PORTS.contain(name) {
            !peer.trusted || !all_are(|value| is_list_of(value, is_port))
        } else if FORWARDED.contain(name) {
            !peer.trusted || !all_are(is_forwarded)
        } else {
            !peer.trusted && IDENTITY.contain(name)
        }
    };
    // Nearly every request has none.
    if headers.keys().any(&is_unbelieved) {
        let unbelieved: Vec<HeaderName> = headers.keys().filter(|name| is_unbelieved(name)).cloned().collect();
        remove_where(headers, |name| unbelieved.contains(name));
    }
}

/// Whether the items of a list are all of a kind, empty ones aside.
fn is_list_of(value: &[u8], is: fn(&[u8]) -> bool) -> bool {
    value.split(|&byte| byte == b',').map(<[u8]>::trim_ascii).all(|item| item.is_empty() || is(item))
}

/// Whether a `Forwarded` holds only what hosts, ports, schemes, addresses and their parameters are written with.
fn is_forwarded(value: &[u8]) -> bool {
    value.iter().all(|&byte| byte.is_ascii_alphanumeric() || b" \t,;=\"[]:._-".contains(&byte))
}

/// Says who the client is, beside what it says itself.
pub(crate) fn set_forwarded(headers: &mut HeaderMap, peer: &Peer, proto: &'static str) {
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

    fn forwarded(peer: &Peer, said: &[(&'static str, &'static str)]) -> HeaderMap {
        let mut headers = map(said);
        remove_unbelieved(&mut headers, peer);
        set_forwarded(&mut headers, peer, "http");
        headers
    }

    fn peer(address: &str) -> Peer {
        Peer::new(PeerAddress::Ip(address.parse().unwrap()), &Forwarded::default())
    }

    #[test]
    fn only_a_trusted_peer_is_believed() {
        let said =
            [("x-forwarded-for", "1.2.3.4"), ("x-forwarded-proto", "https"), ("x_forwarded_host", "a"), ("host", "b")];
        let headers = forwarded(&peer("127.0.0.1"), &said);
        assert_eq!(headers["x-forwarded-for"], "1.2.3.4, 127.0.0.1");
        assert_eq!(headers["x-forwarded-proto"], "https");
        assert_eq!(headers["x-forwarded-host"], "b");
        let headers = forwarded(&peer("203.0.113.9"), &said);
        assert_eq!(headers["x-forwarded-for"], "203.0.113.9");
        assert_eq!(headers["x-forwarded-proto"], "http");
        assert!(!headers.contains_key("x_forwarded_host"));
    }

    #[test]
    fn nothing_is_left_of_who_an_untrusted_peer_says_it_is() {
        let said = [
            ("host", "a"),
            ("forwarded", "for=1.2.3.4"),
            ("x-forwarded-port", "81"),
            ("x-forwarded-scheme", "https"),
            ("x-forwarded-ssl", "on"),
            ("x-real-ip", "1.2.3.4"),
            ("x.forwarded.server", "b"),
            ("x-url-scheme", "https"),
            ("x-client-ip", "1.2.3.4"),
            ("x-forwarded-client-cert", "Subject=a"),
        ];
        let headers = forwarded(&peer("203.0.113.9"), &said);
        let mut left: Vec<_> = headers.keys().map(HeaderName::as_str).collect();
        left.sort_unstable();
        assert_eq!(left, ["host", "x-forwarded-for", "x-forwarded-host", "x-forwarded-proto"]);
    }

    #[test]
    fn even_a_trusted_peer_is_believed_only_what_cannot_hold_a_path() {
        for (name, kept, dropped) in [
            (
                "x-forwarded-host",
                &["a.example", "a:80, b", "[::1]:80"][..],
                &["a/x", "a:80/console/api?", "a, b/c", "a?b"][..],
            ),
            ("x-forwarded-port", &["443", "80, 443"], &["80/console?", "x"]),
            ("x-forwarded-proto", &["https", "https, http"], &["https://a/console?", "https:", "1"]),
            ("x-forwarded-scheme", &["https"], &["https://a/console?"]),
            ("x-original-host", &["a"], &["a/b"]),
            (
                "forwarded",
                &["for=\"[::1]:80\";host=a.example:80;proto=https, for=b"],
                &["host=\"a/b\"", "host=a?", "proto=https://a#"],
            ),
        ] {
            for value in kept {
                let headers = forwarded(&peer("127.0.0.1"), &[("host", "h"), (name, value)]);
                assert_eq!(headers[name], value);
            }
            for value in dropped {
                let headers = forwarded(&peer("127.0.0.1"), &[("host", "h"), (name, value)]);
                assert_ne!(headers.get(name).and_then(|value| value.to_str().ok()), Some(*value), "{name}");
            }
        }
    }

    #[test]
    fn one_value_that_is_not_believed_takes_the_others_of_its_name_along() {
        let headers =
            forwarded(&peer("127.0.0.1"), &[("host", "h"), ("x-forwarded-host", "a"), ("x-forwarded-host", "b/c")]);
        assert_eq!(headers.get_all("x-forwarded-host").iter().collect::<Vec<_>>(), ["h"]);
    }

    #[test]
    fn a_peer_at_a_unix_socket_is_believed_and_adds_no_address() {
        let address = |settings: &Forwarded, said: &[(&'static str, &'static str)]| {
            forwarded(&Peer::new(PeerAddress::Unix, settings), said).get("x-forwarded-for").cloned()
        };
        let said = [("x-forwarded-for", "1.2.3.4")];
        assert_eq!(address(&Forwarded::default(), &said).unwrap(), "1.2.3.4");
        assert_eq!(address(&Forwarded::default(), &[]), None);
        assert_eq!(address(&Forwarded { trusts_unix: false, ..Forwarded::default() }, &said), None);
    }
}
