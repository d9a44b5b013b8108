//! Controls running workers: replaces their configuration, and shuts them down in phases.

use crate::proxy::net::limit::CountLimit;
use crate::proxy::settings::Settings;
use crate::proxy::snapshot::Snapshot;
use std::sync::Arc;
use std::sync::atomic::{AtomicBool, Ordering};
use tokio::sync::watch;

/// The phases of a proxy, in order.
#[derive(Clone, Copy, Debug, PartialEq, Eq, PartialOrd, Ord)]
pub(crate) enum ShutdownPhase {
    Serving,
    /// No connection is accepted. Requests in flight may finish within `limits.drain_secs`.
    Draining,
    /// Requests that are still in flight are aborted.
    Aborting,
}

/// Sends commands to all workers.
#[derive(Debug)]
pub(crate) struct ControlSender {
    snapshot: watch::Sender<Snapshot>,
    phase: watch::Sender<ShutdownPhase>,
}

/// Receives the commands, in one worker.
#[derive(Clone, Debug)]
pub(crate) struct ControlReceiver {
    pub(crate) snapshots: Snapshots,
    pub(crate) phases: Phases,
    /// Counts the connections of all workers. The limit comes from each snapshot.
    pub(crate) connections: CountLimit,
}

#[derive(Clone, Debug)]
pub(crate) struct Snapshots(watch::Receiver<Snapshot>);

#[derive(Clone, Debug)]
pub(crate) struct Phases(watch::Receiver<ShutdownPhase>);

impl ControlSender {
    pub(crate) fn new(snapshot: Snapshot) -> (Self, ControlReceiver) {
        let (snapshot, snapshots) = watch::channel(snapshot);
        let (phase, phases) = watch::channel(ShutdownPhase::Serving);
        let (snapshots, phases) = (Snapshots(snapshots), Phases(phases));
        (Self { snapshot, phase }, ControlReceiver { snapshots, phases, connections: CountLimit::new(0) })
    }

    pub(crate) fn replace(&self, snapshot: Snapshot) {
        self.snapshot.send_replace(snapshot);
    }

    pub(crate) fn enter(&self, phase: ShutdownPhase) {
        self.phase.send_replace(phase);
    }

    /// Resolves once all workers have ended.
    pub(crate) async fn all_stopped(&self) {
        self.phase.closed().await;
    }
}

impl Snapshots {
    /// Returns the snapshot in force.
    pub(crate) fn current(&mut self) -> Snapshot {
        self.0.borrow_and_update().clone()
    }

    /// Resolves with the next snapshot. Pends for ever once the sender is gone.
    pub(crate) async fn next(&mut self) -> Snapshot {
        match self.0.changed().await {
            Ok(()) => self.current(),
            Err(_) => std::future::pending().await,
        }
    }
}

impl Phases {
    /// Resolves once this phase or a later one is entered, or the sender is gone.
    pub(crate) async fn reached(&mut self, phase: ShutdownPhase) {
        let _ = self.0.wait_for(|current| *current >= phase).await;
    }
}

/// The state of a running proxy, for the operator's listener. Clones share the state.
#[derive(Clone, Debug)]
pub struct Status {
    snapshots: Snapshots,
    stopping: Arc<AtomicBool>,
}

impl Status {
    pub(crate) fn new(snapshots: Snapshots) -> Self {
        Self { snapshots, stopping: Arc::default() }
    }

    /// Creates the state of a proxy that is never reloaded.
    pub fn of(snapshot: Snapshot) -> Self {
        Self::new(ControlSender::new(snapshot).1.snapshots)
    }

    /// Returns the settings in force.
    pub fn settings(&self) -> Arc<Settings> {
        self.snapshots.clone().current().settings
    }

    /// Reports the proxy as not ready from now on: it is about to stop, but may still serve.
    pub fn set_stopping(&self) {
        self.stopping.store(true, Ordering::Relaxed);
    }

    /// Returns whether the proxy is about to stop.
    pub fn is_stopping(&self) -> bool {
        self.stopping.load(Ordering::Relaxed)
    }
}
