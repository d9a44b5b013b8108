//! Reading the configuration anew while it is in force.

use super::routes_changed::RoutesInForce;
use super::watch::{self, WatchedFiles};
use crate::config::{self, Admin, Config, Problems, RouteDescription, Sources, Warning};
use crate::layer::Mode;
use crate::metrics::Metrics;
use crate::proxy::{ListenAddress, Snapshot, Workers};
use std::io;
use std::num::NonZeroUsize;
use std::sync::Arc;
use std::sync::mpsc::{self, RecvTimeoutError};
use std::thread;
use tokio::sync::mpsc::{UnboundedReceiver, UnboundedSender, unbounded_channel};

/// Reads the same sources again whenever a file of theirs changes or it is told to.
///
/// On a thread of its own, which nobody waits for: a hung mount, or a pipe in a file's place, keeps whoever asks it, for ever
/// maybe. Signals and the operator must be heard all the same.
pub(super) struct Reader {
    tell: mpsc::Sender<()>,
    read: UnboundedReceiver<Result<Config, Problems>>,
}

impl Reader {
    pub(super) fn start(sources: Sources) -> io::Result<Self> {
        let ((tell, told), (give, read)) = (mpsc::channel(), unbounded_channel());
        thread::Builder::new().name("configuration".to_owned()).spawn(move || read_changes(&sources, &told, &give))?;
        Ok(Self { tell, read })
    }

    /// Has the sources read whether they have changed or not.
    pub(super) fn read_again(&self) {
        // Fails only where the thread is gone, which ends with this.
        let _ = self.tell.send(());
    }

    /// What the sources say now, once they have been read again.
    pub(super) async fn next(&mut self) -> Option<Result<Config, Problems>> {
        self.read.recv().await
    }
}

fn read_changes(sources: &Sources, told: &mpsc::Receiver<()>, give: &UnboundedSender<Result<Config, Problems>>) {
    let mut files = WatchedFiles::new(config::files(sources));
    loop {
        match told.recv_timeout(watch::INTERVAL) {
            Ok(()) => tracing::info!("reloading the configuration: told by a signal"),
            Err(RecvTimeoutError::Timeout) if files.have_changed() => {
                tracing::info!("reloading the configuration: a file of it has changed");
            }
            Err(RecvTimeoutError::Timeout) => continue,
            Err(RecvTimeoutError::Disconnected) => return,
        }
        // Before it is read, so that what changes meanwhile is noticed.
        files.follow(config::files(sources));
        if give.send(config::load(sources)).is_err() {
            return;
        }
    }
}

/// Hands to the workers what the sources say.
pub(super) struct Reloader {
    /// The configuration that the process was started with: what a restart alone changes.
    fixed: Fixed,
    routes: RoutesInForce,
    metrics: Arc<Metrics>,
}

/// What is settled when a process starts.
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

    /// Puts a configuration in force that was read anew. A wrong one changes nothing; all that is wrong is logged.
    ///
    /// What cannot change in a running process is left as it is, and named; the rest holds at once. A file that adds a mask must not
    /// wait for a restart because it also moves a listener.
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

/// Says that a route leaks, each time that this is put in force.
pub(super) fn warn_if_observing(route: &RouteDescription) {
    if route.mode == Mode::Observe {
        tracing::warn!(route = route.name, "observe mode: nothing is masked on this route, every secret passes");
    }
}

/// Says what is suspicious in a configuration, each time that it is put in force.
pub(super) fn log_warnings(warnings: &[Warning]) {
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
            // Whether paths are logged is among what each setup says anew.
            log: config::Log { paths: false, ..config.log },
        }
    }

    /// The keys whose values differ.
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
