//! The log of a running proxy.

mod queue;

use super::CliError;
use crate::config::{self, LogFormat};
use crate::metrics::Metrics;
use crate::proxy::ACCESS_LOG;
use queue::Queue;
use std::fs::File;
use std::io::{self, IsTerminal};
use std::os::fd::AsFd;
use std::panic::{self, PanicHookInfo};
use std::sync::Arc;
use std::thread;
use std::time::Duration;
use tracing_subscriber::filter::{LevelFilter, Targets};
use tracing_subscriber::layer::SubscriberExt;
use tracing_subscriber::util::SubscriberInitExt;
use tracing_subscriber::{Layer, Registry};

/// How long the program waits at exit for queued lines to be written.
const LAST_LINES: Duration = Duration::from_secs(1);

/// The log of a running proxy. If the reader of standard error is slow, logging does not block.
pub(super) struct RunningLog(Queue);

impl RunningLog {
    /// Starts the log. `other` is a second layer that gets the same events, for tracing.
    pub(super) fn start(
        settings: config::Log,
        metrics: &Arc<Metrics>,
        other: Option<impl Layer<Registry> + Send + Sync>,
    ) -> io::Result<Self> {
        // Not `io::Stderr`, which holds its lock during a write. Other code that writes to it would
        // block.
        let stderr = File::from(io::stderr().as_fd().try_clone_to_owned()?);
        let queue = Queue::start(stderr, Arc::clone(metrics))?;
        // Only events of this crate: events of libraries may contain secrets.
        let mut own = Targets::new().with_target(env!("CARGO_CRATE_NAME"), settings.level);
        if !settings.access {
            own = own.with_target(ACCESS_LOG, LevelFilter::OFF);
        }
        let writer = queue.clone();
        let lines = tracing_subscriber::fmt::layer()
            .with_target(false)
            .with_writer(move || writer.clone())
            .log_internal_errors(false);
        let lines = match settings.format {
            LogFormat::Json => lines.json().boxed(),
            LogFormat::Text => lines.with_ansi(io::stderr().is_terminal()).boxed(),
        };
        // Fails only if a subscriber is already installed. That one stays in use.
        let _ = tracing_subscriber::registry().with(other).with(lines.with_filter(own)).try_init();
        // The default hook writes to standard error directly, and its message may contain bytes of
        // a body.
        panic::set_hook(Box::new(log_panic));
        Ok(Self(queue))
    }

    /// Flushes the queue. An error is logged first, and returned as [`CliError::Logged`].
    pub(super) fn finish(self, result: Result<(), CliError>) -> Result<(), CliError> {
        let result = result.map_err(|error| {
            self.0.push(error.message().as_bytes());
            CliError::Logged(Box::new(error))
        });
        self.0.flush(LAST_LINES);
        result
    }
}

/// Logs where a thread panicked. The panic's message is logged only if it is a literal: a formatted
/// message may contain a secret.
fn log_panic(panic: &PanicHookInfo<'_>) {
    let thread = thread::current();
    let place = panic.location().map(tracing::field::display);
    let why = panic.payload().downcast_ref::<&'static str>();
    tracing::error!(thread = thread.name(), place, why, "panicked");
}
