//! TODO

pub(super) mod connection_auth;
pub(super) mod field_name;
pub(super) mod forwarded;
pub(super) mod hop_by_hop;
pub(super) mod host;
pub(super) mod rerouting;
