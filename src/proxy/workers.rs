//! Threads that serve the proxy, each with a listener, a runtime and upstream connections of its own, so that a request never
//! goes from one core to another.

use super::listener::{ListenAddress, Listener, Port, bind, free};
use super::orders::{Command, Phase};
use super::server::run;
use super::setup::Setup;
use super::socket_file::{self, SocketFile};
use super::status::Status;
use crate::metrics::Metrics;
use std::io;
use std::num::NonZeroUsize;
use std::thread::JoinHandle;

/// Running workers.
#[derive(Debug)]
pub struct Workers {
    address: ListenAddress,
    /// Where they listen at a path.
    file: Option<SocketFile>,
    command: Command,
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
        port: Port,
        count: NonZeroUsize,
        setup: Setup,
        metrics: &Metrics,
    ) -> io::Result<Self> {
        let (address, listeners, file) = listen(address.into(), port, count)?;
        let (command, orders) = Command::new(setup.share_of(count));
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
        Ok(Self { address, file, command, status: Status::new(orders.setups), count, threads })
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
    pub fn replace(&self, setup: Setup) {
        self.command.replace(setup.share_of(self.count));
    }

    /// Tells the workers to close their listeners, and to end once what is in flight is done or the drain time is over.
    pub fn drain(&self) {
        self.status.set_stopping();
        // First, so that who comes now is refused rather than accepted at the last moment.
        if let Some(file) = &self.file {
            file.remove();
        }
        self.command.enter(Phase::Draining);
    }

    /// Tells the workers to cut what is in flight and to end.
    pub fn cut(&self) {
        self.command.enter(Phase::Cut);
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

/// Listens for every worker: on a port with a socket each, among which the system shares connections out; at a path with one, which
/// whoever is free accepts from.
fn listen(
    address: ListenAddress,
    port: Port,
    count: NonZeroUsize,
) -> io::Result<(ListenAddress, Vec<Listener>, Option<SocketFile>)> {
    match address {
        ListenAddress::Tcp(address) => {
            let address = if port == Port::Own || address.port() == 0 { free(address)? } else { address };
            let listeners = (0..count.get()).map(|_| bind(address).map(Listener::Tcp)).collect::<io::Result<_>>()?;
            Ok((address.into(), listeners, None))
        }
        ListenAddress::Unix { ref path, mode } => {
            let (listener, file) = socket_file::bind(path, mode, port)?;
            let clones = (1..count.get()).map(|_| listener.try_clone().map(Listener::Unix));
            let mut listeners = clones.collect::<io::Result<Vec<_>>>()?;
            listeners.push(Listener::Unix(listener));
            Ok((address, listeners, Some(file)))
        }
    }
}
