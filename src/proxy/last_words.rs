//! Answers that are written to a socket by hand, where no request could be handed to a service.

use crate::problem;
use bytes::Bytes;
use http::header::{CONNECTION, HeaderName, HeaderValue, RETRY_AFTER};
use http::{Response, StatusCode};

/// What a client is told to wait before it tries again, in seconds: requests come and go in less.
pub(super) const RETRY_AFTER_SECS: HeaderValue = HeaderValue::from_static("1");

type Document = fn() -> Response<Bytes>;

/// hyper's own answers to heads that it cannot read, which come without a word about why.
const AUTOMATIC: [(&[u8], Document); 3] = [
    (b"HTTP/1.1 400 Bad Request\r\nconnection: close\r\ncontent-length: 0\r\n\r\n", malformed),
    (b"HTTP/1.1 414 URI Too Long\r\nconnection: close\r\ncontent-length: 0\r\n\r\n", uri_too_long),
    (
        b"HTTP/1.1 431 Request Header Fields Too Large\r\nconnection: close\r\ncontent-length: 0\r\n\r\n",
        headers_too_large,
    ),
];

/// The place in `bytes` from which on they are an automatic answer, and the document to send instead.
pub(super) fn instead_of(bytes: &[u8]) -> Option<(usize, Vec<u8>)> {
    let (automatic, document) = AUTOMATIC.iter().find(|(automatic, _)| bytes.ends_with(automatic))?;
    Some((bytes.len() - automatic.len(), written(document())))
}

/// To a client that took too long over a head.
pub(super) fn request_timeout() -> Vec<u8> {
    written(problem::response(StatusCode::REQUEST_TIMEOUT, "header-timeout", "The request's head took too long."))
}

/// To a client for whose connection there is no room.
pub(super) fn too_many_connections() -> Vec<u8> {
    let detail = "There are too many connections at the moment.";
    let mut response = problem::response(StatusCode::SERVICE_UNAVAILABLE, "too-many-connections", detail);
    response.headers_mut().insert(RETRY_AFTER, RETRY_AFTER_SECS);
    written(response)
}

fn malformed() -> Response<Bytes> {
    problem::response(StatusCode::BAD_REQUEST, "malformed-request", "The request is not well-formed HTTP.")
}

fn uri_too_long() -> Response<Bytes> {
    problem::response(StatusCode::URI_TOO_LONG, "uri-too-long", "The request's target is too long.")
}

fn headers_too_large() -> Response<Bytes> {
    let detail = "The request's head has too many fields, or too many bytes.";
    problem::response(StatusCode::REQUEST_HEADER_FIELDS_TOO_LARGE, "headers-too-large", detail)
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
