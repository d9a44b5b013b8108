//! The innermost service: sends a request upstream and gives the answer as it came, hop-by-hop fields aside.

use super::pool::PinnedConnection;
use super::pool::{Lease, Owner, Pool};
use super::request_body::{BodyLimits, RequestBody, UploadProgress};
use super::response_body::UpstreamBody;
use super::retry::{cause, replay, was_closed};
use super::sender::rephrase_for_http2;
use super::tunnel::ConnectionGuard;
use super::tunnel::Tunnel;
use crate::layer::InspectedBody;
use crate::metrics::Worker;
use crate::proxy::error::ForwardError;
use crate::proxy::headers::connection_auth::{authenticates, is_authenticated};
use crate::proxy::headers::hop_by_hop::remove_hop_by_hop;
use crate::proxy::net::timer::now;
use crate::proxy::net::version::HttpVersion;
use crate::proxy::settings::Settings;
use crate::proxy::upstream::http1::head::keep_one_length;
use http::header::{CONNECTION, HeaderValue, TRANSFER_ENCODING, UPGRADE};
use http::{Request, Response, StatusCode, Version};
use http_body::Body;
use hyper::body::Incoming;
use hyper::upgrade::OnUpgrade;
use std::future::{Future, poll_fn, ready};
use std::io;
use std::pin::{Pin, pin};
use std::sync::Arc;
use std::task::{Context, Poll};
use std::time::Duration;
use tower::Service;

/// How often a request is sent at most on HTTP/2 connections that turn out to be closed: others make some at the same time, so there
/// may be one that is there, and closed, again and again.
const MOST_TRIES: usize = 3;

/// Forwards requests to the upstream. Cheap to clone; clones share their connections.
#[derive(Clone, Debug)]
pub struct UpstreamClient {
    inner: Arc<Inner>,
}

#[derive(Debug)]
struct Inner {
    pool: Arc<Pool<RequestBody>>,
    max_headers: usize,
    timeouts: Timeouts,
    worker: Arc<Worker>,
}

/// What is remembered of a request until it is answered.
struct InFlight {
    http: HttpVersion,
    whose: Owner<RequestBody>,
    /// `None` where there is no body to send.
    sending: Option<UploadProgress>,
    /// Where the client wants to switch protocols.
    upgrade: Option<(OnUpgrade, Option<ConnectionGuard>)>,
}

#[derive(Clone, Copy, Debug)]
struct Timeouts {
    response: Duration,
    client_body: BodyLimits,
    upstream_body: Duration,
    tunnel: Duration,
}

impl Timeouts {
    fn of(settings: &Settings) -> Self {
        Self {
            response: settings.upstream.response_timeout,
            client_body: BodyLimits::of(&settings.limits),
            upstream_body: settings.upstream.body_timeout,
            tunnel: settings.limits.tunnel_idle_timeout,
        }
    }
}

impl UpstreamClient {
    /// A forwarder with connections of its own, which counts them as this worker.
    pub fn new(settings: &Settings, worker: Arc<Worker>) -> Self {
        Self::of(Inner {
            pool: Pool::new(settings.upstream.clone(), settings.limits.clone()),
            max_headers: settings.limits.max_headers,
            timeouts: Timeouts::of(settings),
            worker,
        })
    }

    fn of(inner: Inner) -> Self {
        Self { inner: Arc::new(inner) }
    }

    /// A forwarder by other settings. It shares the connections if they would be made the same way; otherwise those of this one are
    /// closed once their requests are done. It counts as the same worker.
    pub(crate) fn succeeded_by(&self, settings: &Settings) -> Self {
        let Inner { pool, worker, .. } = &*self.inner;
        let pool = if pool.makes_the_same(&settings.upstream, &settings.limits) {
            Arc::clone(pool)
        } else {
            pool.retire();
            Pool::new(settings.upstream.clone(), settings.limits.clone())
        };
        Self::of(Inner {
            pool,
            max_headers: settings.limits.max_headers,
            timeouts: Timeouts::of(settings),
            worker: Arc::clone(worker),
        })
    }
}

impl Service<Request<InspectedBody<Incoming>>> for UpstreamClient {
    type Response = Response<UpstreamBody<RequestBody>>;
    type Error = ForwardError;
    type Future = Pin<Box<dyn Future<Output = Result<Self::Response, ForwardError>> + Send>>;

    fn poll_ready(&mut self, _: &mut Context<'_>) -> Poll<Result<(), ForwardError>> {
        Poll::Ready(Ok(()))
    }

    fn call(&mut self, request: Request<InspectedBody<Incoming>>) -> Self::Future {
        let inner = Arc::clone(&self.inner);
        match inner.prepare(request) {
            // Lent, not given: what is given to an `async fn` it keeps twice.
            Ok((request, mut in_flight)) => {
                let mut request = Some(request);
                Box::pin(async move {
                    let (response, lease) = inner.send(&mut request, &mut in_flight).await?;
                    inner.pass_on(response, lease, in_flight)
                })
            }
            Err(error) => Box::pin(ready(Err(error))),
        }
    }
}

impl Inner {
    /// Makes a request ready for the version of HTTP that it will be sent by.
    fn prepare(
        &self,
        request: Request<InspectedBody<Incoming>>,
    ) -> Result<(Request<RequestBody>, InFlight), ForwardError> {
        let (head, incoming) = request.into_parts();
        let (body, sending) = RequestBody::new(incoming, self.timeouts.client_body)?;
        let mut request = Request::from_parts(head, body);
        let connection = request.extensions_mut().remove::<ConnectionGuard>();
        let upgrade = request.headers().contains_key(UPGRADE).then(|| (hyper::upgrade::on(&mut request), connection));

        let whose = match request.extensions_mut().remove::<PinnedConnection<RequestBody>>() {
            Some(own) => Owner::Client(own),
            None if authenticates(request.headers()) => Owner::ThisRequest,
            None => Owner::Anyone,
        };
        // What switches protocols can do so only in HTTP/1.1, and only there has a request a connection for itself.
        let upstream = self.pool.upstream();
        let shares = upgrade.is_none() && matches!(whose, Owner::Anyone);
        let http = if upstream.http2 && shares { HttpVersion::Http2 } else { HttpVersion::Http1 };
        if http == HttpVersion::Http2 {
            rephrase_for_http2(&mut request, upstream.scheme());
        } else if sending.is_some() && request.body().size_hint().exact().is_none() {
            // The library does so itself, except for the methods whose bodies it drops.
            request.headers_mut().insert(TRANSFER_ENCODING, HeaderValue::from_static("chunked"));
        }
        Ok((request, InFlight { http, whose, sending, upgrade }))
    }

    /// Sends the request on a kept connection, or on a new one where the kept ones turn out to be closed.
    async fn send(
        &self,
        request: &mut Option<Request<RequestBody>>,
        InFlight { http, whose, sending, .. }: &mut InFlight,
    ) -> Result<(Response<Incoming>, Lease<RequestBody>), ForwardError> {
        let http = *http;
        let mut anew = false;
        let mut tries = 0;
        loop {
            let kept = match whose {
                Owner::Anyone if !anew => self.pool.kept(http),
                Owner::Client(own) if !anew => Box::pin(self.pool.own(own)).await,
                _ => None,
            };
            let mut lease = match kept {
                Some(lease) => lease,
                None => {
                    // In a box, for it is large and seldom needed.
                    let mut lease = Box::pin(self.pool.connect(http)).await?;
                    lease.keep_for(whose);
                    if !lease.reused {
                        self.worker.upstream_opened();
                    }
                    lease
                }
            };
            tries += 1;
            let reused = lease.reused;
            let may_retry = reused && (http == HttpVersion::Http1 || tries < MOST_TRIES);
            // It is there: each round but the first begins where it was put back.
            let Some(sent) = request.take() else { return Err(ForwardError::Downstream) };
            // Another connection is not the user's.
            let again = if may_retry && matches!(whose, Owner::Anyone) { replay(&sent) } else { None };
            let answer = pin!(lease.sender.try_send(sent));
            match within(&self.timeouts, &lease, sending, answer).await? {
                Ok(response) => {
                    if reused {
                        self.worker.upstream_reused();
                    }
                    // In HTTP/2 a request may go on while it is answered, as those of gRPC that stream both ways do.
                    if let (HttpVersion::Http2, Some(sending)) = (http, sending) {
                        sending.unhurry();
                    }
                    return Ok((response, lease));
                }
                Err(mut error) => match (error.take_message(), again) {
                    // Not a byte was sent: the kept connection had been closed.
                    (Some(unsent), _) if may_retry => {
                        lease.forget();
                        *request = Some(unsent);
                    }
                    // The upstream closed the connection while the request was on its way. A safe request without a body may be
                    // sent again (RFC 9110 9.2.2).
                    (None, Some(again)) if was_closed(error.error(), &lease.sender) => {
                        lease.forget();
                        (*request, anew) = (Some(again), true);
                    }
                    _ => {
                        let fault = sending.as_ref().and_then(UploadProgress::fault);
                        return Err(fault.unwrap_or_else(|| send_error(error.into_error())));
                    }
                },
            }
        }
    }

    /// Makes the upstream's answer one for the client.
    fn pass_on(
        &self,
        mut response: Response<Incoming>,
        mut lease: Lease<RequestBody>,
        InFlight { http, upgrade, .. }: InFlight,
    ) -> Result<Response<UpstreamBody<RequestBody>>, ForwardError> {
        if http == HttpVersion::Http2 {
            // HTTP/2 bounds the bytes of a head alone.
            if response.headers().len() > self.max_headers {
                return Err(ForwardError::Protocol(None));
            }
            *response.version_mut() = Version::HTTP_11;
        }
        if is_authenticated(response.headers()) {
            lease.keep_from_others();
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
            let idle_timeout = self.timeouts.tunnel;
            response.extensions_mut().insert(Tunnel { client, upstream, connection, permit: None, idle_timeout });
        }
        Ok(response.map(|incoming| UpstreamBody::new(incoming, lease)))
    }
}

/// Waits for the head of the answer: while the request is being sent for as long as that goes on, and then for at most the time
/// that a response may take.
async fn within<T>(
    timeouts: &Timeouts,
    lease: &Lease<RequestBody>,
    sending: &mut Option<UploadProgress>,
    mut answer: Pin<&mut impl Future<Output = T>>,
) -> Result<T, ForwardError> {
    let (timer, mut sent_at) = (&lease.timer, lease.since);
    // Looked at from time to time, not at each piece: an upstream that takes no more is seen to after one to two times its limit.
    // A client that sends no more is the body's own concern.
    let mut seen = None;
    while let Some(body) = sending
        && let Some(done) = &mut body.done
    {
        tokio::select! {
            biased;
            answer = &mut answer => return Ok(answer),
            _ = done => body.done = None,
            () = timer.until(now() + timeouts.upstream_body) => {
                let asked = body.asked();
                if asked.is_some() && asked == seen {
                    return Err(ForwardError::ResponseTimeout);
                }
                seen = asked;
            }
        }
        sent_at = now();
    }
    let deadline = sent_at + timeouts.response;
    // Not `select!`, which would keep the answer a second time.
    poll_fn(|cx| match answer.as_mut().poll(cx) {
        Poll::Ready(answer) => Poll::Ready(Ok(answer)),
        Poll::Pending => timer.poll_until(deadline, cx).map(|()| Err(ForwardError::ResponseTimeout)),
    })
    .await
}

fn send_error(error: hyper::Error) -> ForwardError {
    // The library's own verdict on what came.
    let is_nonsense = cause::<h2::Error>(&error).is_some_and(h2::Error::is_library);
    let is_ambiguous = cause::<io::Error>(&error).is_some_and(|error| error.kind() == io::ErrorKind::InvalidData);
    if error.is_parse() || is_nonsense || is_ambiguous {
        ForwardError::Protocol(Some(error))
    } else if error.is_user() {
        ForwardError::Downstream
    } else {
        ForwardError::Closed(error)
    }
}
