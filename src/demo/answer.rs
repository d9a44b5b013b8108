//! The answers of the API, headers as gunicorn and Flask give them.

use std::convert::Infallible;
use std::io::{self, Write};

use bytes::Bytes;
use flate2::Compression;
use flate2::write::GzEncoder;
use http_body_util::{BodyExt, Full};
use hyper::body::Incoming;
use hyper::header::{self, HeaderMap, HeaderValue};
use hyper::{Request, Response, StatusCode};
use serde::Serialize;
use serde_json::json;

use super::console::{Asset, CONTENT_SECURITY_POLICY};

/// The body of every answer; some of them stream.
pub(super) type Body = http_body_util::combinators::UnsyncBoxBody<Bytes, Infallible>;

/// A JSON document.
pub(super) fn json(status: StatusCode, document: &impl Serialize) -> Response<Body> {
    match serde_json::to_vec(document) {
        Ok(document) => with_body(status, "application/json", full(document)),
        Err(_) => with_body(StatusCode::INTERNAL_SERVER_ERROR, "text/plain", full("unserialisable")),
    }
}

/// A JSON document, compressed where the client asks for it.
pub(super) fn json_list(request: &Request<Incoming>, document: &impl Serialize) -> Response<Body> {
    match serde_json::to_vec(document) {
        Ok(plain) => compressible(request, "application/json", plain),
        Err(_) => json(StatusCode::OK, document),
    }
}

/// A file of the console, compressed where the client asks for it.
pub(super) fn asset(request: &Request<Incoming>, asset: &Asset) -> Response<Body> {
    let mut answer = compressible(request, asset.media_type, asset.text.as_bytes());
    let headers = answer.headers_mut();
    headers.insert(header::CONTENT_SECURITY_POLICY, HeaderValue::from_static(CONTENT_SECURITY_POLICY));
    headers.insert(header::CACHE_CONTROL, HeaderValue::from_static("no-cache"));
    answer
}

fn compressible(
    request: &Request<Incoming>,
    media_type: &'static str,
    plain: impl AsRef<[u8]> + Into<Bytes>,
) -> Response<Body> {
    let compressed = accepts_gzip(request.headers()).then(|| gzip(plain.as_ref()));
    let Some(Ok(compressed)) = compressed else { return with_body(StatusCode::OK, media_type, full(plain)) };
    let mut answer = with_body(StatusCode::OK, media_type, full(compressed));
    answer.headers_mut().insert(header::CONTENT_ENCODING, HeaderValue::from_static("gzip"));
    answer.headers_mut().append(header::VARY, HeaderValue::from_static("Accept-Encoding"));
    answer
}

/// The error document of the console API.
pub(super) fn error(status: StatusCode, code: &str, message: &str) -> Response<Body> {
    json(status, &json!({ "code": code, "message": message, "status": status.as_u16() }))
}

/// An answer without content.
pub(super) fn empty(status: StatusCode) -> Response<Body> {
    let mut answer = Response::new(full(Bytes::new()));
    *answer.status_mut() = status;
    answer
}

/// An answer whose body may stream.
pub(super) fn with_body(status: StatusCode, content_type: &'static str, body: Body) -> Response<Body> {
    let mut answer = Response::new(body);
    *answer.status_mut() = status;
    answer.headers_mut().insert(header::CONTENT_TYPE, HeaderValue::from_static(content_type));
    answer
}

/// Adds what every answer carries: the server's name, a session for newcomers, and CORS for the console's subdomain.
pub(super) fn decorate(answer: &mut Response<Body>, request: &HeaderMap, session: &HeaderValue) {
    let headers = answer.headers_mut();
    headers.insert(header::SERVER, HeaderValue::from_static("gunicorn"));
    if !request.contains_key(header::COOKIE) {
        headers.append(header::SET_COOKIE, session.clone());
    }
    if let Some(origin) = request.get(header::ORIGIN) {
        headers.insert(header::ACCESS_CONTROL_ALLOW_ORIGIN, origin.clone());
        headers.insert(header::ACCESS_CONTROL_ALLOW_CREDENTIALS, HeaderValue::from_static("true"));
        headers.append(header::VARY, HeaderValue::from_static("Origin"));
    }
}

fn full(bytes: impl Into<Bytes>) -> Body {
    Full::new(bytes.into()).boxed_unsync()
}

/// Whether gzip is named without a weight of zero.
fn accepts_gzip(headers: &HeaderMap) -> bool {
    let values = headers.get_all(header::ACCEPT_ENCODING).iter().filter_map(|value| value.to_str().ok());
    values.flat_map(|value| value.split(',')).any(|coding| {
        let (name, weight) = coding.split_once(';').unwrap_or((coding, ""));
        let refused = weight.trim().strip_prefix("q=").is_some_and(|q| q.parse() == Ok(0.0));
        name.trim().eq_ignore_ascii_case("gzip") && !refused
    })
}

fn gzip(plain: &[u8]) -> io::Result<Vec<u8>> {
    let mut encoder = GzEncoder::new(Vec::new(), Compression::default());
    encoder.write_all(plain)?;
    encoder.finish()
}

#[cfg(test)]
mod tests {
    use super::*;

    fn accepts(value: &'static str) -> bool {
        accepts_gzip(&HeaderMap::from_iter([(header::ACCEPT_ENCODING, HeaderValue::from_static(value))]))
    }

    #[test]
    fn gzip_is_used_only_where_it_is_accepted() {
        assert!(accepts("gzip"));
        assert!(accepts("br, GZIP;q=0.5"));
        assert!(!accepts("br"));
        assert!(!accepts("gzip;q=0"));
        assert!(!accepts("gzip; q=0.000, br"));
        assert!(!accepts_gzip(&HeaderMap::new()));
    }
}
