//! Any bytes, read as an answer of an upstream on a masked route: a client gets what the oracle allows and nothing else.
//! `../run.sh` builds and runs it.

#![no_main]

#[path = "../../support/mod.rs"]
mod support;

libfuzzer_sys::fuzz_target!(|data: &[u8]| support::layer_vs_oracle::no_answer_leaks(data));
