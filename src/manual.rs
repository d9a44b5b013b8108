//! Pages about last4 as a whole, beside the documentation of its parts.

/// The threat model.
pub mod threat_model {
    #![doc = include_str!("manual/threat_model.md")]
}

/// What last4 costs, how that was measured, and what was tried.
pub mod performance {
    #![doc = include_str!("manual/performance.md")]
}
