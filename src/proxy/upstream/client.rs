//! The innermost service: sends a request upstream and returns the response without its hop-by-hop
//! fields.

use super::http1::head::keep_one_length;
use super::pool::{ConnectionScope, Lease, PinnedConnection, Pool};
use super::request_body::{RequestBody, UploadProgress};
use super::response_body::UpstreamBody;
use super::retry::{replay, was_closed};
use super::sender::to_http2;
use super::tunnel::{ConnectionGuard, Tunnel};
use crate::layer::InspectedBody;
use crate::metrics::Worker;
use crate::proxy::error::ForwardError;
use crate::proxy::headers::connection_auth::is_authenticated;
use crate::proxy::headers::hop_by_hop::remove_hop_by_hop;
use crate::proxy::net::HttpVersion;
use crate::proxy::net::timer::now;
use crate::proxy::settings::Settings;
use http::header::{CONNECTION, HeaderValue, TRANSFER_ENCODING, UPGRADE};
use http::{Request, Response, StatusCode, Version};
use http_body::Body;
use hyper::body::Incoming;
use hyper::upgrade::OnUpgrade;
use std::future::{Future, poll_fn, ready};
use std::pin::{Pin, pin};
use std::sync::Arc;
use std::task::{Context, Poll};
use tower::Service;

/// Most attempts to send a request over HTTP/2. Each attempt could get a shared connection that
/// another request has made and that is closed already, so the attempts need a limit.
const MAX_ATTEMPTS: usize = 3;

/// Forwards requests to the upstream. Cheap to clone; clones share their connections.
#[derive(Clone, Debug)]
pub struct UpstreamClient {
    inner: Arc<ClientInner>,
    pinned: Option<PinnedConnection>,
}

#[derive(Debug)]
struct ClientInner {
    pool: Arc<Pool>,
    settings: Arc<Settings>,
    worker: Arc<Worker>,
}

/// The facts about a request that are needed until it is answered.
struct InFlight {
    http: HttpVersion,
    scope: ConnectionScope,
    /// The progress of the request's body. `None` if there is no body to send.
    upload: Option<UploadProgress>,
    /// The client's side of a switch of protocols. `None` unless the client asks for one.
    upgrade: Option<(OnUpgrade, Option<ConnectionGuard>)>,
}

impl UpstreamClient {
    /// Creates a client with its own connections. They count in the metrics of `worker`.
    pub fn new(settings: &Settings, worker: Arc<Worker>) -> Self {
        let settings = Arc::new(settings.clone());
        let pool = Pool::new(Arc::clone(&settings));
        Self { inner: Arc::new(ClientInner { pool, settings, worker }), pinned: None }
    }

    /// Creates a client of the same worker with other settings.
    ///
    /// Both clients share the connections if these suit the settings. Otherwise the old connections
    /// are closed when their requests have finished.
    pub(crate) fn with_settings(&self, settings: &Settings) -> Self {
        let ClientInner { pool, worker, .. } = &*self.inner;
        if !pool.is_compatible(settings) {
            pool.retire();
            return Self::new(settings, Arc::clone(worker));
        }
        let (pool, settings) = (Arc::clone(pool), Arc::new(settings.clone()));
        Self { inner: Arc::new(ClientInner { pool, settings, worker: Arc::clone(worker) }), pinned: None }
    }

    /// Returns the client for the requests of one client connection. `pinned` holds the upstream
    /// connection that these requests may authenticate. It is `None` over HTTP/2, where requests
    /// run at the same time and would all need that connection.
    pub(crate) fn for_connection(&self, pinned: Option<PinnedConnection>) -> Self {
        Self { inner: Arc::clone(&self.inner), pinned }
    }
}

impl Service<Request<InspectedBody<Incoming>>> for UpstreamClient {
    type Response = Response<UpstreamBody>;
    type Error = ForwardError;
    type Future = Pin<Box<dyn Future<Output = Result<Self::Response, ForwardError>> + Send>>;

    fn poll_ready(&mut self, _: &mut Context<'_>) -> Poll<Result<(), ForwardError>> {
        Poll::Ready(Ok(()))
    }

    fn call(&mut self, request: Request<InspectedBody<Incoming>>) -> Self::Future {
        let inner = Arc::clone(&self.inner);
        match inner.prepare(request, self.pinned.as_ref()) {
            // Pass by `&mut`: an async fn stores moved arguments twice, which would double the size
            // of this future.
            Ok((request, mut in_flight)) => {
                let mut request = Some(request);
                Box::pin(async move {
                    // Before a connection is taken: a request that is refused needs none.
                    if let (Some(request), Some(_)) = (&mut request, &in_flight.upload) {
                        poll_fn(|cx| request.body_mut().poll_hold(cx)).await?;
                    }
                    let (response, lease) = inner.send(&mut request, &mut in_flight).await?;
                    inner.respond(response, lease, in_flight)
                })
            }
            Err(error) => Box::pin(ready(Err(error))),
        }
    }
}

impl ClientInner {
    /// Adapts a request to the version of HTTP that the upstream connection will use.
    fn prepare(
        &self,
        request: Request<InspectedBody<Incoming>>,
        pinned: Option<&PinnedConnection>,
    ) -> Result<(Request<RequestBody>, InFlight), ForwardError> {
        let (head, incoming) = request.into_parts();
        let (body, upload) = RequestBody::new(incoming, &self.settings.limits)?;
        let mut request = Request::from_parts(head, body);
        let guard = request.extensions_mut().remove::<ConnectionGuard>();
        let upgrade = request.headers().contains_key(UPGRADE).then(|| (hyper::upgrade::on(&mut request), guard));
        let scope = ConnectionScope::of(request.headers(), pinned);
        // Switching protocols and authenticating a connection need HTTP/1.1.
        let upstream = self.pool.upstream();
        let http = if upstream.http2 && upgrade.is_none() && matches!(scope, ConnectionScope::Shared) {
            to_http2(&mut request, upstream.scheme());
            HttpVersion::Http2
        } else {
            if upload.is_some() && request.body().size_hint().exact().is_none() {
                // For some methods hyper drops a body of unknown length without this field. For the
                // others hyper would add the field itself.
                request.headers_mut().insert(TRANSFER_ENCODING, HeaderValue::from_static("chunked"));
            }
            HttpVersion::Http1
        };
        Ok((request, InFlight { http, scope, upload, upgrade }))
    }

    /// Sends a request on an idle connection, or on a new one if the idle ones turn out to be
    /// closed.
    async fn send(
        &self,
        request: &mut Option<Request<RequestBody>>,
        InFlight { http, scope, upload, .. }: &mut InFlight,
    ) -> Result<(Response<Incoming>, Lease), ForwardError> {
        let is_shared = matches!(scope, ConnectionScope::Shared);
        let (mut use_idle, mut attempts) = (is_shared, 0);
        // Each attempt that is followed by another puts the request back.
        while let Some(sent) = request.take() {
            let idle = if use_idle { self.pool.checkout_idle(*http) } else { None };
            let mut lease = match idle {
                Some(lease) => lease,
                // Boxed, because it is large and seldom needed.
                None => Box::pin(self.connect(*http, scope)).await?,
            };
            attempts += 1;
            let may_retry = lease.reused && (*http == HttpVersion::Http1 || attempts < MAX_ATTEMPTS);
            // A request on the client's own connection is not sent again: another connection would
            // not be authenticated.
            let copy = if may_retry && is_shared { replay(&sent) } else { None };
            let response = pin!(lease.sender.try_send(sent));
            let mut error = match self.response_head(&lease, upload, response).await? {
                Ok(response) => {
                    if lease.reused {
                        self.worker.upstream_reused();
                    }
                    // Over HTTP/2 the client may still send while it gets the response, as in
                    // gRPC's bidirectional streams.
                    if let (HttpVersion::Http2, Some(upload)) = (*http, upload) {
                        upload.disable_stall_timeout();
                    }
                    return Ok((response, lease));
                }
                Err(error) => error,
            };
            match (error.take_message(), copy) {
                // No byte was sent: the connection had been closed before.
                (Some(unsent), _) if may_retry => *request = Some(unsent),
                // The upstream closed the connection while the request was on its way. A safe
                // request without a body may be sent again (RFC 9110 9.2.2).
                (None, Some(copy)) if was_closed(error.error(), &lease.sender) => {
                    (*request, use_idle) = (Some(copy), false);
                }
                _ => {
                    let fault = upload.as_ref().and_then(UploadProgress::fault);
                    return Err(fault.unwrap_or_else(|| ForwardError::of_exchange(error.into_error())));
                }
            }
            lease.evict();
        }
        Err(ForwardError::Downstream)
    }

    /// Returns the client's own connection, or makes a new one.
    async fn connect(&self, http: HttpVersion, scope: &ConnectionScope) -> Result<Lease, ForwardError> {
        if let ConnectionScope::Client(pinned) = scope
            && let Some(lease) = self.pool.checkout_pinned(pinned).await
        {
            return Ok(lease);
        }
        let mut lease = self.pool.connect(http).await?;
        lease.scope = scope.clone();
        if !lease.reused {
            self.worker.upstream_opened();
        }
        Ok(lease)
    }

    /// Waits for the head of the response. `upstream.response_timeout_secs` counts from the end of
    /// the request's body.
    async fn response_head<T>(
        &self,
        lease: &Lease,
        upload: &mut Option<UploadProgress>,
        mut response: Pin<&mut impl Future<Output = T>>,
    ) -> Result<T, ForwardError> {
        let Settings { upstream, .. } = &*self.settings;
        let mut sent_at = lease.leased_at;
        if let Some(upload) = upload {
            tokio::select! {
                biased;
                response = &mut response => return Ok(response),
                sent = upload.sent(&lease.timer, upstream.body_timeout) => sent?,
            }
            sent_at = now();
        }
        let deadline = sent_at + upstream.response_timeout;
        // Not `select!`, which would store the response's future a second time.
        poll_fn(|cx| match response.as_mut().poll(cx) {
            Poll::Ready(response) => Poll::Ready(Ok(response)),
            Poll::Pending => lease.timer.poll_until(deadline, cx).map(|()| Err(ForwardError::ResponseTimeout)),
        })
        .await
    }

    /// Turns the upstream's response into one for the client.
    fn respond(
        &self,
        mut response: Response<Incoming>,
        mut lease: Lease,
        InFlight { http, upgrade, .. }: InFlight,
    ) -> Result<Response<UpstreamBody>, ForwardError> {
        let limits = &self.settings.limits;
        if http == HttpVersion::Http2 {
            // Over HTTP/2, hyper limits only the bytes of a head.
            if response.headers().len() > limits.max_headers {
                return Err(ForwardError::Protocol(None));
            }
            *response.version_mut() = Version::HTTP_11;
        }
        if is_authenticated(response.headers()) {
            lease.make_private();
        }
        keep_one_length(response.headers_mut()).ok_or(ForwardError::Protocol(None))?;
        let protocol = remove_hop_by_hop(response.headers_mut());
        if response.status() == StatusCode::SWITCHING_PROTOCOLS {
            let (Some((client, connection)), Some(protocol)) = (upgrade, protocol) else {
                return Err(ForwardError::Upgrade);
            };
            response.headers_mut().insert(UPGRADE, protocol);
            response.headers_mut().insert(CONNECTION, HeaderValue::from_static("upgrade"));
            let upstream = hyper::upgrade::on(&mut response);
            let idle_timeout = limits.tunnel_idle_timeout;
            response.extensions_mut().insert(Tunnel { client, upstream, connection, permit: None, idle_timeout });
        }
        Ok(response.map(|incoming| UpstreamBody::new(incoming, lease)))
    }
}
