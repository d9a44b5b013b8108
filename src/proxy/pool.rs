//! Connections to the upstream: of HTTP/1.1 kept for the next request once a response has been read to its clean end; of HTTP/2 one,
//! shared.

use super::answer_stream::{AnswerStream, Hearing};
use super::connect::connect;
use super::error::ForwardError;
use super::multiplex::{self, Multiplex};
use super::opening::Http;
use super::own::Own;
use super::sender::Sender;
use super::settings::{DEFAULT_MAX_HEADERS, Limits, Upstream};
use super::stream::Stream;
use super::timer::{ConnectionTimer, now};
use crate::excerpt::Excerpt;
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
pub(super) struct Pool<B> {
    upstream: Upstream,
    limits: Limits,
    idle: Mutex<VecDeque<Idle<B>>>,
    multiplex: Multiplex<B>,
    /// Whether the upstream was replaced by another, so that no connection is kept any more.
    retired: AtomicBool,
}

/// A connection that waits for its next request.
#[derive(Debug)]
pub(super) struct Idle<B> {
    sender: SendRequest<B>,
    hearing: Hearing,
    timer: ConnectionTimer,
    made: Instant,
    since: Instant,
}

/// Whose requests a connection is for.
#[derive(Debug)]
pub(super) enum For<B> {
    /// Anybody's.
    All,
    /// Those of one client's connection, for the API takes them all for one user's.
    One(Own<B>),
    /// This one alone.
    This,
}

/// A connection in use. It goes back to the pool only through [`UpstreamBody`](super::UpstreamBody); dropped anywhere else it is
/// closed, so that no connection whose state is in doubt is used again.
#[derive(Debug)]
pub(super) struct Lease<B> {
    pub(super) sender: Sender<B>,
    pub(super) timer: ConnectionTimer,
    pub(super) reused: bool,
    /// When it was handed out.
    pub(super) since: Instant,
    /// Whose requests it is for once it is given back.
    whose: For<B>,
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
                Some(self.again(self.take_idle(now)?, now, For::All))
            }
            Http::Two => {
                let (sender, made) = self.multiplex.current(&self.upstream)?;
                Some(self.lease(Sender::Http2(sender), true, made))
            }
        }
    }

    /// The connection that is a client's own, if it is there and still is good.
    pub(super) async fn own(self: &Arc<Self>, own: &Own<B>) -> Option<Lease<B>> {
        let (mut idle, pool) = own.take()?;
        let now = now();
        if !Arc::ptr_eq(&pool, self) || self.is_stale(&idle, now) || !self.is_young(&idle, now) {
            return None;
        }
        // It may not have come to rest since the last answer, and there is no other in its place.
        let ready = tokio::time::timeout(self.upstream.connect_timeout, idle.sender.ready()).await;
        matches!(ready, Ok(Ok(()))).then(|| self.again(idle, now, For::One(own.clone())))
    }

    /// A new connection. Who wants one of HTTP/2 gets that which another is just making.
    pub(super) async fn connect(self: &Arc<Self>, http: Http) -> Result<Lease<B>, ForwardError> {
        let limit = self.upstream.connect_timeout;
        if http == Http::One {
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
        let sender = multiplex::begin(stream, &self.limits).await;
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
        let (stream, hearing) = AnswerStream::new(stream, self.limits.max_header_bytes);
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
        Lease { sender, timer, reused, since: now(), whose: For::All, made, pool: Arc::clone(self) }
    }

    fn again(self: &Arc<Self>, idle: Idle<B>, now: Instant, whose: For<B>) -> Lease<B> {
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
    pub(super) fn body_timeout(&self) -> Duration {
        self.pool.upstream.body_timeout
    }

    /// Says whose requests the connection is for from now on.
    pub(super) fn keep_for(&mut self, whose: &For<B>) {
        self.whose = match whose {
            For::All => For::All,
            For::One(own) => For::One(own.clone()),
            For::This => For::This,
        };
    }

    /// Has nobody else use the connection: its answer showed that it is some user's.
    pub(super) fn keep_from_others(&mut self) {
        if matches!(self.whose, For::All) {
            self.whose = For::This;
            self.forget();
        }
    }

    /// Has no other request share the connection: it was seen to be of no use any more.
    pub(super) fn forget(&self) {
        self.pool.multiplex.forget(self.made);
    }

    /// Keeps the connection for the next request.
    pub(super) fn give_back(self) {
        let Self { sender, timer, whose, made, pool, .. } = self;
        // A shared one is in its place.
        let Sender::Http1(sender, hearing) = sender else { return };
        let idle = Idle { sender, hearing, timer, made, since: now() };
        if !idle.sender.is_closed() && pool.is_young(&idle, idle.since) {
            match whose {
                For::All => pool.put_back(idle),
                For::One(own) => own.keep(idle, pool),
                For::This => {}
            }
        }
    }
}
