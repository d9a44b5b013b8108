//! last4 makes a legacy API reveal each secret once.

#[cfg(feature = "layer")]
pub mod codec;
#[cfg(feature = "cli")]
pub mod demo;
