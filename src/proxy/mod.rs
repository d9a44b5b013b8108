//! The reverse proxy.

mod settings;

pub use settings::{Forwarded, Limits, Settings, Upstream};
