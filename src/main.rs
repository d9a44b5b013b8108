//! The last4 program.

use std::process::ExitCode;

/// A request makes a few dozen allocations, two of them buffers of 8 KiB, so the speed of the
/// allocator is noticeable.
#[global_allocator]
static ALLOCATOR: mimalloc::MiMalloc = mimalloc::MiMalloc;

fn main() -> ExitCode {
    match last4::cli::run(std::env::args_os()) {
        Ok(()) => ExitCode::SUCCESS,
        Err(error) => {
            error.print();
            error.exit_code()
        }
    }
}
