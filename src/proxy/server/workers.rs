//! Threads that serve the proxy, each with a listener, a runtime and upstream connections of its own, so that a request never
//! goes from one core to another.

use super::accept::run;
use super::control::{ControlSender, ShutdownPhase};
use super::status::Status;
use crate::metrics::Metrics;
use crate::proxy::net::listener::{ListenAddress, Listener, PortSharing, bind, free};
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
    place: HeldAddress,
    command: ControlSender,
    status: Status,
    count: NonZeroUsize,
    threads: Vec<JoinHandle<io::Result<()>>>,
}

impl Workers {
    /// Binds the address and starts to serve on it.
    ///
    /// # Errors
    /// The address is in use or may not be used, or the system gives no thread.
    pub fn start(
        address: impl Into<ListenAddress>,
        port: PortSharing,
        count: NonZeroUsize,
        setup: Snapshot,
        metrics: &Metrics,
    ) -> io::Result<Self> {
        let (address, listeners, place) = listen(address.into(), port, count)?;
        let (command, orders) = ControlSender::new(setup.share_of(count));
        let mut threads = Vec::with_capacity(listeners.len());
        for (number, listener) in listeners.into_iter().enumerate() {
            let (orders, worker) = (orders.clone(), metrics.worker());
            let serve = move || {
                let runtime = tokio::runtime::Builder::new_current_thread().enable_all().build()?;
                let served = runtime.block_on(run(listener, port, orders, worker));
                // A name that is being looked up would keep the runtime.
                runtime.shutdown_background();
                served
            };
            threads.push(std::thread::Builder::new().name(format!("worker-{number}")).spawn(serve)?);
        }
        Ok(Self { address, place, command, status: Status::new(orders.setups), count, threads })
    }

    /// Where they listen.
    pub fn address(&self) -> &ListenAddress {
        &self.address
    }

    /// What they can tell about themselves.
    pub fn status(&self) -> &Status {
        &self.status
    }

    /// Serves by another setup, from each connection's next request on. Those in flight keep theirs.
    pub fn replace(&self, setup: Snapshot) {
        self.command.replace(setup.share_of(self.count));
    }

    /// Tells the workers to close their listeners, and to end once what is in flight is done or the drain time is over.
    pub fn drain(&self) {
        self.status.set_stopping();
        // First, so that who comes now is refused rather than accepted at the last moment.
        self.place.leave();
        self.command.enter(ShutdownPhase::Draining);
    }

    /// Tells the workers to cut what is in flight and to end.
    pub fn cut(&self) {
        self.command.enter(ShutdownPhase::Cut);
    }

    /// Resolves once no worker serves any more.
    pub async fn done(&self) {
        self.command.obeyed().await;
    }

    /// Waits until every worker's thread has ended. Blocks.
    ///
    /// # Errors
    /// A worker had failed.
    pub fn join(self) -> io::Result<()> {
        for thread in self.threads {
            thread.join().map_err(|_| io::Error::other("a worker panicked"))??;
        }
        Ok(())
    }
}

/// What keeps an address ours for as long as it is held, beside the listeners.
#[derive(Debug)]
enum HeldAddress {
    /// Of a port of their own.
    Exclusive,
    /// On a port that others may join.
    Shared(Mutex<Option<SharedPort>>),
    /// At a path.
    File(UnixSocketFile),
}

impl HeldAddress {
    fn leave(&self) {
        match self {
            Self::Exclusive => {}
            Self::Shared(port) => drop(port.lock().unwrap_or_else(PoisonError::into_inner).take()),
            Self::File(file) => file.remove(),
        }
    }
}

/// Listens on a port for every worker.
fn listen_on(address: SocketAddr, count: NonZeroUsize) -> io::Result<Vec<Listener>> {
    (0..count.get()).map(|_| bind(address).map(Listener::Tcp)).collect()
}

/// Listens for every worker: on a port with a socket each, among which the system shares connections out; at a path with one, which
/// whoever is free accepts from.
fn listen(
    address: ListenAddress,
    port: PortSharing,
    count: NonZeroUsize,
) -> io::Result<(ListenAddress, Vec<Listener>, HeldAddress)> {
    match address {
        ListenAddress::Tcp(address) if port == PortSharing::Exclusive => {
            let address = free(address)?;
            let listeners = listen_on(address, count)?;
            // One that shares it may have joined since it was free.
            if SharedPort::is_agreed_on(address) {
                return Err(io::ErrorKind::AddrInUse.into());
            }
            Ok((address.into(), listeners, HeldAddress::Exclusive))
        }
        ListenAddress::Tcp(address) => {
            let (address, agreed) = SharedPort::agree(address)?;
            Ok((address.into(), listen_on(address, count)?, HeldAddress::Shared(Mutex::new(Some(agreed)))))
        }
        ListenAddress::Unix { ref path, mode } => {
            let (listener, file) = unix_socket::bind(path, mode, port)?;
            let clones = (1..count.get()).map(|_| listener.try_clone().map(Listener::Unix));
            let mut listeners = clones.collect::<io::Result<Vec<_>>>()?;
            listeners.push(Listener::Unix(listener));
            Ok((address, listeners, HeldAddress::File(file)))
        }
    }
}
