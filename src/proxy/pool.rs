//! Connections to the upstream: of HTTP/1.1 kept for the next request once a response has been read to its clean end; of HTTP/2 one,
//! shared.

use super::connect::connect;
use super::error::{ForwardError, UpstreamError};
use super::load::Permit;
use super::multiplex::{self, Multiplex};
use super::opening::Http;
use super::sender::Sender;
use super::settings::{DEFAULT_MAX_HEADERS, Limits, Upstream};
use super::stream::Stream;
use super::timer::{ConnectionTimer, Wait, now};
use crate::excerpt::Excerpt;
use bytes::Bytes;
use http_body::{Body, Frame, SizeHint};
use hyper::body::Incoming;
use hyper::client::conn::http1::{self, SendRequest};
use hyper_util::rt::TokioIo;
use std::collections::VecDeque;
use std::future::Future;
use std::pin::Pin;
use std::sync::atomic::{AtomicBool, Ordering};
use std::sync::{Arc, Mutex, PoisonError};
use std::task::{Context, Poll, ready};
use std::time::Instant;

/// Bytes of an answer that are read at once at most. hyper's own 400 kB take 1.5 MiB more for two long lists at a time, and spare 2 %
/// of their processor time; 128 KiB cost a tenth of it.
const BUFFER: usize = 256 * 1024;

/// One worker's connections to the upstream.
#[derive(Debug)]
pub(super) struct Pool<B> {
    upstream: Upstream,
    limits: Limits,
    idle: Mutex<VecDeque<Idle<B>>>,
    multiplex: Multiplex<B>,
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
    pub(super) sender: Sender<B>,
    pub(super) timer: ConnectionTimer,
    pub(super) reused: bool,
    /// When it was handed out.
    pub(super) since: Instant,
    made: Instant,
    pool: Arc<Pool<B>>,
}

impl<B> Pool<B>
where
    B: Body + Send + Unpin + 'static,
    B::Data: Send,
    B::Error: Into<Box<dyn std::error::Error + Send + Sync>>,
{
    pub(super) fn new(upstream: Upstream, limits: Limits) -> Arc<Self> {
        Arc::new(Self {
            upstream,
            limits,
            idle: Mutex::new(VecDeque::new()),
            multiplex: Multiplex::default(),
            retired: AtomicBool::new(false),
        })
    }

    pub(super) fn upstream(&self) -> &Upstream {
        &self.upstream
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
        self.multiplex.clear();
    }

    /// A connection that is there and still is good: of HTTP/1 the one that was used last.
    pub(super) fn kept(self: &Arc<Self>, http: Http) -> Option<Lease<B>> {
        match http {
            Http::One => {
                let now = now();
                let Idle { sender, timer, made, .. } = self.take_idle(now)?;
                let (sender, pool) = (Sender::Http1(sender), Arc::clone(self));
                Some(Lease { sender, timer, reused: true, since: now, made, pool })
            }
            Http::Two => {
                let (sender, made) = self.multiplex.current(&self.upstream)?;
                Some(self.lease(Sender::Http2(sender), true, made))
            }
        }
    }

    /// A new connection. Who wants one of HTTP/2 gets that which another is just making.
    pub(super) async fn connect(self: &Arc<Self>, http: Http) -> Result<Lease<B>, ForwardError> {
        let limit = self.upstream.connect_timeout;
        if http == Http::One {
            let stream = connect(&self.upstream, http, limit).await?;
            let sender = self.begin_http1(stream).await.map_err(|error| ForwardError::Protocol(Some(error)))?;
            return Ok(self.lease(Sender::Http1(sender), false, now()));
        }
        // Who waits for another's attempt has what is left of the time for one of its own.
        let begun = now();
        let making = tokio::time::timeout(limit, self.multiplex.making.lock());
        let _making = making.await.map_err(|_| ForwardError::ConnectTimeout)?;
        if let Some(lease) = self.kept(http) {
            return Ok(lease);
        }
        let stream = connect(&self.upstream, http, limit.saturating_sub(begun.elapsed())).await?;
        let sender = multiplex::begin(stream, &self.limits).await;
        let (sender, made) = (sender.map_err(|error| ForwardError::Protocol(Some(error)))?, now());
        // One that was made while the upstream was replaced serves but those who hold it.
        if !self.retired.load(Ordering::Acquire) {
            self.multiplex.share(sender.clone(), made);
        }
        Ok(self.lease(Sender::Http2(sender), false, made))
    }

    async fn begin_http1(&self, stream: Stream) -> hyper::Result<SendRequest<B>> {
        let mut builder = http1::Builder::new();
        builder
            .preserve_header_case(true)
            .max_header_size(self.limits.max_header_bytes)
            .max_buf_size(self.limits.buffer(BUFFER));
        if self.limits.max_headers != DEFAULT_MAX_HEADERS {
            builder.max_headers(self.limits.max_headers);
        }
        let (sender, connection) = builder.handshake(TokioIo::new(stream)).await?;
        tokio::spawn(async move {
            if let Err(error) = connection.with_upgrades().await {
                tracing::debug!(error = %Excerpt(&error), "upstream connection ended");
            }
        });
        Ok(sender)
    }

    fn lease(self: &Arc<Self>, sender: Sender<B>, reused: bool, made: Instant) -> Lease<B> {
        let timer = ConnectionTimer::new(self.upstream.response_timeout);
        Lease { sender, timer, reused, since: now(), made, pool: Arc::clone(self) }
    }

    fn take_idle(&self, now: Instant) -> Option<Idle<B>> {
        let mut idle = self.idle.lock().unwrap_or_else(PoisonError::into_inner);
        while idle.front().is_some_and(|oldest| now.duration_since(oldest.since) > self.upstream.idle_timeout) {
            idle.pop_front();
        }
        let is_young = |kept: &Idle<B>| now.duration_since(kept.made) < self.upstream.max_connection_age;
        // Newest first, so that what a quiet hour does not need can grow old.
        std::iter::from_fn(|| idle.pop_back()).find(|kept| kept.sender.is_ready() && is_young(kept))
    }
}

impl<B> Lease<B> {
    /// Has no other request share the connection: it was seen to be of no use any more.
    pub(super) fn forget(&self) {
        self.pool.multiplex.forget(self.made);
    }

    /// Keeps the connection for the next request.
    fn give_back(self) {
        let Self { sender, timer, made, pool, .. } = self;
        // A shared one is in its place.
        let Sender::Http1(sender) = sender else { return };
        let now = now();
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
    /// Whether an end that comes without the answer's last frame has yet to be told from a break.
    may_break_off: bool,
    _permit: Permit,
}

impl<B> UpstreamBody<B> {
    pub(super) fn new(incoming: Incoming, lease: Lease<B>, permit: Permit) -> Self {
        let may_break_off = lease.sender.is_multiplexed();
        let mut body = Self { incoming, lease: Some(lease), wait: None, may_break_off, _permit: permit };
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

    /// Whether the answer, of which no more comes, was broken off.
    ///
    /// HTTP/2 lets a server reset a stream without an error once its answer is whole (RFC 9113 8.1), and hyper takes every such reset
    /// for the end. So it is one only after trailers, the last frame or all of the bytes that were announced. A whole answer of unknown
    /// length that is reset before its last bytes are read passes for broken off: that can be told from a cut by nothing.
    fn is_broken_off(&self) -> bool {
        self.may_break_off && !self.incoming.is_end_stream() && self.incoming.size_hint().exact() != Some(0)
    }

    /// Resolves when nothing has come for too long.
    fn poll_stalled(&mut self, cx: &mut Context<'_>) -> Poll<()> {
        // Without a connection nothing more can come, and that is told at once.
        let Some(Lease { timer, pool, .. }) = &self.lease else { return Poll::Pending };
        let wait = self.wait.get_or_insert_with(|| timer.until(now() + pool.upstream.body_timeout));
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
            Poll::Ready(None) if self.is_broken_off() => {
                self.lease = None;
                return Poll::Ready(Some(Err(UpstreamError::BrokenOff)));
            }
            Poll::Ready(None) => self.give_back(),
            Poll::Ready(Some(Ok(frame))) if frame.is_trailers() => {
                self.may_break_off = false;
                if self.incoming.is_end_stream() {
                    self.give_back();
                }
            }
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
