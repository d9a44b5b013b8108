//! Threads that serve the proxy, each with a listener, a runtime and upstream connections of its own, so that a request never
//! goes from one core to another.

use super::server::{bind, free, serve};
use super::settings::Settings;
use crate::layer::MaskLayer;
use crate::metrics::Metrics;
use std::io;
use std::net::SocketAddr;
use std::num::NonZeroUsize;
use std::sync::Arc;
use std::thread::JoinHandle;
use tokio::sync::watch;

/// Running workers.
#[derive(Debug)]
pub struct Workers {
    address: SocketAddr,
    stop: watch::Sender<bool>,
    threads: Vec<JoinHandle<io::Result<()>>>,
}

impl Workers {
    /// Binds the address and starts to serve on it.
    ///
    /// # Errors
    /// The address is in use or may not be used, or the system gives no thread.
    pub fn start(
        address: SocketAddr,
        count: NonZeroUsize,
        settings: &Arc<Settings>,
        layer: &MaskLayer,
        metrics: &Arc<Metrics>,
    ) -> io::Result<Self> {
        let address = free(address)?;
        let listeners = (0..count.get()).map(|_| bind(address)).collect::<io::Result<Vec<_>>>()?;
        let (stop, stopped) = watch::channel(false);
        let mut threads = Vec::with_capacity(listeners.len());
        for (number, listener) in listeners.into_iter().enumerate() {
            let (settings, layer, mut stopped) = (Arc::clone(settings), layer.clone(), stopped.clone());
            let metrics = Arc::clone(metrics);
            let run = move || {
                let runtime = tokio::runtime::Builder::new_current_thread().enable_all().build()?;
                runtime.block_on(serve(listener, settings, layer, &metrics, async move {
                    // An error means that the sender is gone: time to stop too.
                    let _ = stopped.wait_for(|stop| *stop).await;
                }))
            };
            threads.push(std::thread::Builder::new().name(format!("worker-{number}")).spawn(run)?);
        }
        Ok(Self { address, stop, threads })
    }

    /// Where they listen.
    pub fn address(&self) -> SocketAddr {
        self.address
    }

    /// Tells the workers to stop and waits until each has finished what was in flight, or its drain time is over.
    ///
    /// # Errors
    /// A worker had failed.
    pub fn stop(self) -> io::Result<()> {
        self.stop.send_replace(true);
        for thread in self.threads {
            thread.join().map_err(|_| io::Error::other("a worker panicked"))??;
        }
        Ok(())
    }
}
