//! What is counted while requests are served, and the page that tells it.
//!
//! # Cost
//! Each worker counts for itself ([`Worker`]), in memory that no other core writes to: a count is one addition. Whoever asks for
//! the [page](Metrics::page) adds the workers up. Labels are never built while a request is served: a route's counts are found
//! once, when it is set up, and every other label is one of a few words.
//!
//! # What may be a label
//! Names of routes, which the configuration bounds, and words of this program. Nothing that a client or an upstream sends.
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
mod count;
mod decision;
mod histogram;
mod page;
mod registry;
mod route;
mod tally;
mod worker;

pub(crate) use catalogue::OFF_ROUTES;
pub use catalogue::{Family, Kind, families};
pub(crate) use decision::Decision;
pub use registry::Metrics;
pub(crate) use route::{Findings, RouteCounts, Values};
pub(crate) use worker::OpenConnection;
pub use worker::Worker;
