//! Connections to the upstream: of HTTP/1.1 kept for the next request once a response has been read to its clean end; of HTTP/2 one,
//! shared.

use super::connect::connect;
use super::http2::{self, SharedConnection};
use super::pinned::PinnedSlot;
use super::sender::Sender;
use crate::excerpt::Excerpt;
use crate::proxy::error::ForwardError;
use crate::proxy::net::stream::Stream;
use crate::proxy::net::timer::{ConnectionTimer, now};
use crate::proxy::net::version::HttpVersion;
use crate::proxy::settings::{DEFAULT_MAX_HEADERS, Limits, Upstream};
use crate::proxy::upstream::http1::stream::{Hearing, ResponseStream};
use http_body::Body;
use hyper::client::conn::http1::{self, SendRequest};
use hyper_util::rt::TokioIo;
use std::collections::VecDeque;
use std::sync::atomic::{AtomicBool, Ordering};
use std::sync::{Arc, Mutex, PoisonError};
use std::time::{Duration, Instant};

/// Bytes of an answer that are read at once at most. hyper's own 400 kB take 1.5 MiB more for two long lists at a time, and spare 2 %
/// of their processor time; 128 KiB cost a tenth of it.
const BUFFER: usize = 256 * 1024;

/// One worker's connections to the upstream.
#[derive(Debug)]
pub(crate) struct Pool<B> {
    upstream: Upstream,
    limits: Limits,
    idle: Mutex<VecDeque<Idle<B>>>,
    multiplex: SharedConnection<B>,
    /// Whether the upstream was replaced by another, so that no connection is kept any more.
    retired: AtomicBool,
}

/// A connection that waits for its next request.
#[derive(Debug)]
pub(crate) struct Idle<B> {
    sender: SendRequest<B>,
    hearing: Hearing,
    timer: ConnectionTimer,
    made: Instant,
    since: Instant,
}

/// The connection that one client authenticated, and the pool whose settings it was made with.
pub(crate) type PinnedConnection<B> = PinnedSlot<(Idle<B>, Arc<Pool<B>>)>;

/// Whose requests a connection is for.
#[derive(Debug)]
pub(crate) enum Owner<B> {
    /// Anybody's.
    Anyone,
    /// Those of one client's connection, for the API takes them all for one user's.
    Client(PinnedConnection<B>),
    /// This one alone.
    ThisRequest,
}

/// A connection in use. It goes back to the pool only through `UpstreamBody`; dropped anywhere else it is
/// closed, so that no connection whose state is in doubt is used again.
#[derive(Debug)]
pub(crate) struct Lease<B> {
    pub(crate) sender: Sender<B>,
    pub(crate) timer: ConnectionTimer,
    pub(crate) reused: bool,
    /// When it was handed out.
    pub(crate) since: Instant,
    /// Whose requests it is for once it is given back.
    whose: Owner<B>,
    made: Instant,
    pool: Arc<Pool<B>>,
}

impl<B> Pool<B>
where
    B: Body + Send + Unpin + 'static,
    B::Data: Send,
    B::Error: Into<Box<dyn std::error::Error + Send + Sync>>,
{
    pub(crate) fn new(upstream: Upstream, limits: Limits) -> Arc<Self> {
        Arc::new(Self {
            upstream,
            limits,
            idle: Mutex::new(VecDeque::new()),
            multiplex: SharedConnection::default(),
            retired: AtomicBool::new(false),
        })
    }

    pub(crate) fn upstream(&self) -> &Upstream {
        &self.upstream
    }

    /// Whether connections by these settings would be no others.
    pub(crate) fn makes_the_same(&self, upstream: &Upstream, limits: &Limits) -> bool {
        let bounds = |limits: &Limits| (limits.max_headers, limits.max_header_bytes);
        self.upstream == *upstream && bounds(&self.limits) == bounds(limits)
    }

    /// Closes the kept connections, and those in use once they are given back.
    pub(crate) fn retire(&self) {
        self.retired.store(true, Ordering::Release);
        self.idle.lock().unwrap_or_else(PoisonError::into_inner).clear();
        self.multiplex.clear();
    }

    /// A connection that is there and still is good: of HTTP/1 the one that was used last.
    pub(crate) fn kept(self: &Arc<Self>, http: HttpVersion) -> Option<Lease<B>> {
        match http {
            HttpVersion::Http1 => {
                let now = now();
                Some(self.again(self.take_idle(now)?, now, Owner::Anyone))
            }
            HttpVersion::Http2 => {
                let (sender, made) = self.multiplex.current(&self.upstream)?;
                Some(self.lease(Sender::Http2(sender), true, made))
            }
        }
    }

    /// The connection that is a client's own, if it is there and still is good.
    pub(crate) async fn own(self: &Arc<Self>, own: &PinnedConnection<B>) -> Option<Lease<B>> {
        let (mut idle, pool) = own.take()?;
        let now = now();
        if !Arc::ptr_eq(&pool, self) || self.is_stale(&idle, now) || !self.is_young(&idle, now) {
            return None;
        }
        // It may not have come to rest since the last answer, and there is no other in its place.
        let ready = tokio::time::timeout(self.upstream.connect_timeout, idle.sender.ready()).await;
        matches!(ready, Ok(Ok(()))).then(|| self.again(idle, now, Owner::Client(own.clone())))
    }

    /// A new connection. Who wants one of HTTP/2 gets that which another is just making.
    pub(crate) async fn connect(self: &Arc<Self>, http: HttpVersion) -> Result<Lease<B>, ForwardError> {
        let limit = self.upstream.connect_timeout;
        if http == HttpVersion::Http1 {
            let stream = connect(&self.upstream, http, limit).await?;
            let sender = self.begin_http1(stream).await.map_err(|error| ForwardError::Protocol(Some(error)))?;
            return Ok(self.lease(sender, false, now()));
        }
        // Who waits for another's attempt has what is left of the time for one of its own.
        let begun = now();
        let making = tokio::time::timeout(limit, self.multiplex.making.lock());
        let _making = making.await.map_err(|_| ForwardError::ConnectTimeout)?;
        if let Some(lease) = self.kept(http) {
            return Ok(lease);
        }
        let stream = connect(&self.upstream, http, limit.saturating_sub(begun.elapsed())).await?;
        let sender = http2::begin(stream, &self.limits).await;
        let (sender, made) = (sender.map_err(|error| ForwardError::Protocol(Some(error)))?, now());
        // One that was made while the upstream was replaced serves but those who hold it.
        if !self.retired.load(Ordering::Acquire) {
            self.multiplex.share(sender.clone(), made);
        }
        Ok(self.lease(Sender::Http2(sender), false, made))
    }

    async fn begin_http1(&self, stream: Stream) -> hyper::Result<Sender<B>> {
        let mut builder = http1::Builder::new();
        builder
            .preserve_header_case(true)
            .max_header_size(self.limits.max_header_bytes)
            .max_buf_size(self.limits.buffer(BUFFER));
        if self.limits.max_headers != DEFAULT_MAX_HEADERS {
            builder.max_headers(self.limits.max_headers);
        }
        let (stream, hearing) = ResponseStream::new(stream, self.limits.max_header_bytes);
        let (sender, connection) = builder.handshake(TokioIo::new(stream)).await?;
        tokio::spawn(async move {
            if let Err(error) = connection.with_upgrades().await {
                tracing::debug!(error = %Excerpt(&error), "upstream connection ended");
            }
        });
        Ok(Sender::Http1(sender, hearing))
    }

    fn lease(self: &Arc<Self>, sender: Sender<B>, reused: bool, made: Instant) -> Lease<B> {
        let timer = ConnectionTimer::new(self.upstream.response_timeout);
        Lease { sender, timer, reused, since: now(), whose: Owner::Anyone, made, pool: Arc::clone(self) }
    }

    fn again(self: &Arc<Self>, idle: Idle<B>, now: Instant, whose: Owner<B>) -> Lease<B> {
        let Idle { sender, hearing, timer, made, .. } = idle;
        Lease {
            sender: Sender::Http1(sender, hearing),
            timer,
            reused: true,
            since: now,
            whose,
            made,
            pool: Arc::clone(self),
        }
    }

    fn take_idle(&self, now: Instant) -> Option<Idle<B>> {
        let mut idle = self.idle.lock().unwrap_or_else(PoisonError::into_inner);
        while idle.front().is_some_and(|oldest| self.is_stale(oldest, now)) {
            idle.pop_front();
        }
        // Newest first, so that what a quiet hour does not need can grow old.
        std::iter::from_fn(|| idle.pop_back()).find(|kept| kept.sender.is_ready() && self.is_young(kept, now))
    }
}

impl<B> Pool<B> {
    /// Whether a connection was not used for too long.
    fn is_stale(&self, idle: &Idle<B>, now: Instant) -> bool {
        now.duration_since(idle.since) > self.upstream.idle_timeout
    }

    fn is_young(&self, idle: &Idle<B>, now: Instant) -> bool {
        now.duration_since(idle.made) < self.upstream.max_connection_age
    }

    fn put_back(&self, kept: Idle<B>) {
        let mut idle = self.idle.lock().unwrap_or_else(PoisonError::into_inner);
        // Looked at under the lock, under which `retire` clears what was given back before.
        if self.retired.load(Ordering::Acquire) {
            return;
        }
        idle.push_back(kept);
        if idle.len() > self.upstream.max_idle_connections {
            idle.pop_front();
        }
    }
}

impl<B> Lease<B> {
    /// How long its body may stop coming.
    pub(crate) fn body_timeout(&self) -> Duration {
        self.pool.upstream.body_timeout
    }

    /// Says whose requests the connection is for from now on.
    pub(crate) fn keep_for(&mut self, whose: &Owner<B>) {
        self.whose = match whose {
            Owner::Anyone => Owner::Anyone,
            Owner::Client(own) => Owner::Client(own.clone()),
            Owner::ThisRequest => Owner::ThisRequest,
        };
    }

    /// Has nobody else use the connection: its answer showed that it is some user's.
    pub(crate) fn keep_from_others(&mut self) {
        if matches!(self.whose, Owner::Anyone) {
            self.whose = Owner::ThisRequest;
            self.forget();
        }
    }

    /// Has no other request share the connection: it was seen to be of no use any more.
    pub(crate) fn forget(&self) {
        self.pool.multiplex.forget(self.made);
    }

    /// Keeps the connection for the next request.
    pub(crate) fn give_back(self) {
        let Self { sender, timer, whose, made, pool, .. } = self;
        // A shared one is in its place.
        let Sender::Http1(sender, hearing) = sender else { return };
        let idle = Idle { sender, hearing, timer, made, since: now() };
        if !idle.sender.is_closed() && pool.is_young(&idle, idle.since) {
            match whose {
                Owner::Anyone => pool.put_back(idle),
                Owner::Client(slot) => slot.keep((idle, pool)),
                Owner::ThisRequest => {}
            }
        }
    }
}
