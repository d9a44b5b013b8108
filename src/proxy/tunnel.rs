//! A connection that has switched protocols: bytes both ways until both sides are done, or nothing passes for too long.

use super::connection::Open;
use super::load::Permit;
use super::record::Record;
use crate::excerpt::Excerpt;
use hyper::upgrade::OnUpgrade;
use hyper_util::rt::TokioIo;
use std::io;
use std::pin::Pin;
use std::sync::{Arc, Mutex, MutexGuard, PoisonError};
use std::task::{Context, Poll};
use std::time::Duration;
use tokio::io::{AsyncRead, AsyncWrite, ReadBuf, copy_bidirectional};
use tokio::time::{Instant, sleep_until};

/// The two sides of a tunnel. An extension of the answer that opens it, and begun by whoever passes that on.
#[derive(Clone, Debug)]
pub(super) struct Tunnel {
    pub(super) client: OnUpgrade,
    pub(super) upstream: OnUpgrade,
    /// The client's connection, which is as open as any other.
    pub(super) open: Option<Open>,
    /// The request's place, which it keeps: the upstream has as much of a tunnel as of a request.
    pub(super) permit: Permit,
    /// How long nothing may pass.
    pub(super) idle_timeout: Duration,
}

impl Tunnel {
    /// Joins the two sides once both have switched. Until that is over the request is in flight, so it is counted and logged then.
    pub(super) fn begin(self, mut record: Box<Record>) {
        tokio::spawn(async move {
            let Self { client, upstream, open, permit, idle_timeout } = self;
            let (client, mut upstream) = match tokio::try_join!(client, upstream) {
                Ok((client, upstream)) => (client, TokioIo::new(upstream)),
                Err(error) => return tracing::debug!(error = %Excerpt(&error), "a side did not switch protocols"),
            };
            let traffic = Arc::new(Traffic::default());
            let mut client = Client { stream: TokioIo::new(client), traffic: Arc::clone(&traffic) };
            let ended = tokio::select! {
                ended = copy_bidirectional(&mut client, &mut upstream) => ended.map(drop),
                () = traffic.stopped_for(idle_timeout) => Err(io::ErrorKind::TimedOut.into()),
            };
            record.sent(traffic.state().sent);
            match ended {
                Ok(()) => record.whole(),
                Err(error) => tracing::debug!(error = %Excerpt(&error), "tunnel cut"),
            }
            // Not before it is over.
            drop((open, permit));
        });
    }
}

/// What passes through a tunnel.
#[derive(Debug)]
struct Traffic(Mutex<State>);

#[derive(Debug)]
struct State {
    /// When a byte last came from the client or went to it.
    last: Instant,
    /// Bytes that went to the client.
    sent: usize,
}

impl Default for Traffic {
    fn default() -> Self {
        Self(Mutex::new(State { last: Instant::now(), sent: 0 }))
    }
}

impl Traffic {
    fn state(&self) -> MutexGuard<'_, State> {
        self.0.lock().unwrap_or_else(PoisonError::into_inner)
    }

    /// Notes that bytes passed, and how many of them went to the client.
    fn passed(&self, sent: usize) {
        let mut state = self.state();
        (state.last, state.sent) = (Instant::now(), state.sent + sent);
    }

    /// Resolves once nothing has passed for so long.
    async fn stopped_for(&self, time: Duration) {
        loop {
            let deadline = self.state().last + time;
            if deadline <= Instant::now() {
                return;
            }
            sleep_until(deadline).await;
        }
    }
}

/// The client's side, where all that passes is seen: what comes from it, and what it takes.
struct Client<S> {
    stream: S,
    traffic: Arc<Traffic>,
}

impl<S: AsyncRead + Unpin> AsyncRead for Client<S> {
    fn poll_read(mut self: Pin<&mut Self>, cx: &mut Context<'_>, buf: &mut ReadBuf<'_>) -> Poll<io::Result<()>> {
        let before = buf.filled().len();
        let read = Pin::new(&mut self.stream).poll_read(cx, buf);
        if buf.filled().len() > before {
            self.traffic.passed(0);
        }
        read
    }
}

impl<S: AsyncWrite + Unpin> AsyncWrite for Client<S> {
    fn poll_write(mut self: Pin<&mut Self>, cx: &mut Context<'_>, bytes: &[u8]) -> Poll<io::Result<usize>> {
        let written = Pin::new(&mut self.stream).poll_write(cx, bytes);
        if let Poll::Ready(Ok(sent)) = written {
            self.traffic.passed(sent);
        }
        written
    }

    fn poll_flush(mut self: Pin<&mut Self>, cx: &mut Context<'_>) -> Poll<io::Result<()>> {
        Pin::new(&mut self.stream).poll_flush(cx)
    }

    fn poll_shutdown(mut self: Pin<&mut Self>, cx: &mut Context<'_>) -> Poll<io::Result<()>> {
        Pin::new(&mut self.stream).poll_shutdown(cx)
    }
}
