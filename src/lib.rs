//! last4 makes a legacy API reveal each secret once.

#[cfg(feature = "cli")]
pub mod cli;
#[cfg(feature = "layer")]
pub mod codec;
#[cfg(feature = "cli")]
pub mod config;
#[cfg(feature = "cli")]
pub mod demo;
#[cfg(feature = "layer")]
pub mod layer;
pub mod mask;
#[cfg(feature = "proxy")]
pub mod proxy;
#[cfg(feature = "layer")]
pub mod route;
