//! A connection that has switched protocols. Copies bytes both ways until both sides have closed,
//! or until no byte has passed for too long.

use crate::excerpt::Excerpt;
use crate::metrics::OpenConnection;
use crate::proxy::net::limit::Permit;
use crate::proxy::net::shutdown::ShutdownSignal;
use http::{Response, StatusCode};
use hyper::upgrade::OnUpgrade;
use hyper_util::rt::TokioIo;
use std::io;
use std::pin::Pin;
use std::sync::{Arc, Mutex, MutexGuard, PoisonError};
use std::task::{Context, Poll};
use std::time::Duration;
use tokio::io::{AsyncRead, AsyncWrite, ReadBuf, copy_bidirectional};
use tokio::time::{Instant, sleep_until};

/// The two sides of a tunnel, as an extension of the 101 response. The outermost service takes it
/// from the response and runs it.
#[derive(Clone, Debug)]
pub(crate) struct Tunnel {
    pub(crate) client: OnUpgrade,
    pub(crate) upstream: OnUpgrade,
    /// Counts the client's connection as open until the tunnel ends. `None` if the request came
    /// without a guard.
    pub(crate) connection: Option<ConnectionGuard>,
    /// The request's permit, held until the tunnel ends, because a tunnel occupies the upstream as
    /// a request does. `None` until [`Self::hold`] sets it.
    pub(crate) permit: Option<Permit>,
    /// The tunnel ends after this long without a byte in either direction.
    pub(crate) idle_timeout: Duration,
}

impl Tunnel {
    /// Removes the tunnel from the response that opens it. `None` for all other responses.
    pub(crate) fn take<B>(response: &mut Response<B>) -> Option<Self> {
        let opens = response.status() == StatusCode::SWITCHING_PROTOCOLS;
        opens.then(|| response.extensions_mut().remove()).flatten()
    }

    /// Moves the permit of a request into its tunnel, if the response opens one.
    pub(crate) fn hold<B>(response: &mut Response<B>, permit: &mut Option<Permit>) {
        if response.status() == StatusCode::SWITCHING_PROTOCOLS
            && let Some(tunnel) = response.extensions_mut().get_mut::<Self>()
        {
            tunnel.permit = permit.take();
        }
    }

    /// Connects the two sides once both have switched protocols. Resolves when the tunnel has
    /// ended.
    pub(crate) async fn run(self) -> TunnelEnd {
        // Keep `connection` and `permit` to the end of the tunnel.
        let Self { client, upstream, connection: _connection, permit: _permit, idle_timeout } = self;
        let (client, mut upstream) = match tokio::try_join!(client, upstream) {
            Ok((client, upstream)) => (client, TokioIo::new(upstream)),
            Err(error) => {
                tracing::debug!(error = %Excerpt(&error), "one side did not switch protocols");
                return TunnelEnd { sent: 0, complete: false };
            }
        };
        let traffic = Arc::new(Traffic::default());
        let mut client = ClientSide { stream: TokioIo::new(client), traffic: Arc::clone(&traffic) };
        let ended = tokio::select! {
            ended = copy_bidirectional(&mut client, &mut upstream) => ended.map(drop),
            () = traffic.idle_for(idle_timeout) => Err(io::ErrorKind::TimedOut.into()),
        };
        if let Err(error) = &ended {
            tracing::debug!(error = %Excerpt(error), "tunnel ended early");
        }
        TunnelEnd { sent: traffic.state().sent, complete: ended.is_ok() }
    }
}

/// How a tunnel ended.
#[derive(Clone, Copy, Debug)]
pub(crate) struct TunnelEnd {
    /// Bytes sent to the client.
    pub(crate) sent: usize,
    /// Whether both sides closed the tunnel. False after an error or the idle timeout.
    pub(crate) complete: bool,
}

/// Held while a client connection is open, also after it has become a tunnel. Until it is dropped,
/// shutdown waits for the connection, and limits and metrics count it.
#[derive(Clone, Debug)]
pub(crate) struct ConnectionGuard {
    pub(crate) _shutdown: ShutdownSignal,
    pub(crate) _permit: Arc<Permit>,
    pub(crate) _counted: Arc<OpenConnection>,
}

/// The traffic of a tunnel, shared by the copying and the idle timeout.
#[derive(Debug)]
struct Traffic(Mutex<TrafficState>);

#[derive(Debug)]
struct TrafficState {
    last_byte: Instant,
    /// Bytes sent to the client.
    sent: usize,
}

impl Default for Traffic {
    fn default() -> Self {
        Self(Mutex::new(TrafficState { last_byte: Instant::now(), sent: 0 }))
    }
}

impl Traffic {
    fn state(&self) -> MutexGuard<'_, TrafficState> {
        self.0.lock().unwrap_or_else(PoisonError::into_inner)
    }

    /// Records that bytes have just passed, and that `sent` of them were sent to the client.
    fn record(&self, sent: usize) {
        let mut state = self.state();
        (state.last_byte, state.sent) = (Instant::now(), state.sent + sent);
    }

    /// Resolves once no byte has passed for this long.
    async fn idle_for(&self, limit: Duration) {
        loop {
            let deadline = self.state().last_byte + limit;
            if deadline <= Instant::now() {
                return;
            }
            sleep_until(deadline).await;
        }
    }
}

/// The client's side of a tunnel. It records the traffic in both directions, because every byte is
/// either read from it or written to it.
struct ClientSide<S> {
    stream: S,
    traffic: Arc<Traffic>,
}

impl<S: AsyncRead + Unpin> AsyncRead for ClientSide<S> {
    fn poll_read(mut self: Pin<&mut Self>, cx: &mut Context<'_>, buf: &mut ReadBuf<'_>) -> Poll<io::Result<()>> {
        let before = buf.filled().len();
        let read = Pin::new(&mut self.stream).poll_read(cx, buf);
        if buf.filled().len() > before {
            self.traffic.record(0);
        }
        read
    }
}

impl<S: AsyncWrite + Unpin> AsyncWrite for ClientSide<S> {
    fn poll_write(mut self: Pin<&mut Self>, cx: &mut Context<'_>, bytes: &[u8]) -> Poll<io::Result<usize>> {
        let written = Pin::new(&mut self.stream).poll_write(cx, bytes);
        if let Poll::Ready(Ok(sent)) = written {
            self.traffic.record(sent);
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
