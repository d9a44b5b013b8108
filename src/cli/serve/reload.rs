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

/// Loads the configuration again after one of its files has changed, or on request.
///
/// Files are read on a separate thread that is never joined. A read may block for ever if the file
/// is on a hung mount or is a pipe. It must not block signals and the admin listener.
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

    /// Requests that the sources are read again, even if no file has changed.
    pub(super) fn read_again(&self) {
        // Fails only if the thread has ended. It ends only after `self` is dropped.
        let _ = self.requests.send(());
    }

    /// Returns the next configuration, or its errors, once the sources have been read again.
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
                tracing::info!("reloading the configuration: one of its files has changed");
            }
            Err(RecvTimeoutError::Timeout) => continue,
            Err(RecvTimeoutError::Disconnected) => return,
        }
        // Before `load`, so that a change during the load causes another reload.
        files.follow(config::files(sources));
        if configs.send(config::load(sources)).is_err() {
            return;
        }
    }
}

/// Applies new configurations to the running proxy.
pub(super) struct Reloader {
    /// The values of the settings that only a restart changes.
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

    /// Applies a configuration. If it has errors, logs each of them and changes nothing.
    ///
    /// Some settings can change only with a restart. If they differ, a warning is logged for each,
    /// and all other settings apply at once. A file that adds a mask must not wait for a restart
    /// because it also moves a listener.
    pub(super) fn put_in_force(&self, read: Result<Config, Problems>, workers: &Workers) {
        let config = match read {
            Ok(config) => config,
            Err(problems) => {
                for problem in problems.iter() {
                    tracing::error!("{problem}");
                }
                self.metrics.config_refused();
                let problems = problems.iter().len();
                return tracing::error!(problems, "configuration not reloaded: the previous one stays in force");
            }
        };
        for key in self.fixed.differences(&Fixed::of(&config)) {
            tracing::warn!(key, "this key changes only with a restart; the rest of the configuration is in force");
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

/// Logs a warning if a route is in observe mode. Called at the start and after each reload.
pub(super) fn warn_if_observing(route: &RouteDescription) {
    if route.mode == Mode::Observe {
        tracing::warn!(route = route.name, "observe mode: nothing is masked on this route, every secret passes");
    }
}

/// Logs the warnings of a configuration. Called at the start and after each reload.
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
            // Ignored in the comparison, since a reload can change `log.paths`.
            log: config::Log { paths: false, ..config.log },
        }
    }

    /// Returns the names of the keys whose values differ.
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
