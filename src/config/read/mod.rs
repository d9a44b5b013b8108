//! Typed reading of merged values. Every error names the location and the key.
//!
//! - [`table`]: takes values out of a table key by key, and collects the findings. A key that no
//!   reader took is unknown.
//! - [`value`]: converts one value, or says what it must be.

pub(super) mod table;
pub(super) mod value;
