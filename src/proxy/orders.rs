//! What the workers are told while they run: another setup, or to stop.

use super::load::Load;
use super::setup::Setup;
use tokio::sync::watch;

/// How far a proxy is on its way from serving to its end.
#[derive(Clone, Copy, Debug, PartialEq, Eq, PartialOrd, Ord)]
pub(super) enum Phase {
    Serving,
    /// Nothing new is taken; what is in flight finishes within the drain time.
    Draining,
    /// What is in flight is cut.
    Cut,
}

/// The side that tells.
#[derive(Debug)]
pub(super) struct Command {
    setup: watch::Sender<Setup>,
    phase: watch::Sender<Phase>,
}

/// The side that is told, one for each worker.
#[derive(Clone, Debug)]
pub(super) struct Orders {
    pub(super) setups: Setups,
    pub(super) phases: Phases,
    /// The connections of all workers together. Its limit is each setup's.
    pub(super) connections: Load,
}

#[derive(Clone, Debug)]
pub(super) struct Setups(watch::Receiver<Setup>);

#[derive(Clone, Debug)]
pub(super) struct Phases(watch::Receiver<Phase>);

impl Command {
    pub(super) fn new(setup: Setup) -> (Self, Orders) {
        let (setup, setups) = watch::channel(setup);
        let (phase, phases) = watch::channel(Phase::Serving);
        (Self { setup, phase }, Orders { setups: Setups(setups), phases: Phases(phases), connections: Load::new(0) })
    }

    pub(super) fn replace(&self, setup: Setup) {
        self.setup.send_replace(setup);
    }

    pub(super) fn enter(&self, phase: Phase) {
        self.phase.send_replace(phase);
    }

    /// Resolves once nobody is left to be told.
    pub(super) async fn obeyed(&self) {
        self.phase.closed().await;
    }
}

impl Setups {
    /// The setup in force.
    pub(super) fn now(&mut self) -> Setup {
        self.0.borrow_and_update().clone()
    }

    /// Resolves with the next setup; never if there can be none any more.
    pub(super) async fn next(&mut self) -> Setup {
        match self.0.changed().await {
            Ok(()) => self.now(),
            Err(_) => std::future::pending().await,
        }
    }
}

impl Phases {
    /// Resolves once this phase or a later one has begun, or whoever tells is gone.
    pub(super) async fn reached(&mut self, phase: Phase) {
        let _ = self.0.wait_for(|now| *now >= phase).await;
    }
}
