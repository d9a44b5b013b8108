//! Checks hosts, ports and schemes.
//!
//! Frameworks build a URL from them and route by the path of that URL. So a host must not contain
//! bytes that would end the host in that URL.

use std::net::Ipv6Addr;

/// Returns whether this is one `host [":" port]` (RFC 9110 7.2). A host has letters, digits, `-`,
/// `.` and `_`, or is an IPv6 address in brackets.
///
/// RFC 3986 allows more in a name: percent escapes and `!$&'()*+,;=`. No name in use has them, and
/// URL parsers treat them differently.
pub(crate) fn is_host(text: &[u8]) -> bool {
    let (host, port) = match text {
        [b'[', rest @ ..] => {
            let Some(end) = rest.iter().position(|&byte| byte == b']') else { return false };
            let (address, after) = rest.split_at(end);
            let is_address = std::str::from_utf8(address).is_ok_and(|address| address.parse::<Ipv6Addr>().is_ok());
            if !is_address {
                return false;
            }
            match after {
                [b']'] => return true,
                [b']', b':', port @ ..] => return is_port(port),
                _ => return false,
            }
        }
        name => match name.iter().position(|&byte| byte == b':') {
            Some(colon) => (name.get(..colon).unwrap_or_default(), name.get(colon + 1..).unwrap_or_default()),
            None => (name, &b""[..]),
        },
    };
    !host.is_empty()
        && host.iter().all(|&byte| byte.is_ascii_alphanumeric() || matches!(byte, b'-' | b'.' | b'_'))
        && is_port(port)
}

/// Returns whether this is a port, which may be empty (RFC 3986 3.2.3).
pub(crate) fn is_port(text: &[u8]) -> bool {
    text.len() <= 5 && text.iter().all(u8::is_ascii_digit)
}

/// Returns whether this is a scheme (RFC 3986 3.1).
pub(crate) fn is_scheme(text: &[u8]) -> bool {
    text.first().is_some_and(u8::is_ascii_alphabetic)
        && text.iter().all(|&byte| byte.is_ascii_alphanumeric() || matches!(byte, b'+' | b'-' | b'.'))
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn names_and_addresses_with_and_without_a_port_are_hosts() {
        for host in [
            "localhost", "api.example", "API.Example.:8080", "my_service.namespace", "xn--bcher-kva.example:443",
            "127.0.0.1", "127.0.0.1:5001", "[::1]", "[2001:db8::1]:80", "[::ffff:1.2.3.4]", "a:",
        ] {
            assert!(is_host(host.as_bytes()), "{host}");
        }
    }

    #[test]
    fn text_that_could_end_a_host_in_a_url_is_refused() {
        for host in [
            "", ":80", "a:80/console/api?", "a/b", "a?b", "a#b", "a\\b", "u@a", "u:p@a", "a b", "a,b", "a;b", "a%2fb",
            "a:80:90", "a:x", "a:123456", "[::1", "[::1]x", "[::1]:x", "[::1%25eth0]", "[a]", "::1", "a\u{fc}", "a\tb",
        ] {
            assert!(!is_host(host.as_bytes()), "{host}");
        }
    }
}
