//! Shared by the tests and the fuzzer: documents, a slow and obvious masker to compare the engine and the layer with, models of
//! servers to compare the matcher with, and these comparisons.

#![allow(dead_code, reason = "each fuzz target uses a part of it")]

pub(crate) mod documents;
pub(crate) mod engine_vs_oracle;
#[cfg(feature = "layer")]
pub(crate) mod fuzz_input;
pub(crate) mod kernels_vs_bytes;
#[cfg(feature = "layer")]
pub(crate) mod layer_vs_oracle;
pub(crate) mod oracle;
#[cfg(feature = "layer")]
pub(crate) mod route_vs_servers;
#[cfg(feature = "layer")]
pub(crate) mod servers;
