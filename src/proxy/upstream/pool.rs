//! Idle HTTP/1.1 connections to the upstream, and which requests may use which connection.
//!
//! An HTTP/1.1 connection serves one request at a time, and comes back here once its response has
//! been read to a clean end. HTTP/2 requests share the one connection of [`super::http2`].

use super::connect::connect;
use super::http1::{self, stream::ResponsePhase};
use super::http2::{self, SharedConnection};
use super::request_body::RequestBody;
use super::sender::Sender;
use crate::proxy::error::ForwardError;
use crate::proxy::headers::connection_auth::authenticates;
use crate::proxy::net::HttpVersion;
use crate::proxy::net::timer::{ConnectionTimer, now};
use crate::proxy::settings::{Settings, Upstream};
use http::HeaderMap;
use hyper::client::conn::http1::SendRequest;
use std::collections::VecDeque;
use std::sync::atomic::{AtomicBool, Ordering};
use std::sync::{Arc, Mutex, PoisonError};
use std::time::{Duration, Instant};

/// One worker's connections to the upstream.
#[derive(Debug)]
pub(crate) struct Pool {
    settings: Arc<Settings>,
    idle: Mutex<VecDeque<IdleConnection>>,
    shared: SharedConnection,
    /// Set when a reload has replaced the upstream: connections are no longer kept.
    retired: AtomicBool,
}

/// An HTTP/1.1 connection between two requests.
#[derive(Debug)]
struct IdleConnection {
    sender: SendRequest<RequestBody>,
    phase: ResponsePhase,
    timer: ConnectionTimer,
    connected_at: Instant,
    idle_since: Instant,
}

/// The upstream connection that serves only one client connection, for APIs that authenticate
/// connections.
///
/// The slot is empty until the client authenticates an upstream connection, and while that
/// connection is in use. Clones share the slot. The connection is closed when the last clone is
/// dropped.
#[derive(Clone, Debug, Default)]
pub(crate) struct PinnedConnection(Arc<PinnedSlot>);

#[derive(Debug, Default)]
struct PinnedSlot {
    /// Whether the client has sent credentials that authenticate a connection.
    claimed: AtomicBool,
    /// The connection, and the pool whose settings it was made with.
    idle: Mutex<Option<(IdleConnection, Arc<Pool>)>>,
}

impl PinnedConnection {
    /// Returns whether a request must use the client's own connection, because this request or an
    /// earlier one of the client authenticates a connection.
    fn is_claimed(&self, headers: &HeaderMap) -> bool {
        let claimed = self.0.claimed.load(Ordering::Relaxed) || authenticates(headers);
        self.0.claimed.store(claimed, Ordering::Relaxed);
        claimed
    }

    fn replace(&self, idle: Option<(IdleConnection, Arc<Pool>)>) -> Option<(IdleConnection, Arc<Pool>)> {
        std::mem::replace(&mut *self.0.idle.lock().unwrap_or_else(PoisonError::into_inner), idle)
    }
}

/// Whose requests a connection may serve.
#[derive(Clone, Debug)]
pub(crate) enum ConnectionScope {
    /// The requests of all clients.
    Shared,
    /// The requests of one client connection. The API takes all of them for the same user's.
    Client(PinnedConnection),
    /// The current request only.
    Request,
}

impl ConnectionScope {
    /// Returns the scope of a request with these headers. `pinned` is `None` over HTTP/2, where a
    /// client has no upstream connection of its own.
    pub(crate) fn of(headers: &HeaderMap, pinned: Option<&PinnedConnection>) -> Self {
        match pinned {
            Some(pinned) if pinned.is_claimed(headers) => Self::Client(pinned.clone()),
            None if authenticates(headers) => Self::Request,
            _ => Self::Shared,
        }
    }
}

/// A connection in use. Only [`UpstreamBody`](super::response_body::UpstreamBody) gives it back to
/// the pool. Dropped anywhere else, the connection is closed, so that a connection whose state is
/// in doubt is never used again.
#[derive(Debug)]
pub(crate) struct Lease {
    pub(crate) sender: Sender,
    pub(crate) timer: ConnectionTimer,
    /// Whether the connection has served a request before.
    pub(crate) reused: bool,
    pub(crate) leased_at: Instant,
    /// Whose requests the connection may serve after this one.
    pub(crate) scope: ConnectionScope,
    connected_at: Instant,
    pool: Arc<Pool>,
}

impl Pool {
    pub(crate) fn new(settings: Arc<Settings>) -> Arc<Self> {
        Arc::new(Self {
            settings,
            idle: Mutex::default(),
            shared: SharedConnection::default(),
            retired: AtomicBool::new(false),
        })
    }

    pub(crate) fn upstream(&self) -> &Upstream {
        &self.settings.upstream
    }

    /// Returns whether this pool's connections also suit other settings.
    pub(crate) fn is_compatible(&self, settings: &Settings) -> bool {
        let parts = |settings: &Settings| (settings.limits.max_headers, settings.limits.max_header_bytes);
        self.settings.upstream == settings.upstream && parts(&self.settings) == parts(settings)
    }

    /// Closes the idle connections, and each connection in use once its response has ended.
    pub(crate) fn retire(&self) {
        self.retired.store(true, Ordering::Release);
        self.idle.lock().unwrap_or_else(PoisonError::into_inner).clear();
        self.shared.clear();
    }

    /// Returns an open connection for a request of any client, or `None` if there is none. Over
    /// HTTP/1.1 it is the idle connection that was used last, over HTTP/2 the shared one.
    pub(crate) fn checkout_idle(self: &Arc<Self>, http: HttpVersion) -> Option<Lease> {
        let now = now();
        match http {
            HttpVersion::Http1 => Some(self.reuse(self.take_idle(now)?, now, ConnectionScope::Shared)),
            HttpVersion::Http2 => {
                let (sender, connected_at) = self.shared.current(self.upstream(), now)?;
                Some(self.lease(Sender::Http2(sender), true, connected_at))
            }
        }
    }

    /// Returns the client's own connection, if there is one that can still be used.
    pub(crate) async fn checkout_pinned(self: &Arc<Self>, pinned: &PinnedConnection) -> Option<Lease> {
        let (mut idle, pool) = pinned.replace(None)?;
        let now = now();
        if !Arc::ptr_eq(&pool, self) || self.is_stale(&idle, now) || !self.is_young(&idle, now) {
            return None;
        }
        // Wait, because the connection may still be finishing the last response, and no other can
        // replace it.
        let ready = tokio::time::timeout(self.upstream().connect_timeout, idle.sender.ready()).await;
        matches!(ready, Ok(Ok(()))).then(|| self.reuse(idle, now, ConnectionScope::Client(pinned.clone())))
    }

    /// Makes a new connection. Over HTTP/2, if another request is already connecting, waits for the
    /// connection of that request instead.
    pub(crate) async fn connect(self: &Arc<Self>, http: HttpVersion) -> Result<Lease, ForwardError> {
        let Settings { upstream, limits, .. } = &*self.settings;
        let started = now();
        if http == HttpVersion::Http1 {
            let stream = connect(upstream, http, upstream.connect_timeout).await?;
            let (sender, phase) = http1::handshake(stream, limits).await?;
            return Ok(self.lease(Sender::Http1(sender, phase), false, now()));
        }
        let connecting = tokio::time::timeout(upstream.connect_timeout, self.shared.connecting.lock()).await;
        let _connecting = connecting.map_err(|_| ForwardError::ConnectTimeout)?;
        if let Some(lease) = self.checkout_idle(http) {
            return Ok(lease);
        }
        // The other request's attempt failed. Our own attempt has the rest of the time.
        let stream = connect(upstream, http, upstream.connect_timeout.saturating_sub(started.elapsed())).await?;
        let (sender, connected_at) = (http2::handshake(stream, limits).await?, now());
        // If a reload replaced the upstream while we were connecting, use this connection for the
        // current request only, do not share it.
        if !self.retired.load(Ordering::Acquire) {
            self.shared.share(sender.clone(), connected_at);
        }
        Ok(self.lease(Sender::Http2(sender), false, connected_at))
    }

    fn lease(self: &Arc<Self>, sender: Sender, reused: bool, connected_at: Instant) -> Lease {
        let timer = ConnectionTimer::new(self.upstream().response_timeout);
        let (scope, pool) = (ConnectionScope::Shared, Arc::clone(self));
        Lease { sender, timer, reused, leased_at: now(), scope, connected_at, pool }
    }

    fn reuse(self: &Arc<Self>, idle: IdleConnection, now: Instant, scope: ConnectionScope) -> Lease {
        let IdleConnection { sender, phase, timer, connected_at, .. } = idle;
        let (sender, pool) = (Sender::Http1(sender, phase), Arc::clone(self));
        Lease { sender, timer, reused: true, leased_at: now, scope, connected_at, pool }
    }

    fn take_idle(&self, now: Instant) -> Option<IdleConnection> {
        let mut idle = self.idle.lock().unwrap_or_else(PoisonError::into_inner);
        while idle.front().is_some_and(|oldest| self.is_stale(oldest, now)) {
            idle.pop_front();
        }
        // Take the newest first, so that connections that the current load does not need reach
        // their idle timeout.
        std::iter::from_fn(|| idle.pop_back()).find(|idle| idle.sender.is_ready() && self.is_young(idle, now))
    }

    fn is_stale(&self, idle: &IdleConnection, now: Instant) -> bool {
        now.duration_since(idle.idle_since) > self.upstream().idle_timeout
    }

    fn is_young(&self, idle: &IdleConnection, now: Instant) -> bool {
        now.duration_since(idle.connected_at) < self.upstream().max_connection_age
    }

    fn put_back(&self, connection: IdleConnection) {
        let mut idle = self.idle.lock().unwrap_or_else(PoisonError::into_inner);
        // Check under the lock: `retire` sets the flag first and then takes the lock to clear.
        if self.retired.load(Ordering::Acquire) {
            return;
        }
        idle.push_back(connection);
        if idle.len() > self.upstream().max_idle_connections {
            idle.pop_front();
        }
    }
}

impl Lease {
    /// Returns how long the upstream may send no byte of the response's body.
    pub(crate) fn body_timeout(&self) -> Duration {
        self.pool.upstream().body_timeout
    }

    /// Stops other clients from using the connection, because a response showed that the connection
    /// is authenticated as some user.
    pub(crate) fn make_private(&mut self) {
        if matches!(self.scope, ConnectionScope::Shared) {
            self.scope = ConnectionScope::Request;
            self.evict();
        }
    }

    /// Stops sharing an HTTP/2 connection. Its requests in flight can still finish.
    pub(crate) fn evict(&self) {
        self.pool.shared.evict(self.connected_at);
    }

    /// Keeps an HTTP/1.1 connection for the next request in its scope. Drops it if it is closed or
    /// too old.
    pub(crate) fn give_back(self) {
        let Self { sender, timer, scope, connected_at, pool, .. } = self;
        let Sender::Http1(sender, phase) = sender else { return };
        let idle = IdleConnection { sender, phase, timer, connected_at, idle_since: now() };
        if !idle.sender.is_closed() && pool.is_young(&idle, idle.idle_since) {
            match scope {
                ConnectionScope::Shared => pool.put_back(idle),
                ConnectionScope::Client(pinned) => drop(pinned.replace(Some((idle, pool)))),
                ConnectionScope::Request => {}
            }
        }
    }
}
