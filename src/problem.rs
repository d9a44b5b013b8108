//! Problem documents (RFC 9457): the bodies of answers that last4 itself generates.

use crate::reason::Reason;
use bytes::Bytes;
use http::header::{CACHE_CONTROL, CONTENT_LENGTH, CONTENT_TYPE};
use http::{HeaderMap, HeaderValue, Response, StatusCode};

/// The media type of problem documents.
pub const MEDIA_TYPE: HeaderValue = HeaderValue::from_static("application/problem+json");

/// Returns a response with the status and the problem document of a reason.
///
/// ```
/// use last4::reason::Reason;
///
/// let response = last4::problem::response(Reason::NotJson);
/// assert_eq!(response.headers()["content-type"], "application/problem+json");
/// ```
pub fn response(reason: Reason) -> Response<Bytes> {
    let mut response = Response::new(Bytes::new());
    *response.status_mut() = reason.status();
    *response.body_mut() = describe(response.headers_mut(), reason.status(), reason);
    response
}

/// Makes the problem document of a reason. Sets its header fields in the head of a response, and
/// returns the document for the response's body.
pub fn describe(headers: &mut HeaderMap, status: StatusCode, reason: Reason) -> Bytes {
    let document = serde_json::json!({
        "type": "about:blank",
        "title": status.canonical_reason().unwrap_or("Error"),
        "status": status.as_u16(),
        "reason": reason.as_str(),
        "detail": reason.detail(),
        // Where most consoles look for the sentence that they show.
        "message": reason.detail(),
    });
    let document = Bytes::from(document.to_string());
    headers.insert(CONTENT_TYPE, MEDIA_TYPE);
    headers.insert(CONTENT_LENGTH, HeaderValue::from(document.len()));
    headers.insert(CACHE_CONTROL, HeaderValue::from_static("no-store"));
    document
}
