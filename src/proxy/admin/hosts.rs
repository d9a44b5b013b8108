//! By which names the operator's listener answers.
//!
//! A page of any web site can have a browser ask this listener, also where only the browser's machine reaches it: the site's own name
//! is made to lead here (DNS rebinding), so that to the browser both are one site. What tells such a request is its `Host`, which is
//! that name. So a name is answered only if nobody can register it: an address, a name of one label, a name under a domain that is
//! reserved for private use. Probes and Prometheus ask by the address of a pod, or by the name of a service. Other names are configured.

use http::header::HOST;
use http::uri::Authority;
use http::{HeaderValue, Request};
use std::net::{Ipv4Addr, Ipv6Addr};

/// Domains that no public name is under: RFC 6761, RFC 6762, RFC 8375, ICANN's resolution 2024.07.29.06, and Kubernetes's own.
const PRIVATE: [&str; 6] = [".localhost", ".local", ".home.arpa", ".internal", ".test", ".svc"];

/// By which names the operator's listener answers.
#[derive(Debug)]
pub(super) struct Hosts(pub(super) Vec<String>);

impl Hosts {
    /// Whether every host that a request names is one to answer by. A request of HTTP/1.0 may name none; a browser's always does.
    pub(super) fn admit<B>(&self, request: &Request<B>) -> bool {
        let named = request.headers().get_all(HOST).iter().map(HeaderValue::as_bytes);
        let target = request.uri().authority().map(|authority| authority.as_str().as_bytes());
        target.into_iter().chain(named).all(|host| host.is_empty() || self.admit_host(host))
    }

    fn admit_host(&self, host: &[u8]) -> bool {
        let Ok(authority) = Authority::try_from(host) else { return false };
        let host = authority.host();
        // Nothing before it, nothing behind it but a port.
        let port = authority.as_str().strip_prefix(host);
        let is_whole =
            port.is_some_and(|port| port.is_empty() || port.starts_with(':') && authority.port_u16().is_some());
        if host.is_empty() || !is_whole {
            return false;
        }
        if let Some(address) = host.strip_prefix('[').and_then(|host| host.strip_suffix(']')) {
            return address.parse::<Ipv6Addr>().is_ok();
        }
        let name = host.strip_suffix('.').unwrap_or(host).to_ascii_lowercase();
        let is_private = || !name.contains('.') || PRIVATE.iter().any(|domain| name.ends_with(domain));
        let is_given = || self.0.iter().any(|given| given.eq_ignore_ascii_case(&name));
        name.parse::<Ipv4Addr>().is_ok() || is_private() || is_given()
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    fn admits(host: &str) -> bool {
        Hosts(vec!["metrics.example.com".to_owned()]).admit_host(host.as_bytes())
    }

    #[test]
    fn addresses_and_names_that_nobody_can_register_are_answered() {
        for host in [
            "127.0.0.1",
            "127.0.0.1:9464",
            "10.244.1.7:9464",
            "[::1]",
            "[fd00::1]:9464",
            "localhost",
            "LOCALHOST:9464",
            "localhost.",
            "last4.localhost",
            "last4",
            "last4:9464",
            "last4.shop.svc:9464",
            "last4.shop.svc.cluster.local.",
            "host.docker.internal",
            "box.home.arpa",
            "Metrics.Example.com:9464",
        ] {
            assert!(admits(host), "{host}");
        }
    }

    #[test]
    fn names_that_anybody_may_own_are_not() {
        for host in [
            "rebind.example",
            "example.com:9464",
            "127.0.0.1.nip.io",
            "localhost.example.com",
            "notlocalhost.com",
            "last4.prod",
            "evil-local.com",
            "x.metrics.example.com",
            "metrics.example.com.evil.com",
            "localhost@example.com",
            "example.com@localhost",
            "[example.com]",
            "[::1].example.com",
            "a b",
            ":9464",
            "localhost:9464:1",
        ] {
            assert!(!admits(host), "{host}");
        }
    }
}
