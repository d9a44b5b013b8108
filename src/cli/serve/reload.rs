//! Reloads the configuration of a running proxy.

use super::route_changes::RoutesInForce;
use super::watch::{self, WatchedFiles};
use crate::config::{self, Admin, Config, Finding, Problems, RouteDescription, Sources};
use crate::layer::Mode;
use crate::metrics::Metrics;
use crate::proxy::{ListenAddress, Snapshot, Workers};
use std::io;
use std::num::NonZeroUsize;
use std::sync::Arc;
use std::sync::mpsc::{self, RecvTimeoutError};
use std::thread;
use tokio::sync::mpsc::{UnboundedReceiver, UnboundedSender, unbounded_channel};

/// Reads the sources again after a change of one of their files, or on request.
///
/// This is done on a thread that is never joined: a read from a hung mount, or from a pipe in a
/// file's place, may block for ever, and must not block signals and the admin listener.
pub(super) struct ConfigWatcher {
    requests: mpsc::Sender<()>,
    configs: UnboundedReceiver<Result<Config, Problems>>,
}

impl ConfigWatcher {
    pub(super) fn start(sources: Sources) -> io::Result<Self> {
        let ((requests, requested), (sender, configs)) = (mpsc::channel(), unbounded_channel());
        let watch = move || read_changes(&sources, &requested, &sender);
        thread::Builder::new().name("configuration".to_owned()).spawn(watch)?;
        Ok(Self { requests, configs })
    }

    /// Requests a read of the sources, changed or not.
    pub(super) fn read_again(&self) {
        // Fails only if the thread has ended, which it does after `self` is dropped.
        let _ = self.requests.send(());
    }

    /// Waits for the next read of the sources.
    pub(super) async fn next(&mut self) -> Option<Result<Config, Problems>> {
        self.configs.recv().await
    }
}

fn read_changes(
    sources: &Sources,
    requested: &mpsc::Receiver<()>,
    configs: &UnboundedSender<Result<Config, Problems>>,
) {
    let mut files = WatchedFiles::new(config::files(sources));
    loop {
        match requested.recv_timeout(watch::INTERVAL) {
            Ok(()) => tracing::info!("reloading the configuration: SIGHUP"),
            Err(RecvTimeoutError::Timeout) if files.have_changed() => {
                tracing::info!("reloading the configuration: a file of it has changed");
            }
            Err(RecvTimeoutError::Timeout) => continue,
            Err(RecvTimeoutError::Disconnected) => return,
        }
        // Before the read, so that a change during the read is noticed.
        files.follow(config::files(sources));
        if configs.send(config::load(sources)).is_err() {
            return;
        }
    }
}

/// Puts configurations in force.
pub(super) struct Reloader {
    /// The settings of the start, which only a restart changes.
    fixed: Fixed,
    routes: RoutesInForce,
    metrics: Arc<Metrics>,
}

/// The settings that only a restart changes.
struct Fixed {
    listen: ListenAddress,
    take_over: bool,
    workers: Option<NonZeroUsize>,
    admin: Option<Admin>,
    log: config::Log,
}

impl Reloader {
    pub(super) fn new(config: &Config, metrics: Arc<Metrics>) -> Self {
        Self { fixed: Fixed::of(config), routes: RoutesInForce::new(&config.routes), metrics }
    }

    /// Puts a configuration in force. A wrong one changes nothing, and each of its problems is
    /// logged.
    ///
    /// Settings that only a restart can change stay, and are named in the log. The others hold at
    /// once: a file that adds a mask must not wait for a restart because it also moves a listener.
    pub(super) fn put_in_force(&self, read: Result<Config, Problems>, workers: &Workers) {
        let config = match read {
            Ok(config) => config,
            Err(problems) => {
                for problem in problems.iter() {
                    tracing::error!("{problem}");
                }
                self.metrics.config_refused();
                let problems = problems.iter().len();
                return tracing::error!(problems, "configuration not reloaded: the one before stays in force");
            }
        };
        for key in self.fixed.differences(&Fixed::of(&config)) {
            tracing::warn!(key, "changes with a restart only; the rest of the configuration is in force");
        }
        let upstream = config.proxy.upstream.to_string();
        workers.replace(Snapshot::new(config.proxy, config.routes.layer()));
        self.metrics.config_loaded();
        self.routes.replace(&config.routes);
        let described = &config.routes.described;
        for route in described {
            warn_if_observing(route);
        }
        log_warnings(&config.warnings);
        tracing::info!(routes = described.len(), %upstream, "configuration reloaded");
    }
}

/// Warns that a route leaks, at the start and after each reload.
pub(super) fn warn_if_observing(route: &RouteDescription) {
    if route.mode == Mode::Observe {
        tracing::warn!(route = route.name, "observe mode: nothing is masked on this route, every secret passes");
    }
}

/// Logs the warnings of a configuration, at the start and after each reload.
pub(super) fn log_warnings(warnings: &[Finding]) {
    for warning in warnings {
        tracing::warn!("{warning}");
    }
}

impl Fixed {
    fn of(config: &Config) -> Self {
        Self {
            listen: config.listen.clone(),
            take_over: config.take_over,
            workers: config.workers,
            admin: config.admin.clone(),
            // A reload can change whether paths are logged.
            log: config::Log { paths: false, ..config.log },
        }
    }

    /// Returns the keys whose values differ.
    fn differences(&self, other: &Self) -> Vec<&'static str> {
        let listen = |admin: &Option<Admin>| admin.as_ref().map(|admin| admin.listen);
        let hosts = |admin: &Option<Admin>| admin.as_ref().map(|admin| admin.hosts.clone());
        let differ = [
            ("listen", self.listen != other.listen),
            ("take_over", self.take_over != other.take_over),
            ("workers", self.workers != other.workers),
            ("admin.listen", listen(&self.admin) != listen(&other.admin)),
            ("admin.hosts", hosts(&self.admin) != hosts(&other.admin)),
            ("log", self.log != other.log),
        ];
        differ.into_iter().filter(|(_, differs)| *differs).map(|(key, _)| key).collect()
    }
}
