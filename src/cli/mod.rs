//! The command line: `last4 serve`, `check`, `explain`, `mask`, `healthcheck`, `demo`.
//!
//! Data goes to standard output, messages to standard error; a broken pipe is a success, since whoever read had enough. The exit
//! status is 0, [`EXIT_FAILURE`] or [`EXIT_BAD_INPUT`].

mod args;
mod check;
mod demo;
mod error;
mod explain;
mod healthcheck;
mod log;
mod mask;
#[cfg(feature = "otlp")]
mod otlp;
mod output;
mod reload;
mod routes_changed;
mod serve;
mod sources;
mod watch;

pub use error::{CliError, EXIT_BAD_INPUT, EXIT_FAILURE};

use args::{Cli, Command};
use clap::Parser;
use std::ffi::OsString;

/// Runs the command that the arguments name, the program's own name first.
///
/// # Errors
/// Why it failed. Help and version come as an error too, of exit code 0.
pub fn run(arguments: impl IntoIterator<Item = OsString>) -> Result<(), CliError> {
    match Cli::try_parse_from(arguments)?.command {
        Command::Serve(typed) => serve::serve(typed),
        Command::Check(typed) => check::check(typed),
        Command::Explain(typed) => explain::explain(typed),
        Command::Mask(typed) => mask::mask(&typed),
        Command::Healthcheck(typed) => healthcheck::healthcheck(typed),
        Command::Demo(typed) => demo::demo(&typed),
    }
}
