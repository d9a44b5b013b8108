//! Connections to the upstream, kept for the next request once a response has been read to its clean end.

use super::error::{ForwardError, UpstreamError};
use super::load::Permit;
use super::settings::{DEFAULT_MAX_HEADERS, Limits, Upstream};
use super::timer::{ConnectionTimer, Wait};
use bytes::Bytes;
use http_body::{Body, Frame, SizeHint};
use hyper::body::Incoming;
use hyper::client::conn::http1::{self, SendRequest};
use hyper::rt::Timer;
use hyper_util::rt::TokioIo;
use std::collections::VecDeque;
use std::future::Future;
use std::pin::Pin;
use std::sync::atomic::{AtomicBool, Ordering};
use std::sync::{Arc, Mutex, PoisonError};
use std::task::{Context, Poll, ready};
use std::time::Instant;
use tokio::net::TcpStream;

/// One worker's connections to the upstream.
#[derive(Debug)]
pub(super) struct Pool<B> {
    upstream: Upstream,
    limits: Limits,
    idle: Mutex<VecDeque<Idle<B>>>,
    /// Whether the upstream was replaced by another, so that no connection is kept any more.
    retired: AtomicBool,
}

#[derive(Debug)]
struct Idle<B> {
    sender: SendRequest<B>,
    timer: ConnectionTimer,
    made: Instant,
    since: Instant,
}

/// A connection in use. It goes back to the pool only through [`UpstreamBody`]; dropped anywhere else it is closed, so that
/// no connection whose state is in doubt is used again.
#[derive(Debug)]
pub(super) struct Lease<B> {
    pub(super) sender: SendRequest<B>,
    pub(super) timer: ConnectionTimer,
    pub(super) reused: bool,
    made: Instant,
    pool: Arc<Pool<B>>,
}

impl<B> Pool<B>
where
    B: Body + Send + 'static,
    B::Data: Send,
    B::Error: Into<Box<dyn std::error::Error + Send + Sync>>,
{
    pub(super) fn new(upstream: Upstream, limits: Limits) -> Arc<Self> {
        Arc::new(Self { upstream, limits, idle: Mutex::new(VecDeque::new()), retired: AtomicBool::new(false) })
    }

    /// Whether connections by these settings would be no others.
    pub(super) fn makes_the_same(&self, upstream: &Upstream, limits: &Limits) -> bool {
        let bounds = |limits: &Limits| (limits.max_headers, limits.max_header_bytes);
        self.upstream == *upstream && bounds(&self.limits) == bounds(limits)
    }

    /// Closes the kept connections, and those in use once they are given back.
    pub(super) fn retire(&self) {
        self.retired.store(true, Ordering::Release);
        self.idle.lock().unwrap_or_else(PoisonError::into_inner).clear();
    }

    /// The kept connection used last that still is good.
    pub(super) fn kept(self: &Arc<Self>) -> Option<Lease<B>> {
        let Idle { sender, timer, made, .. } = self.take_idle()?;
        Some(Lease { sender, timer, reused: true, made, pool: Arc::clone(self) })
    }

    /// A new connection.
    pub(super) async fn connect(self: &Arc<Self>) -> Result<Lease<B>, ForwardError> {
        let host = self.upstream.authority.host().trim_matches(['[', ']']);
        let port = self.upstream.authority.port_u16().unwrap_or(80);
        let connecting = TcpStream::connect((host, port));
        let stream = tokio::time::timeout(self.upstream.connect_timeout, connecting)
            .await
            .map_err(|_| ForwardError::ConnectTimeout)?
            .map_err(ForwardError::Connect)?;
        // A request is written whole: waiting for more would only delay it.
        stream.set_nodelay(true).map_err(ForwardError::Connect)?;
        let mut builder = http1::Builder::new();
        builder.preserve_header_case(true).max_header_size(self.limits.max_header_bytes);
        if self.limits.max_headers != DEFAULT_MAX_HEADERS {
            builder.max_headers(self.limits.max_headers);
        }
        let (sender, connection) =
            builder.handshake(TokioIo::new(stream)).await.map_err(|error| ForwardError::Protocol(Some(error)))?;
        tokio::spawn(async move {
            if let Err(error) = connection.with_upgrades().await {
                tracing::debug!(%error, "upstream connection ended");
            }
        });
        let timer = ConnectionTimer::new(self.upstream.response_timeout);
        Ok(Lease { sender, timer, reused: false, made: Instant::now(), pool: Arc::clone(self) })
    }

    fn take_idle(&self) -> Option<Idle<B>> {
        let mut idle = self.idle.lock().unwrap_or_else(PoisonError::into_inner);
        while idle.front().is_some_and(|oldest| oldest.since.elapsed() > self.upstream.idle_timeout) {
            idle.pop_front();
        }
        // Newest first, so that what a quiet hour does not need can grow old.
        std::iter::from_fn(|| idle.pop_back()).find(|kept| kept.sender.is_ready())
    }
}

impl<B> Lease<B> {
    /// Keeps the connection for the next request.
    fn give_back(self) {
        let Self { sender, timer, made, pool, .. } = self;
        let now = Instant::now();
        if !sender.is_closed() && now - made < pool.upstream.max_connection_age {
            let mut idle = pool.idle.lock().unwrap_or_else(PoisonError::into_inner);
            // Looked at under the lock, under which `retire` clears what was given back before.
            if pool.retired.load(Ordering::Acquire) {
                return;
            }
            if idle.len() >= pool.upstream.max_idle_connections {
                idle.pop_front();
            }
            idle.push_back(Idle { sender, timer, made, since: now });
        }
    }
}

/// A response's body as it comes from the upstream, with the connection it comes on.
#[derive(Debug)]
pub struct UpstreamBody<B> {
    incoming: Incoming,
    lease: Option<Lease<B>>,
    /// While the upstream is waited for.
    wait: Option<Wait>,
    _permit: Permit,
}

impl<B> UpstreamBody<B> {
    pub(super) fn new(incoming: Incoming, lease: Lease<B>, permit: Permit) -> Self {
        let mut body = Self { incoming, lease: Some(lease), wait: None, _permit: permit };
        if body.incoming.is_end_stream() {
            body.give_back();
        }
        body
    }

    fn give_back(&mut self) {
        if let Some(lease) = self.lease.take() {
            lease.give_back();
        }
    }

    /// Resolves when nothing has come for too long.
    fn poll_stalled(&mut self, cx: &mut Context<'_>) -> Poll<()> {
        // Without a connection nothing more can come, and that is told at once.
        let Some(Lease { timer, pool, .. }) = &self.lease else { return Poll::Pending };
        let wait = self.wait.get_or_insert_with(|| timer.until(timer.now() + pool.upstream.body_timeout));
        Pin::new(wait).poll(cx)
    }
}

impl<B: Unpin> Body for UpstreamBody<B> {
    type Data = Bytes;
    type Error = UpstreamError;

    fn poll_frame(mut self: Pin<&mut Self>, cx: &mut Context<'_>) -> Poll<Option<Result<Frame<Bytes>, UpstreamError>>> {
        let frame = Pin::new(&mut self.incoming).poll_frame(cx);
        match &frame {
            Poll::Ready(Some(Err(_))) => self.lease = None,
            Poll::Ready(None) => self.give_back(),
            Poll::Ready(Some(Ok(_))) if self.incoming.is_end_stream() => self.give_back(),
            Poll::Ready(Some(Ok(_))) => {}
            Poll::Pending => {
                ready!(self.poll_stalled(cx));
                self.lease = None;
                return Poll::Ready(Some(Err(UpstreamError::Stalled)));
            }
        }
        self.wait = None;
        frame.map_err(UpstreamError::Failed)
    }

    fn is_end_stream(&self) -> bool {
        self.incoming.is_end_stream()
    }

    fn size_hint(&self) -> SizeHint {
        self.incoming.size_hint()
    }
}
