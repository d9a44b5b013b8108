//! TODO

pub(super) mod head;
pub(super) mod stream;
