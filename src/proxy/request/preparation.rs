//! Checks each request and adapts it for the upstream: its host, target and header fields.

use super::context::ConnectionContext;
use super::recording::InProgress;
use crate::layer::WriteBackFound;
use crate::proxy::error::ForwardError;
use crate::proxy::headers::forwarded::{remove_untrusted, set_forwarded};
use crate::proxy::headers::hop_by_hop::{keep_only_trailers, remove_disguised_framing, remove_hop_by_hop};
use crate::proxy::headers::host::is_host;
use crate::proxy::headers::rerouting::remove_rerouting;
use crate::reason::Reason;
use http::header::{CONNECTION, COOKIE, HOST, HeaderValue, UPGRADE};
use http::uri::Authority;
use http::{HeaderMap, Method, Request, Response, Uri, Version};
use pin_project_lite::pin_project;
use std::future::Future;
use std::pin::Pin;
use std::sync::Arc;
use std::task::{Context, Poll};
use std::time::Instant;
use tower::{Layer, Service};

/// Wraps services in [`PrepareService`].
#[derive(Clone, Debug)]
pub(crate) struct PrepareLayer {
    context: Arc<ConnectionContext>,
}

impl PrepareLayer {
    pub(crate) fn new(context: &Arc<ConnectionContext>) -> Self {
        Self { context: Arc::clone(context) }
    }
}

impl<S> Layer<S> for PrepareLayer {
    type Service = PrepareService<S>;

    fn layer(&self, inner: S) -> PrepareService<S> {
        PrepareService { inner, context: Arc::clone(&self.context) }
    }
}

/// Refuses requests that must not reach the upstream, and adapts the others for it.
#[derive(Clone, Debug)]
pub struct PrepareService<S> {
    inner: S,
    context: Arc<ConnectionContext>,
}

impl<S, R, B> Service<Request<R>> for PrepareService<S>
where
    S: Service<Request<R>, Response = Response<B>, Error = ForwardError>,
{
    type Response = Response<B>;
    type Error = ForwardError;
    type Future = PrepareFuture<S::Future>;

    fn poll_ready(&mut self, cx: &mut Context<'_>) -> Poll<Result<(), ForwardError>> {
        self.inner.poll_ready(cx)
    }

    fn call(&mut self, mut request: Request<R>) -> Self::Future {
        match prepare(&mut request, &self.context) {
            Ok(()) => PrepareFuture::Prepared { inner: self.inner.call(request) },
            Err(reason) => PrepareFuture::Refused { reason },
        }
    }
}

pin_project! {
    /// The future of [`PrepareService`].
    #[project = PrepareFutureProj]
    pub enum PrepareFuture<F> {
        /// The inner service has the request.
        #[doc(hidden)]
        Prepared { #[pin] inner: F },
        /// The request is refused.
        #[doc(hidden)]
        Refused { reason: Reason },
    }
}

impl<F, T> Future for PrepareFuture<F>
where
    F: Future<Output = Result<T, ForwardError>>,
{
    type Output = F::Output;

    fn poll(self: Pin<&mut Self>, cx: &mut Context<'_>) -> Poll<Self::Output> {
        match self.project() {
            PrepareFutureProj::Prepared { inner } => inner.poll(cx),
            PrepareFutureProj::Refused { reason } => Poll::Ready(Err(ForwardError::Refused(*reason))),
        }
    }
}

impl<F: InProgress> InProgress for PrepareFuture<F> {
    fn route(&self) -> Option<usize> {
        match self {
            Self::Prepared { inner } => inner.route(),
            Self::Refused { .. } => None,
        }
    }

    fn answered_at(&self) -> Option<Instant> {
        match self {
            Self::Prepared { inner } => inner.answered_at(),
            Self::Refused { .. } => None,
        }
    }

    fn write_back(&self) -> Option<WriteBackFound> {
        match self {
            Self::Prepared { inner } => inner.write_back(),
            Self::Refused { .. } => None,
        }
    }
}

/// Checks a request and turns it into the form of HTTP/1.1 that the upstream gets.
fn prepare<R>(request: &mut Request<R>, by: &ConnectionContext) -> Result<(), Reason> {
    let ConnectionContext { settings, enforces, peer, scheme, .. } = by;
    if request.method() == Method::CONNECT {
        return Err(Reason::Connect);
    }
    let version = request.version();
    if version == Version::HTTP_2 && has_more_fields(request.headers(), settings.limits.max_headers) {
        return Err(Reason::HeadersTooLarge);
    }
    set_host_and_target(request, version, by)?;
    let headers = request.headers_mut();
    let protocol = remove_hop_by_hop(headers);
    let trailers = keep_only_trailers(headers);
    remove_disguised_framing(headers);
    if *enforces {
        remove_rerouting(headers, &settings.allowed_rerouting_headers);
    }
    if *enforces || !peer.trusted {
        remove_untrusted(headers, peer);
    }
    set_forwarded(headers, peer, scheme);
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

/// Sets exactly one `Host` (RFC 9112 3.2). It is the client's. If `preserve_host` is false or an
/// HTTP/1.0 client names no host, it is the upstream's authority. Removes the host in the target
/// where it would override `Host`.
///
/// If any route masks, both the authority in the target and the client's `Host` must be well-formed
/// hosts, even the one that is not used: some frameworks build a URL from it and route by that URL.
fn set_host_and_target<R>(request: &mut Request<R>, version: Version, by: &ConnectionContext) -> Result<(), Reason> {
    let settings = &by.settings;
    let authority = request.uri().authority();
    let mut hosts = request.headers().get_all(HOST).iter();
    let (host, others) = (hosts.next(), hosts.next());
    let named_hosts = [authority.map(|authority| authority.as_str().as_bytes()), host.map(HeaderValue::as_bytes)];
    if others.is_some() || (by.enforces && !named_hosts.into_iter().flatten().all(is_host)) {
        return Err(Reason::Host);
    }
    let own = || HeaderValue::from_str(settings.upstream.authority.as_str()).map(Some).map_err(|_| Reason::Host);
    let host = match (authority, host) {
        _ if !settings.forwarded.preserve_host => own()?,
        // An authority in the target takes precedence over `Host` (RFC 9112 3.2.2, RFC 9113 8.3.1).
        (Some(authority), _) => HeaderValue::from_str(authority.as_str()).map(Some).map_err(|_| Reason::Host)?,
        (None, Some(_)) => None,
        (None, None) if version <= Version::HTTP_10 => own()?,
        (None, None) => return Err(Reason::Host),
    };
    if let Some(host) = host {
        request.headers_mut().insert(HOST, host);
    }
    // HTTP/2 sends the host as `:authority`, which must be a host and a port.
    if settings.upstream.http2
        && request.headers().get(HOST).is_none_or(|host| Authority::try_from(host.as_bytes()).is_err())
    {
        return Err(Reason::Host);
    }
    // A host in the target (absolute form) would take precedence over `Host`.
    if version == Version::HTTP_2 || !settings.forwarded.preserve_host {
        let target = request.uri().path_and_query().cloned();
        *request.uri_mut() = target.map_or_else(|| Uri::from_static("/"), Uri::from);
    }
    Ok(())
}

/// Returns whether a head has more than `most` fields. Counts all `Cookie` fields as one, as over
/// HTTP/1.1. Over HTTP/2, hyper limits only the bytes of a head.
fn has_more_fields(headers: &HeaderMap, most: usize) -> bool {
    headers.len() > most && headers.len() - headers.get_all(COOKIE).iter().count().saturating_sub(1) > most
}

/// Joins the `Cookie` fields to one, because HTTP/1.1 allows only one. HTTP/2 may split it (RFC
/// 9113 8.2.3).
fn join_cookies(headers: &mut HeaderMap) {
    let crumbs: Vec<&[u8]> = headers.get_all(COOKIE).iter().map(HeaderValue::as_bytes).collect();
    if crumbs.len() > 1
        && let Ok(cookie) = HeaderValue::from_bytes(&crumbs.join(&b"; "[..]))
    {
        headers.insert(COOKIE, cookie);
    }
}
