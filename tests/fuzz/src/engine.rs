//! Any bytes, read as rules and a text: the engine agrees with the oracle. The comparison is the tests' own function.
//!
//! ```sh
//! cargo run --manifest-path tests/fuzz/Cargo.toml --bin seeds
//! cargo +nightly fuzz run --fuzz-dir tests/fuzz engine
//! ```
//!
//! A stable toolchain does too: `RUSTC_BOOTSTRAP=1 cargo fuzz run --fuzz-dir tests/fuzz -s none engine`. What it finds
//! belongs into `tests/fixtures/findings/engine/`, where `cargo test` runs it from then on.

#![no_main]

#[path = "../../support/mod.rs"]
mod support;

libfuzzer_sys::fuzz_target!(|data: &[u8]| support::check::engine_agrees_with_oracle(data));
