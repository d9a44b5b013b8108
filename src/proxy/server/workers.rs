//! Threads that serve the proxy. Each has its own listener, runtime and upstream connections, so
//! that a request stays on one core.

use super::accept::run;
use super::control::{ControlSender, ShutdownPhase, Status};
use crate::metrics::Metrics;
use crate::proxy::net::listener::{ListenAddress, Listener, PortSharing, bind, ensure_unused};
use crate::proxy::net::shared_port::SharedPort;
use crate::proxy::net::unix_socket::{self, UnixSocketFile};
use crate::proxy::snapshot::Snapshot;
use std::io;
use std::net::SocketAddr;
use std::num::NonZeroUsize;
use std::sync::{Mutex, PoisonError};
use std::thread::JoinHandle;

/// Running workers.
#[derive(Debug)]
pub struct Workers {
    address: ListenAddress,
    held: HeldAddress,
    control: ControlSender,
    status: Status,
    count: NonZeroUsize,
    threads: Vec<JoinHandle<io::Result<()>>>,
}

impl Workers {
    /// Binds the address and starts `count` workers.
    ///
    /// # Errors
    /// The address is in use or may not be used, or the system cannot create a thread.
    pub fn start(
        address: impl Into<ListenAddress>,
        sharing: PortSharing,
        count: NonZeroUsize,
        snapshot: Snapshot,
        metrics: &Metrics,
    ) -> io::Result<Self> {
        let (address, listeners, held) = listen(address.into(), sharing, count)?;
        let (control, receiver) = ControlSender::new(snapshot.share_of(count));
        let mut threads = Vec::with_capacity(listeners.len());
        for (number, listener) in listeners.into_iter().enumerate() {
            let (receiver, worker) = (receiver.clone(), metrics.worker());
            let serve = move || {
                let runtime = tokio::runtime::Builder::new_current_thread().enable_all().build()?;
                let served = runtime.block_on(run(listener, sharing, receiver, worker));
                // Dropping the runtime would block until a DNS lookup in progress has ended.
                runtime.shutdown_background();
                served
            };
            threads.push(std::thread::Builder::new().name(format!("worker-{number}")).spawn(serve)?);
        }
        Ok(Self { address, held, control, status: Status::new(receiver.snapshots), count, threads })
    }

    /// Returns the address that the workers listen on.
    pub fn address(&self) -> &ListenAddress {
        &self.address
    }

    /// Returns the proxy's state, for the operator's listener.
    pub fn status(&self) -> &Status {
        &self.status
    }

    /// Replaces the configuration, from each connection's next request on.
    pub fn replace(&self, snapshot: Snapshot) {
        self.control.replace(snapshot.share_of(self.count));
    }

    /// Closes the listeners. The workers end once no request is in flight, or after
    /// `limits.drain_secs`.
    pub fn drain(&self) {
        self.status.set_stopping();
        // Release the address first, so that new clients are refused instead of accepted at the
        // last moment.
        self.held.release();
        self.control.enter(ShutdownPhase::Draining);
    }

    /// Aborts the requests in flight, and ends the workers.
    pub fn abort(&self) {
        self.control.enter(ShutdownPhase::Aborting);
    }

    /// Resolves once all workers have ended.
    pub async fn drained(&self) {
        self.control.all_stopped().await;
    }

    /// Waits until every worker's thread has ended. Blocks.
    ///
    /// # Errors
    /// A worker has failed.
    pub fn join(self) -> io::Result<()> {
        for thread in self.threads {
            thread.join().map_err(|_| io::Error::other("a worker panicked"))??;
        }
        Ok(())
    }
}

/// What reserves an address besides its listeners, until released or dropped.
#[derive(Debug)]
enum HeldAddress {
    /// A port of this process alone. Nothing is held.
    Exclusive,
    /// A port that other processes may join.
    Shared(Mutex<Option<SharedPort>>),
    /// A Unix socket.
    File(UnixSocketFile),
}

impl HeldAddress {
    fn release(&self) {
        match self {
            Self::Exclusive => {}
            Self::Shared(port) => drop(port.lock().unwrap_or_else(PoisonError::into_inner).take()),
            Self::File(file) => file.remove(),
        }
    }
}

/// Binds one listener for each worker.
fn bind_all(address: SocketAddr, count: NonZeroUsize) -> io::Result<Vec<Listener>> {
    (0..count.get()).map(|_| bind(address).map(Listener::Tcp)).collect()
}

/// Creates a listener for each worker. On a port, each worker has its own socket, and the kernel
/// distributes connections to the sockets. At a path, all workers share one socket, and the next
/// free worker accepts.
fn listen(
    address: ListenAddress,
    sharing: PortSharing,
    count: NonZeroUsize,
) -> io::Result<(ListenAddress, Vec<Listener>, HeldAddress)> {
    match address {
        ListenAddress::Tcp(address) if sharing == PortSharing::Exclusive => {
            let address = ensure_unused(address)?;
            let listeners = bind_all(address, count)?;
            // A process that shares its port may have joined in between.
            if SharedPort::is_shared(address) {
                return Err(io::ErrorKind::AddrInUse.into());
            }
            Ok((address.into(), listeners, HeldAddress::Exclusive))
        }
        ListenAddress::Tcp(address) => {
            let (address, agreement) = SharedPort::agree(address)?;
            Ok((address.into(), bind_all(address, count)?, HeldAddress::Shared(Mutex::new(Some(agreement)))))
        }
        ListenAddress::Unix { ref path, mode } => {
            let (listener, file) = unix_socket::bind(path, mode, sharing)?;
            let clones = (1..count.get()).map(|_| listener.try_clone().map(Listener::Unix));
            let mut listeners = clones.collect::<io::Result<Vec<_>>>()?;
            listeners.push(Listener::Unix(listener));
            Ok((address, listeners, HeldAddress::File(file)))
        }
    }
}
