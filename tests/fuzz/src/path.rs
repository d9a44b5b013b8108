//! Any bytes, read as a path and changes to it: a path that lists keys on a model of a server is found or refused.
//! `../run.sh` builds and runs it.

#![no_main]

#[path = "../../support/mod.rs"]
mod support;

libfuzzer_sys::fuzz_target!(|data: &[u8]| support::route_vs_servers::matcher_misses_nothing(data));
