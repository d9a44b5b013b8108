//! The legacy API of the demo: a small model of the Dify console API, shortcomings included.
//!
//! Its list routes show every key in full, which is the habit last4 exists to break. The shapes, the status codes and the
//! neighbouring routes (server-sent events, uploads, downloads) follow the real API, so that what a visitor sees in the
//! demo is what the reference case does. At `/` there is a small console, as old as the API: it offers to copy every key that it
//! lists, and knows nothing of last4.

mod answer;
mod console;
mod legacy;
mod random;
mod route;
mod store;
mod stream;
mod tour;

pub use legacy::LegacyApi;
pub use tour::Tour;
