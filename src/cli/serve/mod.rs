//! `last4 serve`: runs the proxy.

mod reload;
mod route_changes;
mod watch;

use super::CliError;
use super::args::{ServeArgs, sources, with_flag};
use super::log::RunningLog;
#[cfg(feature = "otlp")]
use super::otlp::Spans;
use crate::config::{self, Admin, Config, Sources};
use crate::excerpt::Excerpt;
use crate::metrics::Metrics;
use crate::proxy::{PortSharing, SharedPort, Snapshot, Workers, bind, serve_admin};
use http::Method;
use reload::{ConfigWatcher, Reloader, log_warnings, warn_if_observing};
use rustix::process::{Resource, Rlimit, getrlimit, setrlimit};
use std::io;
use std::net::TcpListener;
use std::num::NonZeroUsize;
use std::sync::Arc;
use std::time::Duration;
use tokio::signal::unix::{Signal, SignalKind, signal};
use tokio::sync::Notify;
#[cfg(not(feature = "otlp"))]
use tracing_subscriber::layer::Identity;

pub(super) fn serve(args: ServeArgs) -> Result<(), CliError> {
    let sources = args.presets.apply(args.upstream.apply(sources(args.config.config)));
    let sources = with_flag(sources, "--listen", "listen", args.listen);
    let sources = with_flag(sources, "--log-format", "log.format", args.log_format);
    let sources = if args.take_over { sources.with_switch("--take-over", "take_over") } else { sources };
    let config = config::load(&sources)?;
    let metrics = Arc::<Metrics>::default();
    #[cfg(feature = "otlp")]
    let spans = Spans::start()?;
    #[cfg(feature = "otlp")]
    let log = RunningLog::start(config.log, &metrics, spans.as_ref().map(Spans::layer)).map_err(failed)?;
    #[cfg(not(feature = "otlp"))]
    let log = RunningLog::start(config.log, &metrics, None::<Identity>).map_err(failed)?;
    raise_file_limit();
    let result = run(config, sources, &metrics);
    #[cfg(feature = "otlp")]
    if let Some(spans) = spans {
        spans.finish();
    }
    log.finish(result)
}

/// Serves until a signal to stop. The [`Workers`] have their own threads. This thread handles
/// signals, reloads and the admin listener.
fn run(config: Config, sources: Sources, metrics: &Arc<Metrics>) -> Result<(), CliError> {
    let runtime = tokio::runtime::Builder::new_current_thread().enable_all().build().map_err(failed)?;
    // Installed before anything listens, so that an early signal does not kill the process.
    let mut signals = runtime.block_on(async { Signals::new() }).map_err(failed)?;
    let reloader = Reloader::new(&config, Arc::clone(metrics));
    let mut watcher = ConfigWatcher::start(sources).map_err(failed)?;
    let layer = config.routes.layer();
    let enforces = layer.enforces();
    let snapshot = Snapshot::new(config.proxy, layer);
    let count = config.workers.or_else(|| std::thread::available_parallelism().ok()).unwrap_or(NonZeroUsize::MIN);

    let port = if config.take_over { PortSharing::Shared } else { PortSharing::Exclusive };
    let admin = config.admin.map(|admin| bind_admin(admin, port)).transpose()?.flatten();
    let upstream = snapshot.settings.upstream.to_string();
    let tls = snapshot.settings.tls.is_some();
    let workers = Workers::start(config.listen.clone(), port, count, snapshot, metrics)
        .map_err(|source| CliError::Listen { address: config.listen, option: "--listen", source })?;

    tracing::info!(address = %workers.address(), workers = count, tls, %upstream, "listening");
    if let Some(AdminListener { listener, .. }) = &admin {
        let address = listener.local_addr().map_err(failed)?;
        tracing::info!(%address, "operator's listener");
    }
    for page in config.routes.pages.described.iter().filter(|_| enforces) {
        tracing::info!(path = page.path, hide = page.hide.join(" "), remove = page.remove.join(" "), "rewriting pages");
    }
    for route in &config.routes.described {
        let reveal = route.reveal.iter().map(Method::as_str).collect::<Vec<_>>().join(" ");
        tracing::info!(route = route.name, path = route.path, fields = route.fields.join(" "), reveal, "masking");
        warn_if_observing(route);
    }
    log_warnings(&config.warnings);

    let stop_admin = Arc::new(Notify::new());
    runtime.block_on(async {
        let mut admin_port = None;
        if let Some(AdminListener { listener, hosts, shared_port }) = admin {
            admin_port = shared_port;
            let (stop, status, metrics) = (Arc::clone(&stop_admin), workers.status().clone(), Arc::clone(metrics));
            tokio::spawn(serve_admin(listener, hosts, status, metrics, async move { stop.notified().await }));
        }
        tokio::spawn(check_alarms(Arc::clone(metrics)));
        reload_until_stopped(&mut signals, &mut watcher, &reloader, &workers).await;
        if port == PortSharing::Shared {
            // Closed at once, so that the process that takes over gets new requests to the admin
            // port.
            drop(admin_port.take());
            stop_admin.notify_one();
        }
        stop(&mut signals, &workers).await;
        metrics.check_alarms();
    });
    // Does not wait for DNS look-ups of the admin listener, which could delay the exit.
    runtime.shutdown_background();
    workers.join().map_err(failed)
}

struct AdminListener {
    listener: TcpListener,
    /// Additional names that requests may have in `Host`.
    hosts: Vec<String>,
    /// Keeps the port available to a process that takes over. `None` unless `take_over` is true.
    shared_port: Option<SharedPort>,
}

/// Binds the admin listener. Returns `None` if its default address is in use, since another
/// instance may have it, and the proxy can serve without this listener. If an address from the
/// configuration is in use, that is an error.
fn bind_admin(admin: Admin, port: PortSharing) -> Result<Option<AdminListener>, CliError> {
    let address = admin.listen;
    let bound = match port {
        PortSharing::Exclusive => TcpListener::bind(address).map(|listener| (listener, None)),
        PortSharing::Shared => {
            SharedPort::agree(address).and_then(|(address, shared)| Ok((bind(address)?, Some(shared))))
        }
    };
    match bound {
        Ok((listener, shared_port)) => Ok(Some(AdminListener { listener, hosts: admin.hosts, shared_port })),
        Err(error) if admin.is_default && error.kind() == io::ErrorKind::AddrInUse => {
            tracing::warn!(
                "no operator's listener, so no /livez, /readyz and /metrics: its default address {address} is in use. Set admin.listen"
            );
            Ok(None)
        }
        Err(source) => Err(CliError::Listen { address: address.into(), option: "LAST4_ADMIN__LISTEN", source }),
    }
}

/// Reloads the configuration after each change or SIGHUP, until a signal to stop.
async fn reload_until_stopped(
    signals: &mut Signals,
    watcher: &mut ConfigWatcher,
    reloader: &Reloader,
    workers: &Workers,
) {
    loop {
        tokio::select! {
            action = signals.next() => match action {
                SignalAction::Reload => watcher.read_again(),
                SignalAction::Stop => return,
            },
            Some(read) = watcher.next() => reloader.put_in_force(read, workers),
        }
    }
}

/// Stops without losing a request. First `/readyz` answers 503, then new connections are refused,
/// then requests in flight finish. A second signal aborts the requests in flight.
async fn stop(signals: &mut Signals, workers: &Workers) {
    let status = workers.status();
    status.set_stopping();
    let settle = status.settings().limits.settle;
    let stopping = async {
        if !settle.is_zero() {
            tracing::info!(
                settle_secs = settle.as_secs_f64(),
                "stopping: /readyz answers 503, requests are still served"
            );
            tokio::time::sleep(settle).await;
        }
        tracing::info!("stopping: requests in flight finish, new connections are refused");
        workers.drain();
        workers.drained().await;
    };
    tokio::select! {
        () = stopping => return,
        () = signals.stop() => {}
    }
    tracing::warn!("second signal to stop: aborting requests in flight");
    workers.abort();
}

/// The signals that a running proxy handles.
struct Signals {
    hangup: Signal,
    interrupt: Signal,
    terminate: Signal,
}

impl Signals {
    fn new() -> io::Result<Self> {
        Ok(Self {
            hangup: signal(SignalKind::hangup())?,
            interrupt: signal(SignalKind::interrupt())?,
            terminate: signal(SignalKind::terminate())?,
        })
    }

    async fn next(&mut self) -> SignalAction {
        tokio::select! {
            biased;
            _ = self.terminate.recv() => SignalAction::Stop,
            _ = self.interrupt.recv() => SignalAction::Stop,
            _ = self.hangup.recv() => SignalAction::Reload,
        }
    }

    /// Resolves at the next SIGTERM or SIGINT. Ignores SIGHUP.
    async fn stop(&mut self) {
        while self.next().await != SignalAction::Stop {}
    }
}

#[derive(Clone, Copy, PartialEq, Eq)]
enum SignalAction {
    Reload,
    Stop,
}

/// Raises the soft limit of open files to the hard limit. Every connection needs a file descriptor,
/// and the usual soft limit is only 1024, for programs that use `select(2)`.
fn raise_file_limit() {
    let limit = getrlimit(Resource::Nofile);
    if let Err(error) = setrlimit(Resource::Nofile, Rlimit { current: limit.maximum, ..limit }) {
        tracing::warn!(error = %Excerpt(&error), "cannot raise the limit of open files");
    }
}

/// Logs alarms, such as a route whose answers have no masked values any more. A timer checks the
/// counters, so that requests do not spend time on it.
async fn check_alarms(metrics: Arc<Metrics>) {
    loop {
        tokio::time::sleep(Duration::from_secs(10)).await;
        metrics.check_alarms();
    }
}

fn failed(error: io::Error) -> CliError {
    CliError::Serve(error.into())
}
