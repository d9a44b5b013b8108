//! What the workers are told while they run: another setup, or to stop.

use crate::proxy::net::limit::CountLimit;
use crate::proxy::snapshot::Snapshot;
use tokio::sync::watch;

/// How far a proxy is on its way from serving to its end.
#[derive(Clone, Copy, Debug, PartialEq, Eq, PartialOrd, Ord)]
pub(crate) enum ShutdownPhase {
    Serving,
    /// Nothing new is taken; what is in flight finishes within the drain time.
    Draining,
    /// What is in flight is cut.
    Cut,
}

/// The side that tells.
#[derive(Debug)]
pub(crate) struct ControlSender {
    setup: watch::Sender<Snapshot>,
    phase: watch::Sender<ShutdownPhase>,
}

/// The side that is told, one for each worker.
#[derive(Clone, Debug)]
pub(crate) struct ControlReceiver {
    pub(crate) setups: Snapshots,
    pub(crate) phases: Phases,
    /// The connections of all workers together. Its limit is each setup's.
    pub(crate) connections: CountLimit,
}

#[derive(Clone, Debug)]
pub(crate) struct Snapshots(watch::Receiver<Snapshot>);

#[derive(Clone, Debug)]
pub(crate) struct Phases(watch::Receiver<ShutdownPhase>);

impl ControlSender {
    pub(crate) fn new(setup: Snapshot) -> (Self, ControlReceiver) {
        let (setup, setups) = watch::channel(setup);
        let (phase, phases) = watch::channel(ShutdownPhase::Serving);
        (
            Self { setup, phase },
            ControlReceiver { setups: Snapshots(setups), phases: Phases(phases), connections: CountLimit::new(0) },
        )
    }

    pub(crate) fn replace(&self, setup: Snapshot) {
        self.setup.send_replace(setup);
    }

    pub(crate) fn enter(&self, phase: ShutdownPhase) {
        self.phase.send_replace(phase);
    }

    /// Resolves once nobody is left to be told.
    pub(crate) async fn obeyed(&self) {
        self.phase.closed().await;
    }
}

impl Snapshots {
    /// The setup in force.
    pub(crate) fn now(&mut self) -> Snapshot {
        self.0.borrow_and_update().clone()
    }

    /// Resolves with the next setup; never if there can be none any more.
    pub(crate) async fn next(&mut self) -> Snapshot {
        match self.0.changed().await {
            Ok(()) => self.now(),
            Err(_) => std::future::pending().await,
        }
    }
}

impl Phases {
    /// Resolves once this phase or a later one has begun, or whoever tells is gone.
    pub(crate) async fn reached(&mut self, phase: ShutdownPhase) {
        let _ = self.0.wait_for(|now| *now >= phase).await;
    }
}
