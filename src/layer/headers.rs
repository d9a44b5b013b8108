//! Header fields of a masked route, or of a page's: what may not go upstream, and what a changed body makes false.

use http::header::{self, HeaderMap, HeaderName, HeaderValue};

/// What is not sent upstream on a masked route.
///
/// Conditions and ranges would bring back what a client cached before (304) or a piece that cannot be read on its own (206);
/// `A-IM` would bring a delta (226, RFC 3229); an upgrade a tunnel; `TE` trailers.
fn is_not_asked(name: &HeaderName) -> bool {
    matches!(
        name.as_str(),
        "a-im"
            | "http2-settings"
            | "if-modified-since"
            | "if-none-match"
            | "if-range"
            | "range"
            | "te"
            | "trailer"
            | "upgrade"
    )
}

/// What says something about the body's bytes, and would be false or tell about the secret once they may have changed.
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

/// Conditions on what a client has of a page already. `If-Range` stays: a piece of a page is not rewritten, and a download on the
/// route of pages must go on where it stopped.
pub(super) fn is_conditional(name: &HeaderName) -> bool {
    matches!(name.as_str(), "a-im" | "if-modified-since" | "if-none-match")
}

/// Removes all fields with a name that is unwanted. One look at each field costs less than one in the map for each name that is
/// hardly ever there.
pub(crate) fn remove_where(headers: &mut HeaderMap, is_unwanted: impl Fn(&HeaderName) -> bool) {
    while let Some(name) = headers.keys().find(|name| is_unwanted(name)).cloned() {
        headers.remove(name);
    }
}

/// Removes what may not go upstream.
pub(super) fn cut_request(headers: &mut HeaderMap) {
    remove_where(headers, is_not_asked);
}

/// Removes what a changed body makes false, and forbids to store the answer.
pub(super) fn cut_response(headers: &mut HeaderMap) {
    remove_where(headers, is_about_bytes);
    headers.insert(header::CACHE_CONTROL, HeaderValue::from_static("no-store"));
}

/// The same for a page that is rewritten; whether it is kept coded is for whoever knows.
pub(super) fn cut_page_response(headers: &mut HeaderMap) {
    remove_where(headers, |name| *name != header::CONTENT_ENCODING && is_about_bytes(name));
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
