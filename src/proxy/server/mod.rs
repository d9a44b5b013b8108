//! TODO

pub(super) mod accept;
pub(super) mod control;
pub(super) mod status;
pub(super) mod workers;
