//! A connection that has switched protocols: bytes both ways until both sides are done, or nothing passes for too long.

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

/// The two sides of a tunnel. An extension of the answer that opens it, and begun by whoever passes that on.
#[derive(Clone, Debug)]
pub(crate) struct Tunnel {
    pub(crate) client: OnUpgrade,
    pub(crate) upstream: OnUpgrade,
    /// The client's connection, which is as open as any other.
    pub(crate) connection: Option<ConnectionGuard>,
    /// The request's permit: a tunnel keeps the upstream as busy as a request.
    pub(crate) permit: Option<Permit>,
    /// How long nothing may pass.
    pub(crate) idle_timeout: Duration,
}

impl Tunnel {
    /// Takes the tunnel that an answer opens, if it does.
    pub(crate) fn take<B>(response: &mut Response<B>) -> Option<Self> {
        let opens = response.status() == StatusCode::SWITCHING_PROTOCOLS;
        opens.then(|| response.extensions_mut().remove()).flatten()
    }

    /// Has the tunnel that an answer opens, if it does, hold the permit of its request.
    pub(crate) fn hold<B>(response: &mut Response<B>, permit: &mut Option<Permit>) {
        if response.status() == StatusCode::SWITCHING_PROTOCOLS
            && let Some(tunnel) = response.extensions_mut().get_mut::<Self>()
        {
            tunnel.permit = permit.take();
        }
    }

    /// Joins the two sides once both have switched protocols, and resolves when the tunnel has ended.
    pub(crate) async fn run(self) -> TunnelEnd {
        // `connection` and `permit` are held to the end of the tunnel.
        let Self { client, upstream, connection: _connection, permit: _permit, idle_timeout } = self;
        let (client, mut upstream) = match tokio::try_join!(client, upstream) {
            Ok((client, upstream)) => (client, TokioIo::new(upstream)),
            Err(error) => {
                tracing::debug!(error = %Excerpt(&error), "a side did not switch protocols");
                return TunnelEnd { sent: 0, complete: false };
            }
        };
        let traffic = Arc::new(Traffic::default());
        let mut client = ClientSide { stream: TokioIo::new(client), traffic: Arc::clone(&traffic) };
        let ended = tokio::select! {
            ended = copy_bidirectional(&mut client, &mut upstream) => ended.map(drop),
            () = traffic.stopped_for(idle_timeout) => Err(io::ErrorKind::TimedOut.into()),
        };
        if let Err(error) = &ended {
            tracing::debug!(error = %Excerpt(error), "tunnel cut");
        }
        TunnelEnd { sent: traffic.state().sent, complete: ended.is_ok() }
    }
}

/// How a tunnel ended.
#[derive(Clone, Copy, Debug)]
pub(crate) struct TunnelEnd {
    /// Bytes that went to the client.
    pub(crate) sent: usize,
    /// Whether both sides closed it.
    pub(crate) complete: bool,
}

/// What a connection holds for as long as it is open, also as a tunnel: a proxy that was told to stop waits for it, and it counts.
#[derive(Clone, Debug)]
pub(crate) struct ConnectionGuard {
    pub(crate) _shutdown: ShutdownSignal,
    pub(crate) _permit: Arc<Permit>,
    pub(crate) _counted: Arc<OpenConnection>,
}

/// What passes through a tunnel.
#[derive(Debug)]
struct Traffic(Mutex<TrafficState>);

#[derive(Debug)]
struct TrafficState {
    /// When a byte last came from the client or went to it.
    last: Instant,
    /// Bytes that went to the client.
    sent: usize,
}

impl Default for Traffic {
    fn default() -> Self {
        Self(Mutex::new(TrafficState { last: Instant::now(), sent: 0 }))
    }
}

impl Traffic {
    fn state(&self) -> MutexGuard<'_, TrafficState> {
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
struct ClientSide<S> {
    stream: S,
    traffic: Arc<Traffic>,
}

impl<S: AsyncRead + Unpin> AsyncRead for ClientSide<S> {
    fn poll_read(mut self: Pin<&mut Self>, cx: &mut Context<'_>, buf: &mut ReadBuf<'_>) -> Poll<io::Result<()>> {
        let before = buf.filled().len();
        let read = Pin::new(&mut self.stream).poll_read(cx, buf);
        if buf.filled().len() > before {
            self.traffic.passed(0);
        }
        read
    }
}

impl<S: AsyncWrite + Unpin> AsyncWrite for ClientSide<S> {
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
