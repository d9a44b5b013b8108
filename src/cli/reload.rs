//! Reading the configuration anew while it is in force.

use crate::config::{self, Config, RouteDescription, Sources};
use crate::layer::Mode;
use crate::metrics::Metrics;
use crate::proxy::{ListenAddress, Setup, Workers};
use std::net::SocketAddr;
use std::num::NonZeroUsize;
use std::path::PathBuf;
use std::sync::Arc;

/// Reads the same sources again and hands what they say to the workers.
pub(super) struct Reloader {
    sources: Sources,
    /// The configuration that the process was started with: what a restart alone changes.
    fixed: Fixed,
    metrics: Arc<Metrics>,
}

/// What is settled when a process starts.
struct Fixed {
    listen: ListenAddress,
    take_over: bool,
    workers: Option<NonZeroUsize>,
    admin: Option<SocketAddr>,
    log: config::Log,
}

impl Reloader {
    pub(super) fn new(sources: Sources, config: &Config, metrics: Arc<Metrics>) -> Self {
        Self { sources, fixed: Fixed::of(config), metrics }
    }

    /// The files that the sources are made of now.
    pub(super) fn files(&self) -> Vec<PathBuf> {
        config::files(&self.sources)
    }

    /// Puts the configuration in force that the sources hold now. A wrong one changes nothing; all that is wrong is logged.
    ///
    /// What cannot change in a running process is left as it is, and named; the rest holds at once. A file that adds a mask must not
    /// wait for a restart because it also moves a listener.
    pub(super) fn reload(&self, workers: &Workers) {
        let config = match config::load(&self.sources) {
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
        workers.replace(Setup::new(config.proxy, config.routes.layer()));
        self.metrics.config_loaded();
        let described = &config.routes.described;
        for route in described {
            warn_if_observing(route);
        }
        tracing::info!(routes = described.len(), %upstream, "configuration reloaded");
    }
}

/// Says that a route leaks, each time that this is put in force.
pub(super) fn warn_if_observing(route: &RouteDescription) {
    if route.mode == Mode::Observe {
        tracing::warn!(route = route.name, "observe mode: nothing is masked on this route, every secret passes");
    }
}

impl Fixed {
    fn of(config: &Config) -> Self {
        Self {
            listen: config.listen.clone(),
            take_over: config.take_over,
            workers: config.workers,
            admin: config.admin,
            // Whether paths are logged is among what each setup says anew.
            log: config::Log { paths: false, ..config.log },
        }
    }

    /// The keys whose values differ.
    fn differences(&self, other: &Self) -> Vec<&'static str> {
        let differ = [
            ("listen", self.listen != other.listen),
            ("take_over", self.take_over != other.take_over),
            ("workers", self.workers != other.workers),
            ("admin.listen", self.admin != other.admin),
            ("log", self.log != other.log),
        ];
        differ.into_iter().filter(|(_, differs)| *differs).map(|(key, _)| key).collect()
    }
}
