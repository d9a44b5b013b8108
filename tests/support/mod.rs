//! What the tests and the fuzzer share: documents, a slow and obvious masker to compare with, and the comparison; models of
//! servers, and targets to try them with; answers of an upstream, and the verdict on what becomes of them.

#![allow(dead_code, reason = "each test and each fuzz target uses a part of it")]

#[cfg(feature = "layer")]
pub(crate) mod answers;
pub(crate) mod check;
#[cfg(feature = "layer")]
pub(crate) mod choices;
pub(crate) mod documents;
pub(crate) mod kernels;
pub(crate) mod oracle;
#[cfg(feature = "layer")]
pub(crate) mod paths;
#[cfg(feature = "layer")]
pub(crate) mod servers;
