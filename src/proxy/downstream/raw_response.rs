//! Responses that are written to a socket as bytes, where there is no request that a service could answer.

use crate::proxy::error::response;
use crate::reason::Reason;
use http::header::{CONNECTION, HeaderValue};

/// Why hyper refused the head of a request over HTTP/1, if it did. hyper answers those itself, with a bare status.
pub(crate) fn head_refused(error: &hyper::Error) -> Option<Reason> {
    let reason = if error.is_parse_too_large() { Reason::HeadersTooLarge } else { Reason::MalformedRequest };
    error.is_parse().then_some(reason)
}

/// The HTTP/1.1 response of a reason, after which the connection ends.
pub(crate) fn serialize(reason: Reason) -> Vec<u8> {
    let mut response = response(reason);
    response.headers_mut().insert(CONNECTION, HeaderValue::from_static("close"));
    let status = response.status();
    let line = format!("HTTP/1.1 {} {}\r\n", status.as_str(), status.canonical_reason().unwrap_or_default());
    let mut bytes = line.into_bytes();
    for (name, value) in response.headers() {
        bytes.extend([name.as_str().as_bytes(), b": ", value.as_bytes(), b"\r\n"].concat());
    }
    bytes.extend(b"\r\n");
    bytes.extend(response.body());
    bytes
}
