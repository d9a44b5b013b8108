//! Readers of the tables of the configuration.
//!
//! Each reader takes its keys from a [`Table`](super::read::table::Table), and knows the default
//! and range of each key. After an error it reads the remaining keys, so that one run reports every
//! error.
//!
//! - [`server`]: the top level, `[upstream]`, `[admin]`, `[forwarded]`, `[limits]` and `[log]`.
//!   [`address`] reads their addresses.
//! - [`tls`]: `[tls]` and the TLS keys of `[upstream]`.
//! - [`masking`]: `[masking]`, whose keys each route can override.
//! - [`route`]: one `[[route]]`. [`routes`]: all `[[route]]` tables and the presets. [`overlap`]:
//!   warns of routes that cancel each other's `reveal`.
//! - [`page`]: the `[[page]]` tables.

pub(super) mod address;
pub(super) mod masking;
pub(super) mod overlap;
pub(super) mod page;
pub(super) mod route;
pub(super) mod routes;
pub(super) mod server;
pub(super) mod tls;
