//! The signal by which connections learn that the server stops.

use tokio::sync::watch;

/// Resolves when the server stops. The server waits until every clone is dropped, so each open connection holds one.
#[derive(Clone, Debug)]
pub(crate) struct ShutdownSignal(watch::Receiver<bool>);

impl ShutdownSignal {
    pub(crate) fn by(stopping: &watch::Sender<bool>) -> Self {
        let mut receiver = stopping.subscribe();
        if *stopping.borrow() {
            receiver.mark_changed();
        }
        Self(receiver)
    }

    /// Resolves once it is time to stop.
    pub(crate) async fn wait(&mut self) {
        // An error means that the sender is gone, and the server with it.
        let _ = self.0.wait_for(|stop| *stop).await;
    }

    pub(crate) fn is_set(&self) -> bool {
        // There is but one thing to be told, so that this is a look at an atomic.
        self.0.has_changed().unwrap_or(true)
    }
}
