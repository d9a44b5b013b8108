//! What is done to a request before it goes upstream, and which requests go nowhere.

use super::forwarded::{remove_unbelieved, set_forwarded};
use super::headers::{keep_only_trailers, remove_disguised_framing, remove_hop_by_hop};
use super::host::is_host;
use super::last_words::HEADERS_TOO_LARGE;
use super::peer::Peer;
use super::rerouting::remove_rerouting;
use super::settings::Settings;
use http::header::{CONNECTION, COOKIE, HOST, HeaderValue, UPGRADE};
use http::uri::Authority;
use http::{HeaderMap, Method, Request, StatusCode, Uri, Version};
use hyper::body::Incoming;

/// Why a request goes nowhere.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(super) enum Refusal {
    Connect,
    Host,
    TooManyFields,
}

impl Refusal {
    /// Its status, its stable code, and what the client is told.
    pub(super) fn describe(self) -> (StatusCode, &'static str, &'static str) {
        match self {
            Self::Connect => (StatusCode::METHOD_NOT_ALLOWED, "connect", "This is not a forward proxy."),
            Self::TooManyFields => (
                StatusCode::REQUEST_HEADER_FIELDS_TOO_LARGE,
                HEADERS_TOO_LARGE,
                "The request's head has too many fields.",
            ),
            Self::Host => (
                StatusCode::BAD_REQUEST,
                "host",
                "A request names exactly one host: a name or an address, and at most a port.",
            ),
        }
    }
}

/// What a request is prepared by.
pub(super) struct Preparation<'a> {
    pub(super) settings: &'a Settings,
    /// Whether any route masks. Where all only observe, there is no mask that another path could get around.
    pub(super) enforces: bool,
    pub(super) peer: &'a Peer,
    /// What the client speaks: `https` or `http`.
    pub(super) proto: &'static str,
}

/// Makes a request ready for the upstream, as HTTP/1.1 has it.
pub(super) fn prepare(request: &mut Request<Incoming>, by: &Preparation<'_>) -> Result<(), Refusal> {
    let Preparation { settings, enforces, peer, proto } = *by;
    if request.method() == Method::CONNECT {
        return Err(Refusal::Connect);
    }
    let version = request.version();
    if version == Version::HTTP_2 && has_more_fields(request.headers(), settings.limits.max_headers) {
        return Err(Refusal::TooManyFields);
    }
    set_host_and_target(request, version, by)?;
    let headers = request.headers_mut();
    let protocol = remove_hop_by_hop(headers);
    let trailers = keep_only_trailers(headers);
    remove_disguised_framing(headers);
    if enforces {
        remove_rerouting(headers, &settings.allowed_rerouting_headers);
    }
    if enforces || !peer.trusted {
        remove_unbelieved(headers, peer);
    }
    set_forwarded(headers, peer, proto);
    match (protocol, trailers) {
        (Some(protocol), trailers) if version == Version::HTTP_11 => {
            headers.insert(UPGRADE, protocol);
            headers.insert(CONNECTION, HeaderValue::from_static(if trailers { "upgrade, te" } else { "upgrade" }));
        }
        (_, true) => {
            headers.insert(CONNECTION, HeaderValue::from_static("te"));
        }
        _ => {}
    }
    if version == Version::HTTP_2 {
        join_cookies(headers);
    }
    *request.version_mut() = Version::HTTP_11;
    Ok(())
}

/// One `Host` (RFC 9112 3.2): the client's, or the upstream's own where the settings say so or an old client said nothing.
///
/// Where any route masks, whatever the client says of a host must be one, even where another counts: some frameworks build a URL of it
/// and route by that.
fn set_host_and_target(request: &mut Request<Incoming>, version: Version, by: &Preparation<'_>) -> Result<(), Refusal> {
    let settings = by.settings;
    let authority = request.uri().authority();
    let mut hosts = request.headers().get_all(HOST).iter();
    let (host, others) = (hosts.next(), hosts.next());
    let said = [authority.map(|authority| authority.as_str().as_bytes()), host.map(HeaderValue::as_bytes)];
    if others.is_some() || (by.enforces && !said.into_iter().flatten().all(is_host)) {
        return Err(Refusal::Host);
    }
    let own = || HeaderValue::from_str(settings.upstream.authority.as_str()).map(Some).map_err(|_| Refusal::Host);
    let host = match (authority, host) {
        _ if !settings.forwarded.preserve_host => own()?,
        // RFC 9112 3.2.2, RFC 9113 8.3.1: an authority in the target is what counts.
        (Some(authority), _) => HeaderValue::from_str(authority.as_str()).map(Some).map_err(|_| Refusal::Host)?,
        (None, Some(_)) => None,
        (None, None) if version <= Version::HTTP_10 => own()?,
        (None, None) => return Err(Refusal::Host),
    };
    if let Some(host) = host {
        request.headers_mut().insert(HOST, host);
    }
    // HTTP/2 has no place for one that is not a host and port.
    if settings.upstream.http2
        && request.headers().get(HOST).is_none_or(|host| Authority::try_from(host.as_bytes()).is_err())
    {
        return Err(Refusal::Host);
    }
    // The host in a target of the absolute form would count before `Host`.
    if version == Version::HTTP_2 || !settings.forwarded.preserve_host {
        let target = request.uri().path_and_query().cloned();
        *request.uri_mut() = target.map_or_else(|| Uri::from_static("/"), Uri::from);
    }
    Ok(())
}

/// Whether a head has more fields than it may, as HTTP/1.1 would have them. The library bounds the bytes of one over HTTP/2 alone.
fn has_more_fields(headers: &HeaderMap, most: usize) -> bool {
    headers.len() > most && headers.len() - headers.get_all(COOKIE).iter().count().saturating_sub(1) > most
}

/// RFC 9113 8.2.3: HTTP/2 may split cookies into fields, HTTP/1.1 knows one.
fn join_cookies(headers: &mut HeaderMap) {
    let crumbs: Vec<&[u8]> = headers.get_all(COOKIE).iter().map(HeaderValue::as_bytes).collect();
    if crumbs.len() > 1
        && let Ok(cookie) = HeaderValue::from_bytes(&crumbs.join(&b"; "[..]))
    {
        headers.insert(COOKIE, cookie);
    }
}
