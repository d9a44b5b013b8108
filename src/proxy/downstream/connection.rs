//! One client connection, from its first byte to its last.

use super::handshake::{HandshakeError, Negotiated, handshake_failure, open};
use super::head_timeout::{HeadClock, HeadTimer};
use super::raw_response::{head_refused, serialize};
use super::socket::{CloseDelimited, FinalResponse, Socket};
use crate::excerpt::Excerpt;
use crate::proxy::net::limit::Permit;
use crate::proxy::net::shutdown::ShutdownSignal;
use crate::proxy::net::stream::RawStream;
use crate::proxy::net::version::HttpVersion;
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

/// Most streams that one HTTP/2 client may have open.
const MAX_STREAMS: u32 = 256;

/// Bytes of a request that are read at once at most, or of an answer that wait to be written: hyper's own choice.
const BUFFER: usize = 408 * 1024;

/// How long an HTTP/1 connection without a request stays open once it is time to stop. A request that is already on its way to it
/// would be lost with it; one that comes in time is answered, with `Connection: close`, which is how a client is told.
const IDLE_GRACE: Duration = Duration::from_secs(1);

/// How long an idle HTTP/2 client may take to answer a goodbye.
const GOODBYE: Duration = Duration::from_secs(10);

/// Serves connections of either HTTP, with the limits' bounds.
///
/// Not hyper-util's `auto`: it has no bound for the size of an HTTP/1 head.
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
            // What the upstream did not say is not said for it.
            .auto_date_header(false);
        // Not `pipeline_flush`: with it a 101 is not flushed while bytes behind the request wait, and both sides hang.
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

    /// Whether connections are encrypted.
    pub(crate) fn have_tls(&self) -> bool {
        self.tls.is_some()
    }

    /// Serves a connection until it ends; or, once told to stop, until what is in flight on it is done.
    pub(crate) async fn serve(
        &self,
        stream: RawStream,
        service: ConnectionService,
        permit: Permit,
        stopped: ShutdownSignal,
    ) {
        let begun = Instant::now();
        let permit = Arc::new(permit);
        let opened = tokio::select! {
            opened = tokio::time::timeout(self.header_timeout, open(stream, self.tls.as_ref())) => opened,
            () = told_for(IDLE_GRACE, stopped.clone()) => return,
        };
        let ended = match opened {
            Ok(Ok(Negotiated { http: HttpVersion::Http2, prefix, stream })) => {
                self.serve_http2(Socket::new(prefix, stream, self.body_timeout), service, stopped).await
            }
            Ok(Ok(Negotiated { http: HttpVersion::Http1, prefix, stream })) => {
                self.serve_http1(Socket::new(prefix, stream, self.body_timeout), begun, service, &permit, stopped).await
            }
            Ok(Err(HandshakeError::Failed(error))) => {
                return tracing::debug!(error = %Excerpt(&error), "connection ended before a request");
            }
            Ok(Err(HandshakeError::Handshake(error))) => {
                let reason = handshake_failure(&error);
                service.open().worker().handshake_failed(reason);
                return tracing::debug!(error = %Excerpt(&error), reason, client = service.client(), "no TLS handshake");
            }
            Err(_) => {
                if self.have_tls() {
                    service.open().worker().handshake_failed("timeout");
                }
                return tracing::debug!("no request in time");
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
        stopped: ShutdownSignal,
    ) -> hyper::Result<()> {
        let activity = Activity::new();
        let client = service.client().to_owned();
        let service = service.noted_in(Arc::clone(&activity));
        let connection = pin!(self.http2.serve_connection(TokioIo::new(socket), service));
        // At once: GOAWAY tells a client which of its requests are served, so that none is lost.
        let over = async {
            tokio::select! {
                () = told_for(Duration::ZERO, stopped.clone()) => {}
                () = activity.idle_for(self.idle_timeout) => {}
            }
        };
        tokio::select! {
            ended = until_done(connection, stopped.clone(), over, http2::Connection::graceful_shutdown) => ended,
            () = activity.stalled_for(self.body_timeout) => {
                tracing::debug!(client = client, "the client takes nothing of its answers");
                Ok(())
            }
            // It has not heard, or would not go.
            () = activity.idle_for(self.idle_timeout + GOODBYE) => Ok(()),
        }
    }

    async fn serve_http1(
        &self,
        socket: Socket,
        begun: Instant,
        service: ConnectionService,
        permit: &Arc<Permit>,
        stopped: ShutdownSignal,
    ) -> hyper::Result<()> {
        let ends_body = CloseDelimited::default();
        let (clock, last_words) = (HeadClock::begun(begun), FinalResponse::default());
        let socket = TokioIo::new(socket.with(ends_body.clone(), clock.clone(), last_words.clone()));
        let serving = service_fn(|mut request: Request<Incoming>| {
            let is_old = request.version() == Version::HTTP_10;
            let is_head = request.method() == Method::HEAD;
            ends_body.set(is_old);
            if request.headers().contains_key(UPGRADE) {
                // For the tunnel, should there be one.
                let (stopped, permit, counted) = (stopped.clone(), Arc::clone(permit), Arc::clone(service.open()));
                request.extensions_mut().insert(ConnectionGuard {
                    _shutdown: stopped,
                    _permit: permit,
                    _counted: counted,
                });
            }
            let stopped = &stopped;
            // Not in an `async` block, which would keep the answer's future twice.
            service.call(request).map_ok(move |mut response| {
                let is_tunnel = response.status() == StatusCode::SWITCHING_PROTOCOLS;
                let is_last = is_old && (closes(&response) || !is_head && ends_with_connection(&response));
                if is_last || stopped.is_set() && !is_tunnel {
                    response.headers_mut().insert(CONNECTION, HeaderValue::from_static("close"));
                    if is_old {
                        // To an answer of HTTP/1.1 hyper would add that the connection is kept.
                        *response.version_mut() = Version::HTTP_10;
                    }
                }
                response
            })
        });
        let mut http1 = self.http1.clone();
        http1.timer(HeadTimer::new(clock.clone(), self.idle_timeout, self.header_timeout));
        let mut connection = pin!(http1.serve_connection(socket, serving).with_upgrades());
        let finish = http1::UpgradeableConnection::graceful_shutdown;
        let over = told_for(IDLE_GRACE, stopped.clone());
        let ended = until_done(connection.as_mut(), stopped.clone(), over, finish).await;
        // The user, to hyper, is the body of an answer: it failed after the head was sent.
        if !ended.as_ref().is_err_and(hyper::Error::is_user) {
            ends_body.set(false);
        }
        if ended.as_ref().is_err_and(hyper::Error::is_timeout) && clock.is_reading() {
            last_words.set(serialize(Reason::HeaderTimeout));
            service.open().worker().refused(Reason::HeaderTimeout);
        }
        if let Some(reason) = ended.as_ref().err().and_then(head_refused) {
            service.open().worker().refused(reason);
        }
        ended
    }
}

/// Whether an answer says that its connection is closed.
fn closes<B>(response: &Response<B>) -> bool {
    response.headers().get(CONNECTION).is_some_and(|connection| connection == "close")
}

/// Whether the body of an answer to an HTTP/1.0 client, which knows no chunks, ends with the connection.
fn ends_with_connection<B: Body>(response: &Response<B>) -> bool {
    !response.headers().contains_key(CONTENT_LENGTH)
        && !matches!(response.status(), StatusCode::NO_CONTENT | StatusCode::NOT_MODIFIED)
        && response.body().size_hint().exact().is_none()
}

/// Resolves this long after it is time to stop.
async fn told_for(time: Duration, mut stopped: ShutdownSignal) {
    stopped.wait().await;
    tokio::time::sleep(time).await;
}

/// Serves a connection, and has it finish what is in flight once it is over.
async fn until_done<C>(
    mut connection: Pin<&mut C>,
    stopped: ShutdownSignal,
    over: impl Future<Output = ()>,
    finish: impl FnOnce(Pin<&mut C>),
) -> hyper::Result<()>
where
    C: Future<Output = hyper::Result<()>>,
{
    tokio::select! {
        biased;
        ended = &mut connection => return ended,
        () = over => {}
    }
    finish(connection.as_mut());
    let ended = connection.await;
    // Held until here: without it the connection would not be waited for.
    drop(stopped);
    ended
}
