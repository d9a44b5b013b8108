//! The manual: pages about last4 as a whole. The modules document its parts.

/// What to look for in a product before last4 stands in front of it.
pub mod before {
    #![doc = include_str!("manual/before.md")]
}

/// The keys of the configuration, with their defaults and units.
#[cfg(feature = "cli")]
pub mod configuration {
    #![doc = include_str!("manual/configuration.md")]
}

/// The metrics that `/metrics` exports.
#[cfg(feature = "proxy")]
pub mod metrics {
    #![doc = include_str!("manual/metrics.md")]
}

/// How the code is built: the modules, how they process a request, and how leaks are ruled out.
pub mod architecture {
    #![doc = include_str!("manual/architecture.md")]
}

/// How to work on the code: the first hour, what makes a change acceptable, and how to add a key, a
/// metric or a reason.
pub mod contributing {
    #![doc = include_str!("manual/contributing.md")]
}

/// How to operate last4: reload, stop, restart, TLS, sockets.
#[cfg(feature = "cli")]
pub mod operating {
    #![doc = include_str!("manual/operating.md")]
}

/// The reasons for which last4 refuses a request or withholds an answer, and their codes.
pub mod refusals {
    #![doc = include_str!("manual/refusals.md")]
}

/// The threat model.
pub mod threat_model {
    #![doc = include_str!("manual/threat_model.md")]
}

/// How much memory and CPU last4 needs, and how to see that it needs more.
#[cfg(feature = "proxy")]
pub mod sizing {
    #![doc = include_str!("manual/sizing.md")]
}

/// What last4 costs in time and memory, how this was measured, and which optimizations were tried.
pub mod performance {
    #![doc = include_str!("manual/performance.md")]
}
