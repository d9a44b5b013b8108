//! The operator's listener: health checks and metrics.
//!
//! `server` accepts a connection and answers one request on it: `hosts` checks its `Host`,
//! `readiness` connects to the upstream for `/readyz`, and `scrape` renders `/metrics`.

mod hosts;
pub(super) mod readiness;
mod scrape;
pub(super) mod server;
