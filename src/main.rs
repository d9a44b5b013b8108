//! The last4 program.

use std::process::ExitCode;

fn main() -> ExitCode {
    match last4::cli::run(std::env::args_os()) {
        Ok(()) => ExitCode::SUCCESS,
        Err(error) => {
            error.print();
            error.exit_code()
        }
    }
}
