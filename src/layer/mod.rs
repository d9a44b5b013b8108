//! The tower layer that masks.

mod rule;

pub use rule::{DEFAULT_HOLD_BYTES, DEFAULT_MAX_BODY_BYTES, MaskRule};
