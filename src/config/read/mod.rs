//! Typed reading of merged values. Every error names the location and the key.
//!
//! - [`table`]: takes values out of a table key by key, and collects the findings. A key that no
//!   reader has taken is reported as unknown.
//! - [`value`]: converts one value, or returns a message with what is valid.

pub(super) mod table;
pub(super) mod value;
