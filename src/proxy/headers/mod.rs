//! Header fields that the proxy removes, checks or sets, on the masked routes and off them.
//!
//! The preparation of a request removes fields that could re-route it (`rerouting`) and claims of
//! untrusted peers (`forwarded`, which checks names by `host`). Requests and responses lose what is
//! for one hop only (`hop_by_hop`). The upstream client looks for credentials of a connection
//! (`connection_auth`).

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
