//! The command line: `last4 serve`, `check`, `explain`, `mask`, `healthcheck`, `demo`.
//!
//! Data is written to standard output, messages to standard error. A broken pipe on standard output
//! is no error: the reader has what it needed. The exit status is 0, [`EXIT_FAILURE`] or
//! [`EXIT_BAD_INPUT`].

mod args;
mod check;
mod demo;
mod error;
mod explain;
mod healthcheck;
mod http_client;
mod log;
mod mask;
#[cfg(feature = "otlp")]
mod otlp;
mod output;
mod serve;

pub use error::{CliError, EXIT_BAD_INPUT, EXIT_FAILURE};

use args::{Cli, CliCommand};
use clap::Parser;
use std::ffi::OsString;

/// Runs the command that the arguments name. The first argument is the program's name.
///
/// # Errors
/// The command failed. `--help` and `--version` also return an error, with exit code 0.
pub fn run(arguments: impl IntoIterator<Item = OsString>) -> Result<(), CliError> {
    match Cli::try_parse_from(arguments)?.command {
        CliCommand::Serve(args) => serve::serve(args),
        CliCommand::Check(args) => check::check(args),
        CliCommand::Explain(args) => explain::explain(args),
        CliCommand::Mask(args) => mask::mask(&args),
        CliCommand::Healthcheck(args) => healthcheck::healthcheck(args),
        CliCommand::Demo(args) => demo::demo(&args),
    }
}
