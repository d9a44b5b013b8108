//! The tables of the configuration, one file each.
//!
//! A reader takes its keys from a [`Table`](super::read::table::Table), each with its default and
//! range. It reads every key before it gives up, so that one run reports every error.
//!
//! - [`server`]: the top level, `[upstream]`, `[admin]`, `[forwarded]`, `[limits]` and `[log]`.
//!   [`address`] reads their addresses.
//! - [`tls`]: `[tls]` and the TLS keys of `[upstream]`.
//! - [`masking`]: `[masking]`, whose keys each route can override.
//! - [`route`]: one `[[route]]`. [`routes`]: all of them and the presets. [`overlap`]: warns of
//!   routes that cancel each other's `reveal`.
//! - [`page`]: the `[[page]]` tables.

pub(super) mod address;
pub(super) mod masking;
pub(super) mod overlap;
pub(super) mod page;
pub(super) mod route;
pub(super) mod routes;
pub(super) mod server;
pub(super) mod tls;
