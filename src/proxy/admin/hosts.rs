//! The host names that the operator's listener accepts.
//!
//! A web page can make a browser send requests to this listener, even if only the browser's machine
//! can reach it. For this, the page's site lets its own name resolve to the listener's address (DNS
//! rebinding), so that the browser takes both for one site. Such a request has the site's name in
//! `Host`. So a name is accepted only if it cannot be registered: an address, a single label, or a
//! name under a private domain. Probes and Prometheus use the address of a pod or the name of a
//! service. Other names must be configured.

use http::header::HOST;
use http::uri::Authority;
use http::{HeaderValue, Request};
use std::net::{Ipv4Addr, Ipv6Addr};

/// Domains under which no name can be registered. They come from RFC 6761, RFC 6762, RFC 8375,
/// ICANN's resolution 2024.07.29.06 and Kubernetes.
const PRIVATE: [&str; 6] = [".localhost", ".local", ".home.arpa", ".internal", ".test", ".svc"];

/// The host names that the operator has configured.
#[derive(Debug)]
pub(super) struct Hosts(pub(super) Vec<String>);

impl Hosts {
    /// Returns whether all hosts that a request names are accepted. An HTTP/1.0 request may name
    /// none; a browser always names one.
    pub(super) fn admit<B>(&self, request: &Request<B>) -> bool {
        let named = request.headers().get_all(HOST).iter().map(HeaderValue::as_bytes);
        let target = request.uri().authority().map(|authority| authority.as_str().as_bytes());
        target.into_iter().chain(named).all(|host| host.is_empty() || self.admit_host(host))
    }

    fn admit_host(&self, host: &[u8]) -> bool {
        let Ok(authority) = Authority::try_from(host) else { return false };
        let host = authority.host();
        // Only a port may follow the host, and nothing may precede it.
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
        let is_configured = || self.0.iter().any(|host| host.eq_ignore_ascii_case(&name));
        name.parse::<Ipv4Addr>().is_ok() || is_private() || is_configured()
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    fn admits(host: &str) -> bool {
        Hosts(vec!["metrics.example.com".to_owned()]).admit_host(host.as_bytes())
    }

    #[test]
    fn addresses_and_names_that_cannot_be_registered_are_accepted() {
        let hosts = "127.0.0.1, 127.0.0.1:9464, 10.244.1.7:9464, [::1], [fd00::1]:9464, localhost, \
            LOCALHOST:9464, localhost., last4.localhost, last4, last4:9464, last4.shop.svc:9464, \
            last4.shop.svc.cluster.local., host.docker.internal, box.home.arpa, \
            Metrics.Example.com:9464";
        for host in hosts.split(", ") {
            assert!(admits(host), "{host}");
        }
    }

    #[test]
    fn names_that_can_be_registered_are_not_accepted() {
        let hosts = "rebind.example, example.com:9464, 127.0.0.1.nip.io, localhost.example.com, \
            notlocalhost.com, last4.prod, evil-local.com, x.metrics.example.com, \
            metrics.example.com.evil.com, localhost@example.com, example.com@localhost, \
            [example.com], [::1].example.com, a b, :9464, localhost:9464:1";
        for host in hosts.split(", ") {
            assert!(!admits(host), "{host}");
        }
    }
}
