//! Any bytes, read as rules and a text: every kernel does what reading byte by byte does. The comparison is the tests' own function.
//! `../run.sh` builds and runs it.

#![no_main]

#[path = "../../support/mod.rs"]
mod support;

libfuzzer_sys::fuzz_target!(|data: &[u8]| support::kernels_vs_bytes::kernels_agree(data));
