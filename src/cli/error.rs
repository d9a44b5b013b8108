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
    /// An address to listen on is taken or not this machine's.
    #[error("cannot listen on {address}: give another with {option} or in the configuration")]
    Listen {
        /// The address to listen on.
        address: ListenAddress,
        /// The flag or variable that sets the address.
        option: &'static str,
        /// The cause.
        source: io::Error,
    },
    /// The configuration is wrong.
    #[error("{0}")]
    Configuration(#[from] Problems),
    /// The value of a flag is wrong.
    #[error("{flag}: {message}")]
    Flag {
        /// The flag.
        flag: &'static str,
        /// The fault, and what to write instead.
        message: String,
    },
    /// A file cannot be opened.
    #[error("cannot open {}", path.display())]
    Open {
        /// The file.
        path: PathBuf,
        /// The cause.
        source: io::Error,
    },
    /// An error of a running proxy, already in its log.
    #[error(transparent)]
    Logged(Box<Self>),
    /// Reading failed half-way.
    #[error("reading failed")]
    Read(#[source] io::Error),
    /// A resource of the program's own failed: a thread, a signal handler, the log.
    #[error("the proxy failed")]
    Serve(#[source] Box<dyn Error + Send + Sync>),
    /// A text that is not JSON.
    #[error("the output ends where the text cannot be trusted")]
    Text(#[from] mask::Error),
    /// The proxy does not answer as it should.
    #[error("unhealthy: {0}")]
    Unhealthy(String),
    /// The arguments are not a command.
    #[error("{0}")]
    Usage(#[from] clap::Error),
    /// Writing failed.
    #[error("writing failed")]
    Write(#[source] io::Error),
}

impl CliError {
    /// Returns the exit code of the process.
    pub fn exit_code(&self) -> ExitCode {
        match self {
            // Help and version.
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

    /// Writes the error and its causes to standard error; help and version to standard output.
    pub fn print(&self) {
        // A write that fails leaves only the exit code.
        let _ = match self {
            Self::Usage(error) => error.print(),
            error => io::stderr().write_all(error.message().as_bytes()),
        };
    }

    /// Returns the error and its causes, in whole lines.
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

/// Returns an error and its causes on one line.
fn chain(error: &(dyn Error + 'static)) -> String {
    let causes = std::iter::successors(Some(error), |&error| error.source());
    causes.map(ToString::to_string).collect::<Vec<_>>().join(": ")
}
