//! Pages about last4 as a whole, beside the documentation of its parts.

/// The configuration.
#[cfg(feature = "cli")]
pub mod configuration {
    #![doc = include_str!("manual/configuration.md")]
}

/// The metrics.
#[cfg(feature = "proxy")]
pub mod metrics {
    #![doc = include_str!("manual/metrics.md")]
}

/// How the code is built: the way of a request and of a byte, how leaks are ruled out, where to find what.
pub mod architecture {
    #![doc = include_str!("manual/architecture.md")]
}

/// How to work on the code: the first hour, what makes a change acceptable, how to add a key, a metric or a reason.
pub mod contributing {
    #![doc = include_str!("manual/contributing.md")]
}

/// How last4 behaves while it runs: reload, stop, restart, TLS, sockets.
#[cfg(feature = "cli")]
pub mod operating {
    #![doc = include_str!("manual/operating.md")]
}

/// The codes of refusals.
pub mod refusals {
    #![doc = include_str!("manual/refusals.md")]
}

/// The threat model.
pub mod threat_model {
    #![doc = include_str!("manual/threat_model.md")]
}

/// What last4 needs, and how to tell that it needs more.
#[cfg(feature = "proxy")]
pub mod sizing {
    #![doc = include_str!("manual/sizing.md")]
}

/// What last4 costs, how that was measured, and what was tried.
pub mod performance {
    #![doc = include_str!("manual/performance.md")]
}
