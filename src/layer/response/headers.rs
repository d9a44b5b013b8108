//! Header fields of answers that a changed body makes false.

use crate::header::remove_where;
use http::header::{self, HeaderMap, HeaderName, HeaderValue};

/// Whether a field describes the bytes of the body. After a change it would be false, or tell
/// something about the secret.
fn is_about_bytes(name: &HeaderName) -> bool {
    matches!(
        name.as_str(),
        "accept-ranges"
            | "content-digest"
            | "content-encoding"
            | "content-length"
            | "content-md5"
            | "content-range"
            | "digest"
            | "etag"
            | "last-modified"
            | "repr-digest"
            | "signature"
            | "signature-input"
            | "trailer"
            | "transfer-encoding"
    )
}

/// Removes what a changed body makes false, and forbids caches to store the answer.
pub(in crate::layer) fn strip_response(headers: &mut HeaderMap) {
    remove_where(headers, is_about_bytes);
    headers.insert(header::CACHE_CONTROL, HeaderValue::from_static("no-store"));
}

/// Does the same for a page's answer to HEAD, but keeps `Content-Encoding`: the answer to GET
/// mostly has the same.
pub(in crate::layer) fn strip_head_of_page(headers: &mut HeaderMap) {
    remove_where(headers, |name| *name != header::CONTENT_ENCODING && is_about_bytes(name));
    headers.insert(header::CACHE_CONTROL, HeaderValue::from_static("no-store"));
}

/// Does the same for an answer that loses its body.
pub(super) fn strip_withheld_response(headers: &mut HeaderMap) {
    strip_response(headers);
    headers.remove(header::CONTENT_TYPE);
    headers.remove(header::CONTENT_DISPOSITION);
    headers.remove(header::CONTENT_LANGUAGE);
}

/// Returns the fields that a browser needs to read the response in place of the answer (the CORS
/// protocol of the Fetch standard).
pub(super) fn cross_origin(headers: &HeaderMap) -> HeaderMap {
    let mut kept = HeaderMap::new();
    for (name, value) in headers {
        if name.as_str().starts_with("access-control-") || *name == header::VARY {
            kept.append(name.clone(), value.clone());
        }
    }
    kept
}
