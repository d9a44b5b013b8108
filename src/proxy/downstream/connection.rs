//! Serves one client connection until it ends or the server stops.

use super::handshake::{HandshakeError, Negotiated, negotiate, tls_failure};
use super::head_timeout::HeadTimer;
use super::http1_state::Http1State;
use super::socket::Socket;
use crate::excerpt::Excerpt;
use crate::proxy::error::serialize;
use crate::proxy::net::HttpVersion;
use crate::proxy::net::limit::Permit;
use crate::proxy::net::shutdown::ShutdownSignal;
use crate::proxy::net::stream::RawStream;
use crate::proxy::request::activity::Activity;
use crate::proxy::request::service::ConnectionService;
use crate::proxy::settings::{DEFAULT_MAX_HEADERS, Settings};
use crate::proxy::upstream::tunnel::ConnectionGuard;
use crate::reason::Reason;
use crate::tls::ServerTls;
use futures_util::TryFutureExt;
use http::header::{CONNECTION, CONTENT_LENGTH, HeaderValue, UPGRADE};
use http::{Method, Request, Response, StatusCode, Version};
use hyper::body::{Body, Incoming};
use hyper::server::conn::{http1, http2};
use hyper::service::{Service, service_fn};
use hyper_util::rt::{TokioExecutor, TokioIo, TokioTimer};
use std::future::Future;
use std::pin::{Pin, pin};
use std::sync::Arc;
use std::time::{Duration, Instant};

/// Most open streams of one HTTP/2 client.
const MAX_STREAMS: u32 = 256;

/// Most bytes of a request that are read at once, and of a response that are buffered. hyper's
/// default.
const BUFFER: usize = 408 * 1024;

/// How long an idle HTTP/1 connection stays open once the server stops. Closing at once would lose
/// a request that is on its way. A request that arrives in time gets `Connection: close` in its
/// response.
const IDLE_GRACE: Duration = Duration::from_secs(1);

/// How long an idle HTTP/2 client may take to close after GOAWAY.
const GOAWAY_TIMEOUT: Duration = Duration::from_secs(10);

/// Serves HTTP/1 and HTTP/2 connections within the limits.
///
/// Not hyper-util's `auto`, which cannot limit the size of an HTTP/1 head.
#[derive(Clone, Debug)]
pub(crate) struct ConnectionBuilder {
    http1: http1::Builder,
    http2: http2::Builder<TokioExecutor>,
    tls: Option<ServerTls>,
    header_timeout: Duration,
    idle_timeout: Duration,
    body_timeout: Duration,
}

impl ConnectionBuilder {
    pub(crate) fn new(settings: &Settings) -> Self {
        let limits = &settings.limits;
        let mut http1 = http1::Builder::new();
        http1
            .preserve_header_case(true)
            .header_read_timeout(limits.header_timeout)
            .max_header_size(limits.max_header_bytes)
            .max_buf_size(limits.buffer(BUFFER))
            // The upstream's response passes without additions.
            .auto_date_header(false);
        // Not `pipeline_flush`: with it hyper does not flush a 101 while bytes follow the request,
        // and both sides hang.
        if limits.max_headers != DEFAULT_MAX_HEADERS {
            http1.max_headers(limits.max_headers);
        }
        let mut http2 = http2::Builder::new(TokioExecutor::new());
        http2
            .timer(TokioTimer::new())
            .auto_date_header(false)
            .max_concurrent_streams(MAX_STREAMS)
            .max_header_list_size(u32::try_from(limits.max_header_bytes).unwrap_or(u32::MAX));
        Self {
            http1,
            http2,
            tls: settings.tls.clone(),
            header_timeout: limits.header_timeout,
            idle_timeout: limits.idle_timeout,
            body_timeout: limits.body_timeout,
        }
    }

    /// Returns whether connections use TLS.
    pub(crate) fn has_tls(&self) -> bool {
        self.tls.is_some()
    }

    /// Serves a connection until it ends, or until its requests have finished after `shutdown`.
    pub(crate) async fn serve(
        &self,
        stream: RawStream,
        service: ConnectionService,
        permit: Permit,
        shutdown: ShutdownSignal,
    ) {
        let connected_at = Instant::now();
        let permit = Arc::new(permit);
        let negotiated = tokio::select! {
            done = tokio::time::timeout(self.header_timeout, negotiate(stream, self.tls.as_ref())) => done,
            () = after_shutdown(IDLE_GRACE, shutdown.clone()) => return,
        };
        let ended = match negotiated {
            Ok(Ok(Negotiated { http: HttpVersion::Http2, prefix, stream })) => {
                self.serve_http2(Socket::new(prefix, stream, self.body_timeout), service, shutdown).await
            }
            Ok(Ok(Negotiated { http: HttpVersion::Http1, prefix, stream })) => {
                let socket = Socket::new(prefix, stream, self.body_timeout);
                self.serve_http1(socket, connected_at, service, &permit, shutdown).await
            }
            Ok(Err(HandshakeError::Io(error))) => {
                return tracing::debug!(error = %Excerpt(&error), "connection ended before its first request");
            }
            Ok(Err(HandshakeError::Tls(error))) => {
                let reason = tls_failure(&error);
                service.open().worker().handshake_failed(reason);
                return tracing::debug!(error = %Excerpt(&error), reason, client = service.client(), "TLS handshake failed");
            }
            Err(_) => {
                if self.has_tls() {
                    service.open().worker().handshake_failed("timeout");
                }
                return tracing::debug!("connection sent no request in time");
            }
        };
        if let Err(error) = ended {
            tracing::debug!(error = %Excerpt(&error), "connection ended");
        }
    }

    async fn serve_http2(
        &self,
        socket: Socket,
        service: ConnectionService,
        shutdown: ShutdownSignal,
    ) -> hyper::Result<()> {
        let activity = Activity::new();
        let client = service.client().to_owned();
        let service = service.noted_in(Arc::clone(&activity));
        let connection = pin!(self.http2.serve_connection(TokioIo::new(socket), service));
        // No grace period: GOAWAY names the requests that are served, so none is lost.
        let finish_when = async {
            tokio::select! {
                () = after_shutdown(Duration::ZERO, shutdown.clone()) => {}
                () = activity.idle_for(self.idle_timeout) => {}
            }
        };
        tokio::select! {
            ended = drive(connection, shutdown.clone(), finish_when, http2::Connection::graceful_shutdown) => ended,
            () = activity.stalled_for(self.body_timeout) => {
                tracing::debug!(client = client, "the client reads none of its responses");
                Ok(())
            }
            // The client has not closed after GOAWAY.
            () = activity.idle_for(self.idle_timeout + GOAWAY_TIMEOUT) => Ok(()),
        }
    }

    async fn serve_http1(
        &self,
        socket: Socket,
        connected_at: Instant,
        service: ConnectionService,
        permit: &Arc<Permit>,
        shutdown: ShutdownSignal,
    ) -> hyper::Result<()> {
        let state = Arc::new(Http1State::new(connected_at));
        let socket = TokioIo::new(socket.with_state(Arc::clone(&state)));
        let serving = service_fn(|mut request: Request<Incoming>| {
            let is_old = request.version() == Version::HTTP_10;
            let is_head = request.method() == Method::HEAD;
            state.set_close_delimited(is_old);
            if request.headers().contains_key(UPGRADE) {
                // If the request opens a tunnel, this guard keeps the connection counted, and
                // shutdown waits for the tunnel.
                request.extensions_mut().insert(ConnectionGuard {
                    _shutdown: shutdown.clone(),
                    _permit: Arc::clone(permit),
                    _counted: Arc::clone(service.open()),
                });
            }
            let shutdown = &shutdown;
            // Not an `async` block, which would store the future of the response twice.
            service.call(request).map_ok(move |mut response| {
                let is_tunnel = response.status() == StatusCode::SWITCHING_PROTOCOLS;
                let is_last = is_old && (closes(&response) || !is_head && is_close_delimited(&response));
                if is_last || shutdown.is_set() && !is_tunnel {
                    response.headers_mut().insert(CONNECTION, HeaderValue::from_static("close"));
                    if is_old {
                        // hyper would add `Connection: keep-alive` to an HTTP/1.1 response.
                        *response.version_mut() = Version::HTTP_10;
                    }
                }
                response
            })
        });
        let mut http1 = self.http1.clone();
        http1.timer(HeadTimer::new(Arc::clone(&state), self.idle_timeout, self.header_timeout));
        let mut connection = pin!(http1.serve_connection(socket, serving).with_upgrades());
        let finish = http1::UpgradeableConnection::graceful_shutdown;
        let finish_when = after_shutdown(IDLE_GRACE, shutdown.clone());
        let ended = drive(connection.as_mut(), shutdown.clone(), finish_when, finish).await;
        // A user error means that a response body failed, so the response that was sent is
        // incomplete. All other connections may be closed normally.
        if !ended.as_ref().is_err_and(hyper::Error::is_user) {
            state.set_close_delimited(false);
        }
        if ended.as_ref().is_err_and(hyper::Error::is_timeout) && state.is_reading_head() {
            state.set_final_response(serialize(Reason::HeaderTimeout));
            service.open().worker().refused(Reason::HeaderTimeout);
        }
        // hyper itself has refused a malformed head, with a bare status.
        if let Some(error) = ended.as_ref().err().filter(|error| error.is_parse()) {
            let reason = if error.is_parse_too_large() { Reason::HeadersTooLarge } else { Reason::MalformedRequest };
            service.open().worker().refused(reason);
        }
        ended
    }
}

/// Returns whether a response has `Connection: close`.
fn closes<B>(response: &Response<B>) -> bool {
    response.headers().get(CONNECTION).is_some_and(|connection| connection == "close")
}

/// Returns whether only the end of the connection marks the end of this response's body. Holds for
/// an HTTP/1.0 client, which cannot read chunks.
fn is_close_delimited<B: Body>(response: &Response<B>) -> bool {
    !response.headers().contains_key(CONTENT_LENGTH)
        && !matches!(response.status(), StatusCode::NO_CONTENT | StatusCode::NOT_MODIFIED)
        && response.body().size_hint().exact().is_none()
}

/// Resolves this long after the server stops.
async fn after_shutdown(time: Duration, mut shutdown: ShutdownSignal) {
    shutdown.wait().await;
    tokio::time::sleep(time).await;
}

/// Serves a connection to its end. Once `finish_when` resolves, requests in flight finish and no
/// other is accepted.
async fn drive<C>(
    mut connection: Pin<&mut C>,
    shutdown: ShutdownSignal,
    finish_when: impl Future<Output = ()>,
    finish: impl FnOnce(Pin<&mut C>),
) -> hyper::Result<()>
where
    C: Future<Output = hyper::Result<()>>,
{
    tokio::select! {
        biased;
        ended = &mut connection => return ended,
        () = finish_when => {}
    }
    finish(connection.as_mut());
    let ended = connection.await;
    // Kept until here, because the server waits for connections that hold it.
    drop(shutdown);
    ended
}
