//! Header fields of a masked route: what may not go upstream, and what a changed body makes false.

use http::header::{self, HeaderMap, HeaderName, HeaderValue};

/// What is not sent upstream on a masked route.
///
/// Conditions and ranges would bring back what a client cached before (304) or a piece that cannot be read on its own (206);
/// `A-IM` would bring a delta (226, RFC 3229); an upgrade a tunnel; `TE` trailers.
const NOT_ASKED: [HeaderName; 9] = [
    HeaderName::from_static("a-im"),
    HeaderName::from_static("http2-settings"),
    header::IF_MODIFIED_SINCE,
    header::IF_NONE_MATCH,
    header::IF_RANGE,
    header::RANGE,
    header::TE,
    header::TRAILER,
    header::UPGRADE,
];

/// What says something about the body's bytes, and would be false or tell about the secret once they may have changed.
const ABOUT_BYTES: [HeaderName; 14] = [
    header::ACCEPT_RANGES,
    HeaderName::from_static("content-digest"),
    header::CONTENT_ENCODING,
    header::CONTENT_LENGTH,
    HeaderName::from_static("content-md5"),
    header::CONTENT_RANGE,
    HeaderName::from_static("digest"),
    header::ETAG,
    header::LAST_MODIFIED,
    HeaderName::from_static("repr-digest"),
    HeaderName::from_static("signature"),
    HeaderName::from_static("signature-input"),
    header::TRAILER,
    header::TRANSFER_ENCODING,
];

/// Removes what may not go upstream.
pub(super) fn cut_request(headers: &mut HeaderMap) {
    for name in &NOT_ASKED {
        headers.remove(name);
    }
}

/// Removes what a changed body makes false, and forbids to store the answer.
pub(super) fn cut_response(headers: &mut HeaderMap) {
    for name in &ABOUT_BYTES {
        headers.remove(name);
    }
    headers.insert(header::CACHE_CONTROL, HeaderValue::from_static("no-store"));
}

/// The same for an answer that is left without its body.
pub(super) fn cut_withheld_response(headers: &mut HeaderMap) {
    cut_response(headers);
    headers.remove(header::CONTENT_TYPE);
    headers.remove(header::CONTENT_DISPOSITION);
    headers.remove(header::CONTENT_LANGUAGE);
}

/// What of an answer's head a browser needs to read a response that takes its place (the Fetch standard's CORS protocol).
pub(super) fn cross_origin(headers: &HeaderMap) -> HeaderMap {
    headers
        .iter()
        .filter(|(name, _)| name.as_str().starts_with("access-control-") || **name == header::VARY)
        .map(|(name, value)| (name.clone(), value.clone()))
        .fold(HeaderMap::new(), |mut kept, (name, value)| {
            kept.append(name, value);
            kept
        })
}

/// A field name as servers compare it that read `_` and `-` as one (the CGI family).
pub(crate) fn folded_name(name: &HeaderName) -> String {
    name.as_str().replace('_', "-")
}
