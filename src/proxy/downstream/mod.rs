//! TODO

pub(super) mod connection;
pub(super) mod handshake;
pub(super) mod head_timeout;
pub(super) mod raw_response;
pub(super) mod read_ahead;
pub(super) mod socket;
