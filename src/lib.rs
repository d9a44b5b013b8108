//! last4 makes a legacy API reveal each secret once.

#[cfg(feature = "layer")]
pub mod body;
#[cfg(feature = "layer")]
pub mod codec;
#[cfg(feature = "cli")]
pub mod demo;
#[cfg(feature = "layer")]
pub mod layer;
pub mod mask;
#[cfg(feature = "layer")]
pub mod problem;
#[cfg(feature = "proxy")]
pub mod proxy;
#[cfg(feature = "layer")]
pub mod reason;
#[cfg(feature = "layer")]
pub mod route;
