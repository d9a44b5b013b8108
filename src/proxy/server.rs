//! Accepts connections and serves the proxy on them, on one worker or more, until told to stop.

use super::front::Front;
use super::settings::{DEFAULT_MAX_HEADERS, Limits, Settings};
use crate::layer::MaskLayer;
use hyper_util::rt::{TokioExecutor, TokioIo, TokioTimer};
use hyper_util::server::conn::auto;
use hyper_util::server::graceful::GracefulShutdown;
use std::future::Future;
use std::io;
use std::net::SocketAddr;
use std::sync::Arc;
use std::time::Duration;
use tokio::net::{TcpListener, TcpStream};

/// Connections that wait to be accepted.
const BACKLOG: i32 = 4096;

/// Most streams that one HTTP/2 client may have open.
const MAX_STREAMS: u32 = 256;

/// Binds an address so that every worker, and the process that will take over from this one, can have a listener of its own.
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

/// Serves the proxy on a listener until `stop` resolves; then accepts no more and lets what is in flight finish for at most
/// `settings.limits.drain`.
///
/// # Errors
/// The listener cannot be used. Failures of single connections are logged and end only those.
pub async fn serve(
    listener: std::net::TcpListener,
    settings: Arc<Settings>,
    layer: MaskLayer,
    stop: impl Future<Output = ()>,
) -> io::Result<()> {
    listener.set_nonblocking(true)?;
    let listener = TcpListener::from_std(listener)?;
    let front = Front::new(Arc::clone(&settings), &layer);
    let builder = connection_builder(&settings.limits);
    let graceful = GracefulShutdown::new();
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
        serve_connection(stream, peer, &front, &builder, &graceful);
    }
    drop(listener);
    if tokio::time::timeout(settings.limits.drain, graceful.shutdown()).await.is_err() {
        tracing::warn!("connections were still open at the end of the drain and are cut");
    }
    Ok(())
}

fn serve_connection(
    stream: TcpStream,
    peer: SocketAddr,
    front: &Front,
    builder: &auto::Builder<TokioExecutor>,
    graceful: &GracefulShutdown,
) {
    // Heads and small bodies are written whole.
    if let Err(error) = stream.set_nodelay(true) {
        tracing::debug!(%error, "connection closed before it was served");
        return;
    }
    let connection = builder.serve_connection_with_upgrades(TokioIo::new(stream), front.for_peer(peer)).into_owned();
    let connection = graceful.watch(connection);
    tokio::spawn(async move {
        if let Err(error) = connection.await {
            tracing::debug!(%error, "connection ended");
        }
    });
}

fn connection_builder(limits: &Limits) -> auto::Builder<TokioExecutor> {
    let mut builder = auto::Builder::new(TokioExecutor::new()).preserve_header_case(true);
    let mut http1 = builder.http1();
    http1
        .timer(TokioTimer::new())
        .header_read_timeout(limits.header_timeout)
        // What the upstream did not say is not said for it.
        .auto_date_header(false);
    // Not `pipeline_flush`: with it a 101 is not flushed while bytes behind the request wait, and both sides hang.
    if limits.max_headers != DEFAULT_MAX_HEADERS {
        http1.max_headers(limits.max_headers);
    }
    builder
        .http2()
        .timer(TokioTimer::new())
        .auto_date_header(false)
        .max_concurrent_streams(MAX_STREAMS)
        .max_header_list_size(u32::try_from(limits.max_header_bytes).unwrap_or(u32::MAX));
    builder
}

/// A failed accept concerns one connection, or it says that descriptors are used up, which only time can mend.
async fn pause_after(error: &io::Error) {
    let of_one_connection = [io::ErrorKind::ConnectionAborted, io::ErrorKind::ConnectionReset];
    if !of_one_connection.contains(&error.kind()) {
        tracing::error!(%error, "cannot accept connections for now");
        tokio::time::sleep(Duration::from_millis(100)).await;
    }
}
