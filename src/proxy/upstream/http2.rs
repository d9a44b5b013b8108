//! The one HTTP/2 connection to the upstream that a worker's requests share.

use crate::excerpt::Excerpt;
use crate::proxy::net::stream::Stream;
use crate::proxy::settings::{Limits, Upstream};
use hyper::body::Body;
use hyper::client::conn::http2::{self, SendRequest};
use hyper_util::rt::{TokioExecutor, TokioIo, TokioTimer};
use std::sync::{Mutex, MutexGuard, PoisonError};
use std::time::Instant;

/// How much of an answer the upstream may send ahead of its client.
const ANSWER_WINDOW: u32 = 128 << 10;

/// The same for all answers on the connection together: as much as there is, so that clients that stop reading never hold up others.
/// What they cost is bounded by the window of each and by `limits.max_requests`.
const CONNECTION_WINDOW: u32 = (1 << 31) - 1;

/// How much of a request's body may wait to be sent.
const SEND_BUFFER: usize = 128 << 10;

/// The place of the shared connection.
#[derive(Debug)]
pub(crate) struct SharedConnection<B> {
    current: Mutex<Option<Shared<B>>>,
    /// Held by who makes a connection, so that others wait for it instead of making more.
    pub(crate) making: tokio::sync::Mutex<()>,
}

#[derive(Debug)]
struct Shared<B> {
    sender: SendRequest<B>,
    made: Instant,
    used: Instant,
}

impl<B> Default for SharedConnection<B> {
    fn default() -> Self {
        Self { current: Mutex::new(None), making: tokio::sync::Mutex::new(()) }
    }
}

impl<B> SharedConnection<B> {
    /// The connection, with when it was made, if there is one that still is good. One that is too old finishes its requests and ends.
    pub(crate) fn current(&self, upstream: &Upstream) -> Option<(SendRequest<B>, Instant)> {
        let mut current = self.lock();
        let now = Instant::now();
        let good = |shared: &Shared<B>| {
            shared.sender.is_ready()
                && now.duration_since(shared.made) < upstream.max_connection_age
                && now.duration_since(shared.used) <= upstream.idle_timeout
        };
        match &mut *current {
            Some(shared) if good(shared) => {
                shared.used = now;
                Some((shared.sender.clone(), shared.made))
            }
            current => {
                *current = None;
                None
            }
        }
    }

    /// Shares a connection from now on.
    pub(crate) fn share(&self, sender: SendRequest<B>, made: Instant) {
        *self.lock() = Some(Shared { sender, made, used: made });
    }

    /// Takes no further request on the connection that was made then. Those on it are let finish.
    pub(crate) fn forget(&self, made: Instant) {
        self.lock().take_if(|shared| shared.made == made);
    }

    /// Takes no further request on whatever connection there is.
    pub(crate) fn clear(&self) {
        *self.lock() = None;
    }

    fn lock(&self) -> MutexGuard<'_, Option<Shared<B>>> {
        self.current.lock().unwrap_or_else(PoisonError::into_inner)
    }
}

/// Speaks HTTP/2 on a connection.
pub(crate) async fn begin<B>(stream: Stream, limits: &Limits) -> hyper::Result<SendRequest<B>>
where
    B: Body + Send + Unpin + 'static,
    B::Data: Send,
    B::Error: Into<Box<dyn std::error::Error + Send + Sync>>,
{
    let mut builder = http2::Builder::new(TokioExecutor::new());
    builder
        .timer(TokioTimer::new())
        .initial_stream_window_size(ANSWER_WINDOW)
        .initial_connection_window_size(CONNECTION_WINDOW)
        .max_send_buf_size(SEND_BUFFER)
        .max_header_list_size(u32::try_from(limits.max_header_bytes).unwrap_or(u32::MAX));
    let (sender, connection) = builder.handshake(TokioIo::new(stream)).await?;
    tokio::spawn(async move {
        if let Err(error) = connection.await {
            tracing::debug!(error = %Excerpt(&error), "upstream connection ended");
        }
    });
    Ok(sender)
}
