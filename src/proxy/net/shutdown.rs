//! The signal that makes connections finish.

use tokio::sync::watch;

/// Resolves when the server stops. Each open connection holds a clone, and the server waits until
/// all clones are dropped.
#[derive(Clone, Debug)]
pub(crate) struct ShutdownSignal(watch::Receiver<bool>);

impl ShutdownSignal {
    pub(crate) fn subscribe(stopping: &watch::Sender<bool>) -> Self {
        let mut receiver = stopping.subscribe();
        if *stopping.borrow() {
            receiver.mark_changed();
        }
        Self(receiver)
    }

    /// Resolves once the server stops.
    pub(crate) async fn wait(&mut self) {
        // An error means that the sender is gone, and the server with it.
        let _ = self.0.wait_for(|stopping| *stopping).await;
    }

    pub(crate) fn is_set(&self) -> bool {
        // The value changes only once, so `has_changed` suffices. It costs one atomic load and
        // takes no lock.
        self.0.has_changed().unwrap_or(true)
    }
}
