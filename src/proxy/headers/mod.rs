//! Header fields that the proxy removes, checks or sets, on the masked routes and off them.
//!
//! `rerouting` removes fields that could re-route a request. `forwarded` removes what untrusted
//! peers claim about their clients, and checks names with `host`. `hop_by_hop` removes fields for
//! one hop from requests and responses. `connection_auth` finds credentials that authenticate a
//! connection.

pub(super) mod connection_auth;
mod field_name;
pub(super) mod forwarded;
pub(super) mod hop_by_hop;
pub(super) mod host;
pub(super) mod rerouting;

#[cfg(test)]
fn header_map(fields: &[(&'static str, &'static str)]) -> http::HeaderMap {
    use http::{HeaderName, HeaderValue};
    let mut headers = http::HeaderMap::new();
    for (name, value) in fields {
        headers.append(HeaderName::from_static(name), HeaderValue::from_static(value));
    }
    headers
}
