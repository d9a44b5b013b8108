//! What the operator's listener can tell about the running proxy.

use super::control::{ControlSender, Snapshots};
use crate::proxy::settings::Settings;
use crate::proxy::snapshot::Snapshot;
use std::sync::Arc;
use std::sync::atomic::{AtomicBool, Ordering};

/// The state of a running proxy, for whoever asks. Clones tell the same.
#[derive(Clone, Debug)]
pub struct Status {
    setups: Snapshots,
    stopping: Arc<AtomicBool>,
}

impl Status {
    pub(crate) fn new(setups: Snapshots) -> Self {
        Self { setups, stopping: Arc::default() }
    }

    /// The state of a proxy that serves by one setup to its end, as `serve` does.
    pub fn of(setup: Snapshot) -> Self {
        Self::new(ControlSender::new(setup).1.setups)
    }

    /// The settings in force.
    pub fn settings(&self) -> Arc<Settings> {
        self.setups.clone().now().settings
    }

    /// Says from now on that the proxy is not ready: it was told to stop, though it may serve on for a while.
    pub fn set_stopping(&self) {
        self.stopping.store(true, Ordering::Relaxed);
    }

    /// Whether the proxy was told to stop.
    pub fn is_stopping(&self) -> bool {
        self.stopping.load(Ordering::Relaxed)
    }
}
