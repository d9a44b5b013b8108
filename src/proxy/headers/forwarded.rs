//! Fields that tell the upstream about the client: `X-Forwarded-*` and similar ones.

use super::field_name::FieldNames;
use super::host::{is_host, is_port, is_scheme};
use crate::header::{list_items, remove_where};
use crate::proxy::peer::Peer;
use http::header::{self, Entry, HeaderMap, HeaderName, HeaderValue};

const FORWARDED_FOR: HeaderName = HeaderName::from_static("x-forwarded-for");
const FORWARDED_HOST: HeaderName = HeaderName::from_static("x-forwarded-host");
const FORWARDED_PROTO: HeaderName = HeaderName::from_static("x-forwarded-proto");

/// Fields from which frameworks take the client's host, port or scheme. They build URLs from these,
/// so each value must be a list of hosts, ports or schemes.
const HOSTS: FieldNames = FieldNames::new(&[
    "x-forwarded-host", "x-forwarded-server", "x-host", "x-original-host", "x-vhm-host", "x-wsgiproxy-host",
    "x-wsgiproxy-server-name",
]);
const PORTS: FieldNames = FieldNames::new(&["x-forwarded-port", "x-wsgiproxy-server-port"]);
const SCHEMES: FieldNames = FieldNames::new(&[
    "x-forwarded-proto", "x-forwarded-protocol", "x-forwarded-scheme", "x-scheme", "x-url-scheme",
    "x-wsgiproxy-scheme", "x-wsgiproxy-url-scheme", "cloudfront-forwarded-proto",
]);

/// `host`, `proto`, `for` and `by` in one field (RFC 7239).
const FORWARDED: FieldNames = FieldNames::new(&["forwarded"]);

/// Fields with the client's address, and whether it used TLS. No framework builds URLs from these.
const IDENTITY: FieldNames = FieldNames::new(&[
    "front-end-https", "true-client-ip", "x-client-ip", "x-cluster-client-ip", "x-forwarded-by",
    "x-forwarded-client-cert", "x-forwarded-for", "x-forwarded-ssl", "x-original-forwarded-for", "x-real-ip",
]);

/// Removes fields in which a peer names its client. For an untrusted peer it removes all of them,
/// for a trusted peer those that are not well-formed hosts, ports or schemes.
pub(crate) fn remove_untrusted(headers: &mut HeaderMap, peer: &Peer) {
    let is_untrusted = |name: &HeaderName| {
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
    // Nearly all requests have no such field.
    if headers.keys().any(&is_untrusted) {
        let untrusted: Vec<HeaderName> = headers.keys().filter(|name| is_untrusted(name)).cloned().collect();
        remove_where(headers, |name| untrusted.contains(name));
    }
}

/// Returns whether all items of a list are of this kind.
fn is_list_of(value: &[u8], is: fn(&[u8]) -> bool) -> bool {
    list_items(value).all(is)
}

/// Returns whether a `Forwarded` value has only bytes that occur in hosts, ports, schemes,
/// addresses and their parameters.
fn is_forwarded(value: &[u8]) -> bool {
    value.iter().all(|&byte| byte.is_ascii_alphanumeric() || b" \t,;=\"[]:._-".contains(&byte))
}

/// Adds the peer's address to `X-Forwarded-For`, which may already name clients behind the peer.
/// Sets `X-Forwarded-Host` and `X-Forwarded-Proto` if they are missing.
pub(crate) fn set_forwarded(headers: &mut HeaderMap, peer: &Peer, proto: &'static str) {
    // A peer at a Unix socket has no address to add to the chain.
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
    use super::super::header_map;
    use super::*;
    use crate::proxy::peer::PeerAddress;
    use crate::proxy::settings::Forwarded;

    fn forwarded(peer: &Peer, claims: &[(&'static str, &'static str)]) -> HeaderMap {
        let mut headers = header_map(claims);
        remove_untrusted(&mut headers, peer);
        set_forwarded(&mut headers, peer, "http");
        headers
    }

    fn peer(address: &str) -> Peer {
        Peer::new(PeerAddress::Ip(address.parse().unwrap()), &Forwarded::default())
    }

    #[test]
    fn the_claims_of_a_trusted_peer_are_kept_and_extended() {
        let claims =
            [("x-forwarded-for", "1.2.3.4"), ("x-forwarded-proto", "https"), ("x_forwarded_host", "a"), ("host", "b")];
        let headers = forwarded(&peer("127.0.0.1"), &claims);
        assert_eq!(headers["x-forwarded-for"], "1.2.3.4, 127.0.0.1");
        assert_eq!(headers["x-forwarded-proto"], "https");
        assert_eq!(headers["x-forwarded-host"], "b");
        let headers = forwarded(&peer("203.0.113.9"), &claims);
        assert_eq!(headers["x-forwarded-for"], "203.0.113.9");
        assert_eq!(headers["x-forwarded-proto"], "http");
        assert!(!headers.contains_key("x_forwarded_host"));
    }

    #[test]
    fn all_claims_of_an_untrusted_peer_are_removed() {
        let claims = [
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
        let headers = forwarded(&peer("203.0.113.9"), &claims);
        let mut left: Vec<_> = headers.keys().map(HeaderName::as_str).collect();
        left.sort_unstable();
        assert_eq!(left, ["host", "x-forwarded-for", "x-forwarded-host", "x-forwarded-proto"]);
    }

    #[test]
    fn a_claim_of_a_trusted_peer_that_could_hold_a_path_is_removed() {
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
    fn one_malformed_value_removes_the_others_of_its_name() {
        let headers =
            forwarded(&peer("127.0.0.1"), &[("host", "h"), ("x-forwarded-host", "a"), ("x-forwarded-host", "b/c")]);
        assert_eq!(headers.get_all("x-forwarded-host").iter().collect::<Vec<_>>(), ["h"]);
    }

    #[test]
    fn a_peer_at_a_unix_socket_is_trusted_and_adds_no_address() {
        let address = |settings: &Forwarded, claims: &[(&'static str, &'static str)]| {
            forwarded(&Peer::new(PeerAddress::Unix, settings), claims).get("x-forwarded-for").cloned()
        };
        let claims = [("x-forwarded-for", "1.2.3.4")];
        assert_eq!(address(&Forwarded::default(), &claims).unwrap(), "1.2.3.4");
        assert_eq!(address(&Forwarded::default(), &[]), None);
        assert_eq!(address(&Forwarded { trusts_unix: false, ..Forwarded::default() }, &claims), None);
    }
}
