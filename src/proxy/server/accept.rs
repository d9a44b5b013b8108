//! Accepts the connections of one worker until it stops, then drains them.

use super::control::{ControlReceiver, ControlSender, ShutdownPhase};
use crate::excerpt::Excerpt;
use crate::metrics::{Metrics, Worker};
use crate::proxy::downstream::connection::ConnectionBuilder;
use crate::proxy::error::serialize;
use crate::proxy::net::limit::CountLimit;
use crate::proxy::net::listener::{AsyncListener, Listener, PortSharing, drop_new_syns};
use crate::proxy::net::shutdown::ShutdownSignal;
use crate::proxy::net::stream::{RawStream, Stream};
use crate::proxy::peer::PeerAddress;
use crate::proxy::request::service::ProxyService;
use crate::proxy::snapshot::Snapshot;
use crate::reason::Reason;
use std::future::Future;
use std::io;
use std::pin::pin;
use std::sync::Arc;
use std::time::Duration;
use tokio::io::{AsyncReadExt, AsyncWriteExt};
use tokio::sync::watch;

/// How long to wait for TCP handshakes in progress while new SYNs are dropped. It is longer than
/// the round trip to clients of a sidecar. Each dropped SYN delays its client by a second, so a
/// longer wait would only delay more clients.
const HANDSHAKE_TIMEOUT: Duration = Duration::from_millis(100);

/// How long a client over `limits.max_connections` may take to read the refusal and to close.
const REFUSAL_TIMEOUT: Duration = Duration::from_secs(1);

/// Most refusals in progress for each worker. Further connections are closed without a response.
const MAX_REFUSALS: usize = 256;

/// Serves the proxy on a listener until `stop` resolves. Then closes the listener, and lets
/// requests in flight finish within `settings.limits.drain`. Counts as one worker in the metrics.
///
/// # Errors
/// The listener cannot be used. A connection that fails is only logged.
pub async fn serve(
    listener: impl Into<Listener>,
    snapshot: Snapshot,
    metrics: &Metrics,
    stop: impl Future<Output = ()>,
) -> io::Result<()> {
    let (control, receiver) = ControlSender::new(snapshot);
    let mut serving = pin!(run(listener.into(), PortSharing::Exclusive, receiver, metrics.worker()));
    tokio::select! {
        ended = &mut serving => return ended,
        () = stop => control.enter(ShutdownPhase::Draining),
    }
    serving.await
}

/// Runs one worker on a listener, under control of the receiver.
pub(crate) async fn run(
    listener: Listener,
    sharing: PortSharing,
    receiver: ControlReceiver,
    worker: Arc<Worker>,
) -> io::Result<()> {
    let ControlReceiver { mut snapshots, mut phases, connections } = receiver;
    let listener = listener.into_async()?;
    let mut snapshot = snapshots.current();
    let mut acceptor = Acceptor::new(&snapshot, &connections, worker);
    loop {
        tokio::select! {
            accepted = listener.accept() => match accepted {
                Ok((stream, peer)) => acceptor.serve(stream, peer),
                Err(error) => pause_after(&error).await,
            },
            next = snapshots.next() => {
                snapshot = next;
                acceptor.replace(&snapshot);
            }
            () = phases.reached(ShutdownPhase::Draining) => break,
        }
    }
    acceptor.stop();
    if sharing == PortSharing::Shared {
        accept_half_open(&listener, &acceptor).await;
    }
    close(listener.into_std()?, &acceptor);
    tokio::select! {
        drained = tokio::time::timeout(snapshot.settings.limits.drain, acceptor.drained()) => if drained.is_err() {
            tracing::warn!("aborting connections that are still open after limits.drain_secs");
        },
        () = phases.reached(ShutdownPhase::Aborting) => {}
    }
    Ok(())
}

/// Accepts the connections whose handshake has started, and leaves new ones to the other process on
/// the port.
async fn accept_half_open(listener: &AsyncListener, acceptor: &Acceptor) {
    if let Err(error) = drop_new_syns(listener) {
        return tracing::warn!(error = %Excerpt(&error), "cannot drop new SYNs: connections opened just now may be reset");
    }
    let _ = tokio::time::timeout(HANDSHAKE_TIMEOUT, async {
        loop {
            match listener.accept().await {
                Ok((stream, peer)) => acceptor.serve(stream, peer),
                Err(error) => pause_after(&error).await,
            }
        }
    })
    .await;
}

/// Closes a listener. Serves the connections in its backlog first, which the close would reset.
fn close(listener: Listener, acceptor: &Acceptor) {
    loop {
        match listener.accept() {
            Ok((stream, peer)) => acceptor.serve(stream, peer),
            Err(error) if concerns_one_connection(&error) => {}
            Err(_) => break,
        }
    }
    drop(listener);
}

/// Serves each connection in a task of its own.
struct Acceptor {
    service: ProxyService,
    builder: Arc<ConnectionBuilder>,
    stopping: watch::Sender<bool>,
    connections: CountLimit,
    refusals: CountLimit,
    worker: Arc<Worker>,
}

impl Acceptor {
    fn new(snapshot: &Snapshot, connections: &CountLimit, worker: Arc<Worker>) -> Self {
        let limits = &snapshot.settings.limits;
        Self {
            service: ProxyService::new(snapshot, Arc::clone(&worker)),
            builder: Arc::new(ConnectionBuilder::new(&snapshot.settings)),
            stopping: watch::Sender::new(false),
            connections: connections.with_limit(limits.max_connections),
            refusals: CountLimit::new(MAX_REFUSALS),
            worker,
        }
    }

    /// Replaces the configuration for new requests. Open connections keep the certificate, header
    /// limits and timeouts they started with.
    fn replace(&mut self, snapshot: &Snapshot) {
        self.service.replace(snapshot);
        self.builder = Arc::new(ConnectionBuilder::new(&snapshot.settings));
        self.connections = self.connections.with_limit(snapshot.settings.limits.max_connections);
    }

    fn serve(&self, stream: RawStream, peer: PeerAddress) {
        if let Err(error) = stream.set_nodelay() {
            return tracing::debug!(error = %Excerpt(&error), "connection closed before it was served");
        }
        let Some(permit) = self.connections.try_acquire(0) else { return self.refuse(stream) };
        let (builder, service) = (Arc::clone(&self.builder), self.service.for_peer(peer));
        let service = if builder.has_tls() { service.over_tls() } else { service };
        let shutdown = ShutdownSignal::subscribe(&self.stopping);
        tokio::spawn(async move { builder.serve(stream, service, permit, shutdown).await });
    }

    /// Answers that there are too many connections, and waits for the client to close. Closing
    /// first would reset the connection, because its request is unread, and lose the response.
    /// With TLS the client could read nothing before a handshake, so the connection is just closed.
    fn refuse(&self, stream: RawStream) {
        self.worker.refused(Reason::TooManyConnections);
        if self.builder.has_tls() {
            return;
        }
        let mut stream = Stream::Raw(stream);
        let Some(permit) = self.refusals.try_acquire(0) else { return };
        tokio::spawn(async move {
            let _permit = permit;
            let refused = async {
                stream.write_all(&serialize(Reason::TooManyConnections)).await?;
                stream.shutdown().await?;
                let mut bytes = [0; 1024];
                while stream.read(&mut bytes).await? > 0 {}
                io::Result::Ok(())
            };
            let _ = tokio::time::timeout(REFUSAL_TIMEOUT, refused).await;
        });
    }

    fn stop(&self) {
        self.stopping.send_replace(true);
    }

    /// Resolves once every connection has ended.
    async fn drained(&self) {
        // Each connection holds a receiver, so the channel closes when the last one ends.
        self.stopping.closed().await;
    }
}

/// Pauses after an error of `accept`, unless the error concerns one connection only. The usual
/// cause is a lack of file descriptors, which takes time to pass.
async fn pause_after(error: &io::Error) {
    if !concerns_one_connection(error) {
        tracing::error!(error = %Excerpt(&error), "cannot accept connections for now");
        tokio::time::sleep(Duration::from_millis(100)).await;
    }
}

fn concerns_one_connection(error: &io::Error) -> bool {
    let kinds = [io::ErrorKind::ConnectionAborted, io::ErrorKind::ConnectionReset, io::ErrorKind::Interrupted];
    kinds.contains(&error.kind())
}
