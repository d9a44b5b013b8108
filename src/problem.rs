//! Problem documents (RFC 9457): what last4 answers in its own name.

use bytes::Bytes;
use http::header::{CACHE_CONTROL, CONTENT_LENGTH, CONTENT_TYPE};
use http::{HeaderMap, HeaderValue, Response, StatusCode};

/// The media type of problem documents.
pub const MEDIA_TYPE: HeaderValue = HeaderValue::from_static("application/problem+json");

/// A problem document. `reason` is a stable code, `detail` a sentence; neither may hold anything of a request or an answer.
///
/// ```
/// # use http::StatusCode;
/// let response = last4::problem::response(StatusCode::BAD_GATEWAY, "not-json", "The answer is not JSON and was withheld.");
/// assert_eq!(response.headers()["content-type"], "application/problem+json");
/// ```
pub fn response(status: StatusCode, reason: &'static str, detail: &'static str) -> Response<Bytes> {
    let mut response = Response::new(Bytes::new());
    *response.status_mut() = status;
    *response.body_mut() = describe(response.headers_mut(), status, reason, detail);
    response
}

/// Puts what describes a problem document into the head of a response, and gives the document, which is to be its body.
pub fn describe(headers: &mut HeaderMap, status: StatusCode, reason: &'static str, detail: &'static str) -> Bytes {
    let document = serde_json::json!({
        "type": "about:blank",
        "title": status.canonical_reason().unwrap_or("Error"),
        "status": status.as_u16(),
        "reason": reason,
        "detail": detail,
    });
    let document = Bytes::from(document.to_string());
    headers.insert(CONTENT_TYPE, MEDIA_TYPE);
    headers.insert(CONTENT_LENGTH, HeaderValue::from(document.len()));
    headers.insert(CACHE_CONTROL, HeaderValue::from_static("no-store"));
    document
}
