//! Counts what happens while requests are served, and writes the page for Prometheus.
//!
//! # Cost
//! Each worker counts in memory of its own ([`Worker`]), to which no other core writes, so that a
//! count is one addition. The [page](Metrics::page) adds the workers up. No label is built while a
//! request is served: the counters of a route are looked up once, when the configuration comes into
//! force, and every other label is one of a few words.
//!
//! # What may be a label
//! The name of a route, which the configuration bounds, and words of this program. Never what a
//! client or an upstream sends.
//!
//! ```
//! use last4::metrics::Metrics;
//!
//! let metrics = Metrics::default();
//! assert!(metrics.page().contains("\nlast4_requests_in_flight 0\n"));
//! ```

mod advice;
mod alarm;
mod catalogue;
mod decision;
mod instruments;
mod page;
mod registry;
mod route;
mod worker;

pub(crate) use catalogue::OFF_ROUTES;
pub use catalogue::{Family, Kind, families};
pub(crate) use decision::Decision;
pub use registry::Metrics;
pub(crate) use route::{Findings, RouteCounts, Values};
pub(crate) use worker::OpenConnection;
pub use worker::Worker;
