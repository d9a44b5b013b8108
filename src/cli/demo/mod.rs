//! `last4 demo`: a legacy API that leaks, and the proxy in front of it.

mod api;
mod store;
#[cfg(test)]
mod tests;
mod tour;

use super::CliError;
use super::args::DemoArgs;
use super::output::print;
use crate::config::{self, Sources};
use crate::metrics::Metrics;
use crate::proxy::{ListenAddress, PortSharing, Snapshot, Workers};
use api::LegacyApi;
use std::io;
use std::net::{Ipv4Addr, SocketAddr};
use std::num::NonZeroUsize;
use tokio::net::TcpListener;
use tokio::signal::ctrl_c;
use tokio::signal::unix::{SignalKind, signal};
use tour::Tour;

pub(super) fn demo(args: &DemoArgs) -> Result<(), CliError> {
    let runtime = tokio::runtime::Builder::new_current_thread().enable_all().build().map_err(failed)?;
    runtime.block_on(async {
        if args.api_only {
            let (api, legacy) = start_legacy(args.listen).await?;
            let (app, dataset) = api.store().examples();
            print(&format!(
                "legacy API on http://{legacy}, until Ctrl-C\n\
                 its console         /\n\
                 keys of an app      /console/api/apps/{app}/api-keys\n\
                 keys of a dataset   /console/api/datasets/{dataset}/api-keys\n\
                 keys of a workspace /console/api/datasets/api-keys\n",
            ))?;
            return stop_signal().await.map_err(failed);
        }
        run(args).await
    })
}

async fn run(args: &DemoArgs) -> Result<(), CliError> {
    let (api, legacy) = start_legacy(SocketAddr::from((Ipv4Addr::LOCALHOST, 0))).await?;
    let workers = start_last4(args.listen, legacy)?;
    let ListenAddress::Tcp(last4) = *workers.address() else {
        return Err(CliError::Serve("the demo needs a port".into()));
    };
    print(&format!("legacy API    http://{legacy}\nthrough last4 http://{last4}\n\n"))?;

    let (app, dataset) = api.store().examples();
    let tour = Tour::take(legacy, last4, &app).await.map_err(failed)?;
    print(&tour.to_string())?;
    if !tour.stayed_hidden() {
        return Err(CliError::Serve("a secret was shown that should have stayed hidden".into()));
    }
    print("The secrets stayed hidden: through last4, only the create showed one, its own.\n")?;
    if args.once {
        return Ok(());
    }
    print(&format!(
        "\nThe console of the legacy API, to open in a browser, until Ctrl-C:\n\
         http://{legacy}/ shows every key in full, with a button to copy it\n\
         http://{last4}/ is the same console through last4\n\
         \nMore to try:\n\
         $ curl -N http://{last4}/console/api/apps/{app}/chat-messages/stream\n\
         $ curl http://{last4}/console/api/datasets/api-keys\n\
         $ curl http://{last4}/console/api/datasets/{dataset}/%61pi-keys\n",
    ))?;
    stop_signal().await.map_err(failed)
}

/// Waits for Ctrl-C or SIGTERM. SIGTERM stops a container, and the first process of a container
/// ignores it without a handler.
async fn stop_signal() -> io::Result<()> {
    let mut terminate = signal(SignalKind::terminate())?;
    tokio::select! {
        interrupted = ctrl_c() => interrupted,
        _ = terminate.recv() => Ok(()),
    }
}

/// A configuration that hides the console's copy buttons, because they would copy masked keys.
const PAGE: &str = "[[page]]\npath = \"/\"\nhide = [\"#keys .copy\"]\n";

async fn start_legacy(address: SocketAddr) -> Result<(LegacyApi, SocketAddr), CliError> {
    let api = LegacyApi::new();
    let listener = TcpListener::bind(address).await.map_err(|source| CliError::Listen {
        address: address.into(),
        option: "--listen",
        source,
    })?;
    let address = listener.local_addr().map_err(failed)?;
    tokio::spawn(api.clone().serve(listener));
    Ok((api, address))
}

/// Starts last4 like `last4 serve --preset dify --upstream URL`, with [`PAGE`] as the file.
fn start_last4(address: SocketAddr, legacy: SocketAddr) -> Result<Workers, CliError> {
    let sources = Sources::default()
        .with_preset("dify")
        .with_text("demo.toml", PAGE)
        .with_flag("--upstream", "upstream.url", format!("http://{legacy}"))
        .with_flag("--listen", "listen", address.to_string());
    let config = config::load(&sources)?;
    let layer = config.routes.layer();
    Workers::start(
        address,
        PortSharing::Exclusive,
        NonZeroUsize::MIN,
        Snapshot::new(config.proxy, layer),
        &Metrics::default(),
    )
    .map_err(|source| CliError::Listen { address: address.into(), option: "--listen", source })
}

fn failed(error: io::Error) -> CliError {
    CliError::Serve(error.into())
}
