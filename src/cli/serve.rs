//! `last4 serve`.

use super::CliError;
use super::args::{LogFormat, Serve};
use super::log::Log;
#[cfg(feature = "otlp")]
use super::otlp::Spans;
use super::reload::{Reader, Reloader, log_warnings, warn_if_observing};
use super::sources::{WithFlags, sources};
use crate::config::{self, Admin, Config, Sources};
use crate::excerpt::Excerpt;
use crate::metrics::Metrics;
use crate::proxy::{PortSharing, SharedPort, Snapshot, Workers, bind, serve_admin};
use http::Method;
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

pub(super) fn serve(typed: Serve) -> Result<(), CliError> {
    let format = typed.log_format.map(|format| match format {
        LogFormat::Json => "json".to_owned(),
        LogFormat::Text => "text".to_owned(),
    });
    let sources = sources(typed.config.config)
        .with_optional_flag("--upstream", "upstream.url", typed.upstream.upstream)
        .with_optional_flag("--listen", "listen", typed.listen)
        .with_optional_flag("--log-format", "log.format", format)
        .with_presets(typed.presets.presets);
    let sources = if typed.take_over { sources.with_switch("--take-over", "take_over") } else { sources };
    let config = config::load(&sources)?;
    let metrics = Arc::<Metrics>::default();
    #[cfg(feature = "otlp")]
    let spans = Spans::start()?;
    #[cfg(feature = "otlp")]
    let log = Log::start(config.log, &metrics, spans.as_ref().map(Spans::layer)).map_err(failed)?;
    #[cfg(not(feature = "otlp"))]
    let log = Log::start(config.log, &metrics, None::<Identity>).map_err(failed)?;
    raise_file_limit();
    let ended = run(config, sources, &metrics);
    #[cfg(feature = "otlp")]
    if let Some(spans) = spans {
        spans.finish();
    }
    log.finish(ended)
}

/// Serves until told to stop. The threads of [`Workers`] do the work; this one waits for signals and answers the operator.
fn run(config: Config, sources: Sources, metrics: &Arc<Metrics>) -> Result<(), CliError> {
    let runtime = tokio::runtime::Builder::new_current_thread().enable_all().build().map_err(failed)?;
    // Before anything can be seen to serve: a signal that comes early must not end the process.
    let mut signals = runtime.block_on(async { Signals::new() }).map_err(failed)?;
    let reloader = Reloader::new(&config, Arc::clone(metrics));
    let mut reader = Reader::start(sources).map_err(failed)?;
    let layer = config.routes.layer();
    let enforces = layer.enforces();
    let setup = Snapshot::new(config.proxy, layer);
    let count = config.workers.or_else(|| std::thread::available_parallelism().ok()).unwrap_or(NonZeroUsize::MIN);

    let port = if config.take_over { PortSharing::Shared } else { PortSharing::Exclusive };
    let admin = config.admin.map(|admin| listen_for_operator(admin, port)).transpose()?.flatten();
    let upstream = setup.settings.upstream.to_string();
    let tls = setup.settings.tls.is_some();
    let workers = Workers::start(config.listen.clone(), port, count, setup, metrics)
        .map_err(|source| CliError::Listen { address: config.listen, option: "--listen", source })?;

    tracing::info!(address = %workers.address(), workers = count, tls, %upstream, "listening");
    if let Some(Operator { listener, .. }) = &admin {
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

    let left = Arc::new(Notify::new());
    runtime.block_on(async {
        let mut shares_admin = None;
        if let Some(Operator { listener, hosts, agreed }) = admin {
            shares_admin = agreed;
            let (left, status, metrics) = (Arc::clone(&left), workers.status().clone(), Arc::clone(metrics));
            tokio::spawn(serve_admin(listener, hosts, status, metrics, async move { left.notified().await }));
        }
        tokio::spawn(look_for_alarms(Arc::clone(metrics)));
        serve_until_told(&mut signals, &mut reader, &reloader, &workers).await;
        if port == PortSharing::Shared {
            // Whoever asks there from now on means the process that took over.
            drop(shares_admin.take());
            left.notify_one();
        }
        stop(&mut signals, &workers).await;
        metrics.look_for_alarms();
    });
    // A name that is being looked up for the operator would keep the runtime, and with it the process.
    runtime.shutdown_background();
    workers.join().map_err(failed)
}

/// Where the operator is answered.
struct Operator {
    listener: TcpListener,
    /// The names by which it is asked.
    hosts: Vec<String>,
    /// That the port is shared with processes that take over, if it is.
    agreed: Option<SharedPort>,
}

/// The operator's listener and the names that it answers by. Its default address may be another instance's, which is no reason not to
/// serve; one that was asked for must be had.
fn listen_for_operator(admin: Admin, port: PortSharing) -> Result<Option<Operator>, CliError> {
    let address = admin.listen;
    let bound = match port {
        PortSharing::Exclusive => TcpListener::bind(address).map(|listener| (listener, None)),
        PortSharing::Shared => {
            SharedPort::agree(address).and_then(|(address, agreed)| Ok((bind(address)?, Some(agreed))))
        }
    };
    match bound {
        Ok((listener, agreed)) => Ok(Some(Operator { listener, hosts: admin.hosts, agreed })),
        Err(error) if admin.is_default && error.kind() == io::ErrorKind::AddrInUse => {
            tracing::warn!(
                "no operator's listener, and so no /livez, /readyz and /metrics: its default, {address}, is taken. Set admin.listen"
            );
            Ok(None)
        }
        Err(source) => Err(CliError::Listen { address: address.into(), option: "LAST4_ADMIN__LISTEN", source }),
    }
}

/// Reloads the configuration whenever it changes or a signal says so, until told to stop.
async fn serve_until_told(signals: &mut Signals, reader: &mut Reader, reloader: &Reloader, workers: &Workers) {
    loop {
        tokio::select! {
            told = signals.told() => match told {
                Told::Reload => reader.read_again(),
                Told::Stop => return,
            },
            Some(read) = reader.next() => reloader.put_in_force(read, workers),
        }
    }
}

/// Stops without losing a request: not ready, then no new connections, then the end of what is in flight. Told once more, at once.
async fn stop(signals: &mut Signals, workers: &Workers) {
    let status = workers.status();
    status.set_stopping();
    let settle = status.settings().limits.settle;
    let stopping = async {
        if !settle.is_zero() {
            tracing::info!(settle_secs = settle.as_secs_f64(), "stopping: not ready any more, but still serving");
            tokio::time::sleep(settle).await;
        }
        tracing::info!("stopping: requests in flight finish, new connections are refused");
        workers.drain();
        workers.drained().await;
    };
    tokio::select! {
        () = stopping => return,
        () = signals.told_to_stop() => {}
    }
    tracing::warn!("told to stop twice: what is in flight is cut");
    workers.abort();
}

/// The signals that a running proxy obeys.
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

    async fn told(&mut self) -> Told {
        tokio::select! {
            biased;
            _ = self.terminate.recv() => Told::Stop,
            _ = self.interrupt.recv() => Told::Stop,
            _ = self.hangup.recv() => Told::Reload,
        }
    }

    /// Resolves at the next signal to stop. There is nothing to reload any more.
    async fn told_to_stop(&mut self) {
        while self.told().await != Told::Stop {}
    }
}

/// What a signal says.
#[derive(Clone, Copy, PartialEq, Eq)]
enum Told {
    Reload,
    Stop,
}

/// Every connection takes a file descriptor, and the 1024 that a process is given for the sake of `select(2)` are soon used up. It
/// may raise them itself to what the system allows.
fn raise_file_limit() {
    let limit = getrlimit(Resource::Nofile);
    if let Err(error) = setrlimit(Resource::Nofile, Rlimit { current: limit.maximum, ..limit }) {
        tracing::warn!(error = %Excerpt(&error), "cannot raise the limit of open files");
    }
}

/// Warns of routes that leak in silence. The counts are looked at here, so that no request pays for it.
async fn look_for_alarms(metrics: Arc<Metrics>) {
    loop {
        tokio::time::sleep(Duration::from_secs(10)).await;
        metrics.look_for_alarms();
    }
}

fn failed(error: io::Error) -> CliError {
    CliError::Serve(error.into())
}
