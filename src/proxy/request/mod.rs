//! The stack of services between a client connection and the upstream, and the record of each
//! request.

pub(super) mod access_log;
pub(super) mod activity;
pub(super) mod admission;
mod context;
mod counters;
mod preparation;
mod record;
mod recording;
pub(super) mod response_body;
pub(super) mod service;
mod stack;
