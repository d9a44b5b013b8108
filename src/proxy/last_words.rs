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

/// An answer of hyper's own to a head that it cannot read, which comes without a word about why, and what is said instead.
struct Automatic {
    bytes: &'static [u8],
    status: StatusCode,
    reason: &'static str,
    detail: &'static str,
}

const AUTOMATIC: [Automatic; 3] = [
    Automatic {
        bytes: b"HTTP/1.1 400 Bad Request\r\nconnection: close\r\ncontent-length: 0\r\n\r\n",
        status: StatusCode::BAD_REQUEST,
        reason: "malformed-request",
        detail: "The request is not well-formed HTTP.",
    },
    Automatic {
        bytes: b"HTTP/1.1 414 URI Too Long\r\nconnection: close\r\ncontent-length: 0\r\n\r\n",
        status: StatusCode::URI_TOO_LONG,
        reason: "uri-too-long",
        detail: "The request's target is too long.",
    },
    Automatic {
        bytes: b"HTTP/1.1 431 Request Header Fields Too Large\r\nconnection: close\r\ncontent-length: 0\r\n\r\n",
        status: StatusCode::REQUEST_HEADER_FIELDS_TOO_LARGE,
        reason: "headers-too-large",
        detail: "The request's head has too many fields, or too many bytes.",
    },
];

/// What is sent instead of an automatic answer.
pub(super) struct Instead {
    /// Where in the bytes the automatic answer begins.
    pub(super) from: usize,
    pub(super) reason: &'static str,
    pub(super) words: Vec<u8>,
}

/// What to send if `bytes` end with an automatic answer.
pub(super) fn instead_of(bytes: &[u8]) -> Option<Instead> {
    let automatic = AUTOMATIC.iter().find(|automatic| bytes.ends_with(automatic.bytes))?;
    let Automatic { status, reason, detail, .. } = *automatic;
    let words = written(problem::response(status, reason, detail));
    Some(Instead { from: bytes.len() - automatic.bytes.len(), reason, words })
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
