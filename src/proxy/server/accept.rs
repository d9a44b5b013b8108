//! Accepts connections and serves the proxy on them, on one worker or more, until told to stop.

use super::control::{ControlReceiver, ControlSender, ShutdownPhase};
use crate::excerpt::Excerpt;
use crate::metrics::{Metrics, Worker};
use crate::proxy::downstream::connection::ConnectionBuilder;
use crate::proxy::downstream::raw_response::serialize;
use crate::proxy::net::limit::CountLimit;
use crate::proxy::net::listener::{AsyncListener, Listener, PortSharing, hold_off};
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

/// How long connections that have begun may take to be there, where new ones go to another process. Longer than a round trip to whom
/// a proxy beside an API is called by, and no longer: whoever begins meanwhile may have to begin again, a second later. (On loopback,
/// where a handshake takes no time, none was seen to be lost with no wait at all; nor with this one.)
const HANDSHAKES: Duration = Duration::from_millis(100);

/// How long a connection over the limit may take to hear that it is.
const REFUSAL: Duration = Duration::from_secs(1);

/// Most of them at once for each worker; the others are closed without a word.
const MAX_REFUSALS: usize = 256;

/// Serves the proxy on a listener until `stop` resolves; then accepts no more and lets what is in flight finish for at most
/// `settings.limits.drain`. Counts as a worker of its own.
///
/// # Errors
/// The listener cannot be used. Failures of single connections are logged and end only those.
pub async fn serve(
    listener: impl Into<Listener>,
    setup: Snapshot,
    metrics: &Metrics,
    stop: impl Future<Output = ()>,
) -> io::Result<()> {
    let (command, orders) = ControlSender::new(setup);
    let mut serving = pin!(run(listener.into(), PortSharing::Exclusive, orders, metrics.worker()));
    tokio::select! {
        ended = &mut serving => return ended,
        () = stop => command.enter(ShutdownPhase::Draining),
    }
    serving.await
}

/// Serves the proxy on a listener as it is ordered to, and counts as this worker.
pub(crate) async fn run(
    listener: Listener,
    port: PortSharing,
    orders: ControlReceiver,
    worker: Arc<Worker>,
) -> io::Result<()> {
    let ControlReceiver { mut setups, mut phases, connections } = orders;
    let listener = listener.into_async()?;
    let mut setup = setups.now();
    let mut acceptor = Acceptor::new(&setup, &connections, worker);
    loop {
        tokio::select! {
            accepted = listener.accept() => match accepted {
                Ok((stream, peer)) => acceptor.serve(stream, peer),
                Err(error) => pause_after(&error).await,
            },
            next = setups.next() => {
                setup = next;
                acceptor.replace(&setup);
            }
            () = phases.reached(ShutdownPhase::Draining) => break,
        }
    }
    acceptor.tell_to_stop();
    if port == PortSharing::Shared {
        leave(&listener, &acceptor).await;
    }
    close(listener.into_std()?, &acceptor);
    tokio::select! {
        drained = tokio::time::timeout(setup.settings.limits.drain, acceptor.finished()) => if drained.is_err() {
            tracing::warn!("connections were still open at the end of the drain and are cut");
        },
        () = phases.reached(ShutdownPhase::Cut) => {}
    }
    Ok(())
}

/// Leaves new connections to the other listeners on the port, and accepts those that have begun.
async fn leave(listener: &AsyncListener, acceptor: &Acceptor) {
    if let Err(error) = hold_off(listener) {
        // What then is lost is what begins in the microseconds between the last look for connections and the close.
        return tracing::warn!(error = %Excerpt(&error), "connections that begin just now may be reset");
    }
    let _ = tokio::time::timeout(HANDSHAKES, async {
        loop {
            match listener.accept().await {
                Ok((stream, peer)) => acceptor.serve(stream, peer),
                Err(error) => pause_after(&error).await,
            }
        }
    })
    .await;
}

/// Closes a listener. Connections that wait to be accepted are served: with the listener they would be reset.
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

/// Serves connections, each in a task of its own.
struct Acceptor {
    front: ProxyService,
    connections: Arc<ConnectionBuilder>,
    stopping: watch::Sender<bool>,
    load: CountLimit,
    refusals: CountLimit,
    worker: Arc<Worker>,
}

impl Acceptor {
    fn new(setup: &Snapshot, load: &CountLimit, worker: Arc<Worker>) -> Self {
        let limits = &setup.settings.limits;
        Self {
            front: ProxyService::new(setup, Arc::clone(&worker)),
            connections: Arc::new(ConnectionBuilder::new(&setup.settings)),
            stopping: watch::Sender::new(false),
            load: load.with_limit(limits.max_connections),
            refusals: CountLimit::new(MAX_REFUSALS),
            worker,
        }
    }

    /// Serves requests by another setup from now on. How it is encrypted and heads are read, a connection keeps to its end.
    fn replace(&mut self, setup: &Snapshot) {
        self.front.replace(setup);
        self.connections = Arc::new(ConnectionBuilder::new(&setup.settings));
        self.load = self.load.with_limit(setup.settings.limits.max_connections);
    }

    fn serve(&self, stream: RawStream, peer: PeerAddress) {
        if let Err(error) = stream.set_nodelay() {
            return tracing::debug!(error = %Excerpt(&error), "connection closed before it was served");
        }
        let Some(permit) = self.load.try_acquire(0) else { return self.refuse(stream) };
        let (connections, service) = (Arc::clone(&self.connections), self.front.for_peer(peer));
        let service = if connections.have_tls() { service.over_tls() } else { service };
        let stopped = ShutdownSignal::by(&self.stopping);
        tokio::spawn(async move { connections.serve(stream, service, permit, stopped).await });
    }

    /// Tells the client that there is no room. Waits for it to hang up: a connection closed before its request was read is reset,
    /// and with it what it was told. One that expects TLS could read nothing before a handshake, and is just closed.
    fn refuse(&self, stream: RawStream) {
        self.worker.refused(Reason::TooManyConnections);
        if self.connections.have_tls() {
            return;
        }
        let mut stream = Stream::Raw(stream);
        let Some(permit) = self.refusals.try_acquire(0) else { return };
        tokio::spawn(async move {
            let _permit = permit;
            let told = async {
                stream.write_all(&serialize(Reason::TooManyConnections)).await?;
                stream.shutdown().await?;
                let mut bytes = [0; 1024];
                while stream.read(&mut bytes).await? > 0 {}
                io::Result::Ok(())
            };
            let _ = tokio::time::timeout(REFUSAL, told).await;
        });
    }

    fn tell_to_stop(&self) {
        self.stopping.send_replace(true);
    }

    /// Resolves once every connection has ended.
    async fn finished(&self) {
        // Every connection holds a receiver: the channel is closed once all are done.
        self.stopping.closed().await;
    }
}

/// A failed accept concerns one connection, or it says that descriptors are used up, which only time can mend.
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
