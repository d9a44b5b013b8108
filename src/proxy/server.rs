//! Accepts connections and serves the proxy on them, on one worker or more, until told to stop.

use super::connection::{Connections, Stopped};
use super::front::Front;
use super::settings::Settings;
use crate::layer::MaskLayer;
use crate::metrics::Metrics;
use std::future::Future;
use std::io;
use std::net::SocketAddr;
use std::sync::Arc;
use std::time::Duration;
use tokio::net::TcpListener;
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
/// `settings.limits.drain`. Counts as a worker of its own.
///
/// # Errors
/// The listener cannot be used. Failures of single connections are logged and end only those.
pub async fn serve(
    listener: std::net::TcpListener,
    settings: Arc<Settings>,
    layer: MaskLayer,
    metrics: &Metrics,
    stop: impl Future<Output = ()>,
) -> io::Result<()> {
    listener.set_nonblocking(true)?;
    let listener = TcpListener::from_std(listener)?;
    let front = Front::new(Arc::clone(&settings), &layer, metrics.worker());
    let connections = Arc::new(Connections::new(&settings.limits));
    let (stopping, stopped) = watch::channel(false);
    let mut stop = std::pin::pin!(stop);
    loop {
        let (stream, peer) = tokio::select! {
            accepted = listener.accept() => match accepted {
                Ok(accepted) => accepted,
                Err(error) => {
                    pause_after(&error).await;
                    continue;
                }
            },
            () = &mut stop => break,
        };
        // Heads and small bodies are written whole.
        if let Err(error) = stream.set_nodelay(true) {
            tracing::debug!(%error, "connection closed before it was served");
            continue;
        }
        let (connections, service) = (Arc::clone(&connections), front.for_peer(peer));
        let stopped = Stopped::new(stopped.clone());
        tokio::spawn(async move { connections.serve(stream, service, stopped).await });
    }
    drop((listener, stopped));
    stopping.send_replace(true);
    // Every connection holds a receiver: the channel is closed once all are done.
    if tokio::time::timeout(settings.limits.drain, stopping.closed()).await.is_err() {
        tracing::warn!("connections were still open at the end of the drain and are cut");
    }
    Ok(())
}

/// A failed accept concerns one connection, or it says that descriptors are used up, which only time can mend.
async fn pause_after(error: &io::Error) {
    let of_one_connection = [io::ErrorKind::ConnectionAborted, io::ErrorKind::ConnectionReset];
    if !of_one_connection.contains(&error.kind()) {
        tracing::error!(%error, "cannot accept connections for now");
        tokio::time::sleep(Duration::from_millis(100)).await;
    }
}
