//! The one HTTP/2 connection to the upstream that all requests of a worker share.

use super::request_body::RequestBody;
use crate::excerpt::Excerpt;
use crate::proxy::error::ForwardError;
use crate::proxy::net::stream::Stream;
use crate::proxy::settings::{Limits, Upstream};
use hyper::client::conn::http2::{Builder, SendRequest};
use hyper_util::rt::{TokioExecutor, TokioIo, TokioTimer};
use std::sync::{Mutex, MutexGuard, PoisonError};
use std::time::Instant;

/// How many bytes of one response the upstream may send ahead of the client's reading.
const STREAM_WINDOW: u32 = 128 << 10;

/// The same limit for all responses together. It is the largest value that HTTP/2 allows, so that
/// clients that stop reading never delay others. `STREAM_WINDOW` and `limits.max_requests` bound
/// the memory.
const CONNECTION_WINDOW: u32 = (1 << 31) - 1;

/// How many bytes of a request's body may wait to be sent.
const SEND_BUFFER: usize = 128 << 10;

/// Holds the shared connection.
#[derive(Debug, Default)]
pub(crate) struct SharedConnection {
    current: Mutex<Option<Http2Connection>>,
    /// Locked while a request is connecting, so that others wait for its connection.
    pub(crate) connecting: tokio::sync::Mutex<()>,
}

#[derive(Debug)]
struct Http2Connection {
    sender: SendRequest<RequestBody>,
    connected_at: Instant,
    used_at: Instant,
}

impl SharedConnection {
    /// Returns the connection and when it was made. If it can take no further request, returns
    /// `None` and stops sharing it: it is closed when its requests have finished.
    pub(crate) fn current(&self, upstream: &Upstream, now: Instant) -> Option<(SendRequest<RequestBody>, Instant)> {
        let mut current = self.lock();
        let connection = current.as_mut().filter(|connection| {
            connection.sender.is_ready()
                && now.duration_since(connection.connected_at) < upstream.max_connection_age
                && now.duration_since(connection.used_at) <= upstream.idle_timeout
        });
        if let Some(connection) = connection {
            connection.used_at = now;
            return Some((connection.sender.clone(), connection.connected_at));
        }
        *current = None;
        None
    }

    /// Makes this the connection that requests share.
    pub(crate) fn share(&self, sender: SendRequest<RequestBody>, connected_at: Instant) {
        *self.lock() = Some(Http2Connection { sender, connected_at, used_at: connected_at });
    }

    /// Stops sharing the connection that was made at this time, if it is still the current one.
    pub(crate) fn evict(&self, connected_at: Instant) {
        self.lock().take_if(|connection| connection.connected_at == connected_at);
    }

    /// Stops sharing the current connection.
    pub(crate) fn clear(&self) {
        *self.lock() = None;
    }

    fn lock(&self) -> MutexGuard<'_, Option<Http2Connection>> {
        self.current.lock().unwrap_or_else(PoisonError::into_inner)
    }
}

/// Starts HTTP/2 on a new connection.
pub(crate) async fn handshake(stream: Stream, limits: &Limits) -> Result<SendRequest<RequestBody>, ForwardError> {
    let mut builder = Builder::new(TokioExecutor::new());
    builder
        .timer(TokioTimer::new())
        .initial_stream_window_size(STREAM_WINDOW)
        .initial_connection_window_size(CONNECTION_WINDOW)
        .max_send_buf_size(SEND_BUFFER)
        .max_header_list_size(u32::try_from(limits.max_header_bytes).unwrap_or(u32::MAX));
    let handshake = builder.handshake(TokioIo::new(stream)).await;
    let (sender, connection) = handshake.map_err(|error| ForwardError::Protocol(Some(error)))?;
    tokio::spawn(async move {
        if let Err(error) = connection.await {
            tracing::debug!(error = %Excerpt(&error), "upstream connection ended");
        }
    });
    Ok(sender)
}
