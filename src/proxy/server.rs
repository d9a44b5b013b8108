//! Accepts connections and serves the proxy on them, on one worker or more, until told to stop.

use super::connection::{Connections, Stopped};
use super::front::Front;
use super::orders::{Command, Orders, Phase};
use super::setup::Setup;
use std::future::Future;
use std::io;
use std::net::SocketAddr;
use std::pin::pin;
use std::sync::Arc;
use std::time::Duration;
use tokio::net::{TcpListener, TcpStream};
use tokio::sync::watch;

/// Connections that wait to be accepted.
const BACKLOG: i32 = 4096;

/// Binds an address so that every worker can have a listener of its own. Shares it with whoever else binds it so.
///
/// # Errors
/// The address is in use or may not be used.
pub fn bind(address: SocketAddr) -> io::Result<std::net::TcpListener> {
    let domain = socket2::Domain::for_address(address);
    let socket = socket2::Socket::new(domain, socket2::Type::STREAM, Some(socket2::Protocol::TCP))?;
    socket.set_reuse_address(true)?;
    #[cfg(unix)]
    socket.set_reuse_port(true)?;
    socket.set_nonblocking(true)?;
    socket.bind(&address.into())?;
    socket.listen(BACKLOG)?;
    Ok(socket.into())
}

/// The address if nobody listens on it yet, another last4 included, which [`bind`] would share it with; port 0 becomes a free one.
///
/// # Errors
/// The address is in use or may not be used.
pub(super) fn free(address: SocketAddr) -> io::Result<SocketAddr> {
    // Held for no longer than the check: a socket that does not share its port may be bound only if there is no other.
    std::net::TcpListener::bind(address)?.local_addr()
}

/// Serves the proxy on a listener until `stop` resolves; then accepts no more and lets what is in flight finish for at most
/// `settings.limits.drain`.
///
/// # Errors
/// The listener cannot be used. Failures of single connections are logged and end only those.
pub async fn serve(listener: std::net::TcpListener, setup: Setup, stop: impl Future<Output = ()>) -> io::Result<()> {
    let (command, orders) = Command::new(setup);
    let mut serving = pin!(run(listener, orders));
    tokio::select! {
        ended = &mut serving => return ended,
        () = stop => command.enter(Phase::Draining),
    }
    serving.await
}

/// Serves the proxy on a listener as it is ordered to.
pub(super) async fn run(listener: std::net::TcpListener, orders: Orders) -> io::Result<()> {
    let Orders { mut setups, mut phases } = orders;
    listener.set_nonblocking(true)?;
    let listener = TcpListener::from_std(listener)?;
    let mut setup = setups.now();
    let mut acceptor = Acceptor::new(&setup);
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
            () = phases.reached(Phase::Draining) => break,
        }
    }
    close(listener.into_std()?, &acceptor);
    tokio::select! {
        drained = tokio::time::timeout(setup.settings.limits.drain, acceptor.finished()) => if drained.is_err() {
            tracing::warn!("connections were still open at the end of the drain and are cut");
        },
        () = phases.reached(Phase::Cut) => {}
    }
    Ok(())
}

/// Closes a listener. Connections that wait to be accepted are served: with the listener they would be reset.
fn close(listener: std::net::TcpListener, acceptor: &Acceptor) {
    loop {
        match listener.accept() {
            Ok((stream, peer)) => match stream.set_nonblocking(true).and_then(|()| TcpStream::from_std(stream)) {
                Ok(stream) => acceptor.serve(stream, peer),
                Err(error) => tracing::debug!(%error, "connection closed before it was served"),
            },
            Err(error) if concerns_one_connection(&error) => {}
            Err(_) => break,
        }
    }
    drop(listener);
}

/// Serves connections, each in a task of its own.
struct Acceptor {
    front: Front,
    connections: Arc<Connections>,
    stopping: watch::Sender<bool>,
}

impl Acceptor {
    fn new(setup: &Setup) -> Self {
        let connections = Arc::new(Connections::new(&setup.settings.limits));
        Self { front: Front::new(setup), connections, stopping: watch::Sender::new(false) }
    }

    /// Serves requests by another setup from now on. How heads are read, a connection keeps to its end.
    fn replace(&mut self, setup: &Setup) {
        self.front.replace(setup);
        self.connections = Arc::new(Connections::new(&setup.settings.limits));
    }

    fn serve(&self, stream: TcpStream, peer: SocketAddr) {
        // Heads and small bodies are written whole.
        if let Err(error) = stream.set_nodelay(true) {
            return tracing::debug!(%error, "connection closed before it was served");
        }
        let (connections, service) = (Arc::clone(&self.connections), self.front.for_peer(peer));
        let stopped = Stopped::new(self.stopping.subscribe());
        tokio::spawn(async move { connections.serve(stream, service, stopped).await });
    }

    /// Tells every connection to stop, and waits until all have.
    async fn finished(&self) {
        self.stopping.send_replace(true);
        // Every connection holds a receiver: the channel is closed once all are done.
        self.stopping.closed().await;
    }
}

/// A failed accept concerns one connection, or it says that descriptors are used up, which only time can mend.
async fn pause_after(error: &io::Error) {
    if !concerns_one_connection(error) {
        tracing::error!(%error, "cannot accept connections for now");
        tokio::time::sleep(Duration::from_millis(100)).await;
    }
}

fn concerns_one_connection(error: &io::Error) -> bool {
    let kinds = [io::ErrorKind::ConnectionAborted, io::ErrorKind::ConnectionReset, io::ErrorKind::Interrupted];
    kinds.contains(&error.kind())
}
