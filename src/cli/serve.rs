//! `last4 serve`.

use super::CliError;
use super::args::{LogFormat, Serve};
use super::sources::{WithFlags, sources};
use crate::config::{self, Config, Log};
use std::io;

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

/// The seam between the command line and the proxy.
fn run(config: Config) -> Result<(), CliError> {
    drop(config);
    Err(CliError::Serve("this build has no proxy yet".into()))
}

fn start_log(log: Log) {
    let subscriber = tracing_subscriber::fmt().with_max_level(log.level).with_writer(io::stderr);
    // Fails only where a log was started before, which then stays.
    let _ = match log.format {
        config::LogFormat::Json => subscriber.json().try_init(),
        config::LogFormat::Text => subscriber.try_init(),
    };
}
