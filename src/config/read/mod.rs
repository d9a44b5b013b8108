//! TODO

pub(super) mod table;
pub(super) mod value;
