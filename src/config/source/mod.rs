//! TODO

pub(super) mod document;
pub(super) mod environment;
pub(super) mod merged;
pub(super) mod sources;
