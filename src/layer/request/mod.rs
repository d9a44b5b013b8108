//! Requests: what goes upstream, and what is remembered to judge the answer.

mod client;
mod exchange;
mod inspected_body;
mod method_override;
mod override_detector;
mod parameter_name;
mod write_back;

pub(super) use client::ClientRequest;
pub(super) use exchange::Exchange;
pub use inspected_body::{InspectedBody, RequestBodyError};
pub use method_override::overrides_method;
pub use override_detector::body_overrides_method;
pub use write_back::body_holds_masked_value;
