//! Any bytes, read as rules and a text: the engine agrees with the oracle. The comparison is the tests' own function.
//! `../run.sh` builds and runs it.

#![no_main]

#[path = "../../support/mod.rs"]
mod support;

libfuzzer_sys::fuzz_target!(|data: &[u8]| support::engine_vs_oracle::engine_agrees_with_oracle(data));
