//! `last4 serve`.

use super::CliError;
use super::args::{LogFormat, Serve};
use super::sources::{WithFlags, sources};
use crate::config::{self, Config, Log};
use crate::layer::{MaskLayer, Mode};
use crate::metrics::Metrics;
use crate::proxy::{ACCESS_LOG, Workers, serve_admin};
use http::Method;
use std::io::{self, IsTerminal};
use std::net::{SocketAddr, TcpListener};
use std::num::NonZeroUsize;
use std::sync::Arc;
use std::time::Duration;
use tokio::signal::unix::{SignalKind, signal};
use tracing_subscriber::Layer;
use tracing_subscriber::filter::{LevelFilter, Targets};
use tracing_subscriber::layer::SubscriberExt;
use tracing_subscriber::util::SubscriberInitExt;

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
    let config = config::load(&sources)?;
    start_log(config.log);
    run(config)
}

/// Serves until told to stop. The threads of [`Workers`] do the work; this one waits for signals and answers the operator.
fn run(config: Config) -> Result<(), CliError> {
    let runtime = tokio::runtime::Builder::new_current_thread().enable_all().build().map_err(failed)?;
    let settings = Arc::new(config.proxy);
    let metrics = Arc::<Metrics>::default();
    let described = config.routes.described;
    let layer = MaskLayer::new(config.routes.set);
    let count = config.workers.or_else(|| std::thread::available_parallelism().ok()).unwrap_or(NonZeroUsize::MIN);

    let refused =
        |address: SocketAddr, option: &'static str| move |source| CliError::Listen { address, option, source };
    let bind_admin = |address| TcpListener::bind(address).map_err(refused(address, "LAST4_ADMIN__LISTEN"));
    let admin = config.admin.map(bind_admin).transpose()?;
    let workers = Workers::start(config.listen, count, &settings, &layer, &metrics)
        .map_err(refused(config.listen, "--listen"))?;

    tracing::info!(address = %workers.address(), workers = count, upstream = %settings.upstream.authority, "listening");
    if let Some(address) = config.admin {
        tracing::info!(%address, "operator's listener");
    }
    for route in described {
        let reveal = route.reveal.iter().map(Method::as_str).collect::<Vec<_>>().join(" ");
        tracing::info!(route = route.name, path = route.path, fields = route.fields.join(" "), reveal, "masking");
        if route.mode == Mode::Observe {
            tracing::warn!(route = route.name, "observe mode: nothing is masked on this route, every secret passes");
        }
    }

    runtime.block_on(async {
        let mut terminate = signal(SignalKind::terminate()).map_err(failed)?;
        let mut interrupt = signal(SignalKind::interrupt()).map_err(failed)?;
        let mut told_to_stop = async || {
            tokio::select! {
                _ = terminate.recv() => {}
                _ = interrupt.recv() => {}
            }
        };
        if let Some(listener) = admin {
            tokio::spawn(serve_admin(listener, Arc::clone(&settings), Arc::clone(&metrics), std::future::pending()));
        }
        tokio::spawn(look_for_alarms(metrics));
        told_to_stop().await;
        tracing::info!("stopping: requests in flight finish, new connections are refused");
        let stopped = tokio::task::spawn_blocking(move || workers.stop());
        tokio::select! {
            stopped = stopped => stopped.map_err(|error| CliError::Serve(error.into()))?.map_err(failed),
            () = told_to_stop() => {
                tracing::warn!("told to stop twice: what is in flight is cut");
                Ok(())
            }
        }
    })?;
    // Without this, the runtime would wait for workers that were told to stop twice.
    runtime.shutdown_background();
    Ok(())
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

fn start_log(log: Log) {
    // Only what this program says: a library's own trace may hold what must not be logged.
    let mut own = Targets::new().with_target(env!("CARGO_CRATE_NAME"), log.level);
    if !log.access {
        own = own.with_target(ACCESS_LOG, LevelFilter::OFF);
    }
    let lines = tracing_subscriber::fmt::layer().with_target(false).with_writer(io::stderr);
    let lines = match log.format {
        config::LogFormat::Json => lines.json().boxed(),
        config::LogFormat::Text => lines.with_ansi(io::stderr().is_terminal()).boxed(),
    };
    // Fails only where a log was started before, which then stays.
    let _ = tracing_subscriber::registry().with(lines.with_filter(own)).try_init();
}
