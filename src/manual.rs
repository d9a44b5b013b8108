//! Pages about last4 as a whole, beside the documentation of its parts.

/// The threat model.
pub mod threat_model {
    #![doc = include_str!("manual/threat_model.md")]
}
