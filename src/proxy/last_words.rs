//! Answers that are written to a socket by hand, where no request could be handed to a service.

use crate::problem;
use bytes::Bytes;
use http::header::{CONNECTION, HeaderName, HeaderValue, RETRY_AFTER};
use http::{Response, StatusCode};

/// What a client is told to wait before it tries again, in seconds: requests come and go in less.
pub(super) const RETRY_AFTER_SECS: HeaderValue = HeaderValue::from_static("1");

/// The stable codes of what is said to clients below.
pub(super) const HEADER_TIMEOUT: &str = "header-timeout";
pub(super) const TOO_MANY_CONNECTIONS: &str = "too-many-connections";

/// Those of heads that hyper answers itself over HTTP/1, with a bare status: it hands no request to a service.
pub(super) const HEADERS_TOO_LARGE: &str = "headers-too-large";
const MALFORMED_REQUEST: &str = "malformed-request";

/// Why hyper refused a head, if it did.
pub(super) fn head_refused(error: &hyper::Error) -> Option<&'static str> {
    let reason = if error.is_parse_too_large() { HEADERS_TOO_LARGE } else { MALFORMED_REQUEST };
    error.is_parse().then_some(reason)
}

/// To a client that took too long over a head.
pub(super) fn request_timeout() -> Vec<u8> {
    written(problem::response(StatusCode::REQUEST_TIMEOUT, HEADER_TIMEOUT, "The request's head took too long."))
}

/// To a client for whose connection there is no room.
pub(super) fn too_many_connections() -> Vec<u8> {
    let detail = "There are too many connections at the moment.";
    let mut response = problem::response(StatusCode::SERVICE_UNAVAILABLE, TOO_MANY_CONNECTIONS, detail);
    response.headers_mut().insert(RETRY_AFTER, RETRY_AFTER_SECS);
    written(response)
}

/// An HTTP/1.1 answer after which the connection ends.
fn written(mut response: Response<Bytes>) -> Vec<u8> {
    response.headers_mut().insert(CONNECTION, HeaderValue::from_static("close"));
    let status = response.status();
    let mut bytes =
        format!("HTTP/1.1 {} {}\r\n", status.as_str(), status.canonical_reason().unwrap_or_default()).into_bytes();
    for (name, value) in response.headers() {
        let name: &HeaderName = name;
        bytes.extend([name.as_str().as_bytes(), b": ", value.as_bytes(), b"\r\n"].concat());
    }
    bytes.extend(b"\r\n");
    bytes.extend(response.body());
    bytes
}
