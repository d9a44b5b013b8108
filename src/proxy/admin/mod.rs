//! TODO

mod hosts;
pub(super) mod readiness;
mod scrape;
pub(super) mod server;
