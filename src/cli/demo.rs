//! `last4 demo`.

use super::CliError;
use super::args::Demo;

/// The seam between the command line and the demo.
pub(super) fn demo(typed: &Demo) -> Result<(), CliError> {
    let Demo { once: _, listen: _ } = typed;
    Err(CliError::Serve("this build has no demo yet".into()))
}
