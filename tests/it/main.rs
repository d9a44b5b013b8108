//! The crate from outside, in one binary so that its dependencies are linked once. A module tests a folder of `src`:
//! `cargo test --test it engine::` runs the tests of one.
#![expect(clippy::expect_used, clippy::panic, clippy::unwrap_used, reason = "a test fails by panicking")]

#[cfg(feature = "cli")]
mod cli;
#[cfg(feature = "layer")]
mod codec;
mod engine;
#[cfg(feature = "proxy")]
mod http;
#[cfg(feature = "layer")]
mod layer;
#[cfg(feature = "cli")]
mod manual;
mod random_documents;
#[cfg(feature = "proxy")]
mod redaction;
#[cfg(feature = "layer")]
mod route;
#[cfg(all(feature = "cli", unix))]
mod serve;
#[path = "../support/mod.rs"]
mod support;
#[cfg(feature = "layer")]
mod write_backs;
