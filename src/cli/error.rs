//! Errors of commands, and their exit codes.

use crate::config::Problems;
use crate::mask;
use crate::proxy::ListenAddress;
use std::error::Error;
use std::io::{self, Write};
use std::path::PathBuf;
use std::process::ExitCode;
use thiserror::Error;

/// Exit code of a command that ran and failed, or found a leak.
pub const EXIT_FAILURE: u8 = 1;

/// Exit code for unusable input: flags, configuration, file or address (EX_USAGE of sysexits).
pub const EXIT_BAD_INPUT: u8 = 64;

/// Why a command failed.
#[derive(Debug, Error)]
#[non_exhaustive]
pub enum CliError {
    /// Listening on an address failed: it is in use, or not an address of this machine.
    #[error("cannot listen on {address}: set another address with {option} or in the configuration")]
    Listen {
        /// The address to listen on.
        address: ListenAddress,
        /// The flag or variable that sets the address.
        option: &'static str,
        /// The cause.
        source: io::Error,
    },
    /// The configuration has errors.
    #[error("{0}")]
    Configuration(#[from] Problems),
    /// The value of a flag, argument or environment variable is invalid.
    #[error("{flag}: {message}")]
    Flag {
        /// The name of the flag, argument or variable.
        flag: &'static str,
        /// What is wrong, and what to write instead.
        message: String,
    },
    /// A file cannot be opened.
    #[error("cannot open {}", path.display())]
    Open {
        /// The path of the file.
        path: PathBuf,
        /// The cause.
        source: io::Error,
    },
    /// An error of a running proxy. It is already logged, so it is not printed again.
    #[error(transparent)]
    Logged(Box<Self>),
    /// Reading the input failed.
    #[error("reading failed")]
    Read(#[source] io::Error),
    /// The program could not start a thread, install a signal handler or open its log. In the demo,
    /// also a leaked secret.
    #[error("the proxy failed")]
    Serve(#[source] Box<dyn Error + Send + Sync>),
    /// The input of `last4 mask` is not valid JSON, or is nested too deeply.
    #[error("the output ends before the invalid part of the input")]
    Text(#[from] mask::Error),
    /// The health check got no answer, or an answer with a status other than 200.
    #[error("unhealthy: {0}")]
    Unhealthy(String),
    /// The arguments are not a valid command. clap also reports `--help` and `--version` this way.
    #[error("{0}")]
    Usage(#[from] clap::Error),
    /// Writing to standard output failed.
    #[error("writing failed")]
    Write(#[source] io::Error),
}

impl CliError {
    /// Returns the exit code of the process.
    pub fn exit_code(&self) -> ExitCode {
        match self {
            // `--help` or `--version`.
            Self::Usage(error) if error.exit_code() == 0 => ExitCode::SUCCESS,
            Self::Configuration(_) | Self::Flag { .. } | Self::Listen { .. } | Self::Open { .. } | Self::Usage(_) => {
                ExitCode::from(EXIT_BAD_INPUT)
            }
            Self::Logged(error) => error.exit_code(),
            Self::Read(_) | Self::Serve(_) | Self::Text(_) | Self::Unhealthy(_) | Self::Write(_) => {
                ExitCode::from(EXIT_FAILURE)
            }
        }
    }

    /// Writes the error and its causes to standard error. Help and version texts are written to
    /// standard output.
    pub fn print(&self) {
        // If this write fails, the exit code still reports the error.
        let _ = match self {
            Self::Usage(error) => error.print(),
            error => io::stderr().write_all(error.message().as_bytes()),
        };
    }

    /// Returns the error and its causes as complete lines. Empty for an error that is already
    /// logged.
    pub(super) fn message(&self) -> String {
        match self {
            Self::Logged(_) => String::new(),
            Self::Configuration(problems) => {
                let (count, plural) = (problems.iter().len(), if problems.iter().len() == 1 { "" } else { "s" });
                format!("{problems}\nlast4: {count} problem{plural} in the configuration\n")
            }
            error => format!("last4: {}\n", chain(error)),
        }
    }
}

/// Returns an error and its causes on one line, separated by `: `.
fn chain(error: &(dyn Error + 'static)) -> String {
    let causes = std::iter::successors(Some(error), |&error| error.source());
    causes.map(ToString::to_string).collect::<Vec<_>>().join(": ")
}
