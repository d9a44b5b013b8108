//! The catalogue of all metrics: name, type, labels and help.

use std::fmt;

/// The label `route` of requests on no masked route. The configuration refuses it as a name.
pub(crate) const OFF_ROUTES: &str = "-";

/// A metric: all samples of one name.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
#[non_exhaustive]
pub struct Family {
    /// The name, with the unit.
    pub name: &'static str,
    /// The type.
    pub kind: Kind,
    /// The names of the labels, without `le` of a histogram.
    pub labels: &'static [&'static str],
    /// The help text.
    pub help: &'static str,
}

/// The type of a metric.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Kind {
    /// A number that only grows.
    Counter,
    /// A number that grows and shrinks.
    Gauge,
    /// Durations, counted in buckets.
    Histogram,
}

impl fmt::Display for Kind {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str(match self {
            Self::Counter => "counter",
            Self::Gauge => "gauge",
            Self::Histogram => "histogram",
        })
    }
}

/// Returns all metrics, in the order of the page.
pub fn families() -> impl ExactSizeIterator<Item = &'static Family> {
    ALL.iter().copied()
}

/// Defines a constant for each metric, and `ALL` in the order of the page.
macro_rules! catalogue {
    ($($constant:ident: $kind:ident, $name:literal, $labels:expr, $help:literal;)*) => {
        $(pub(super) const $constant: Family =
            Family { name: $name, kind: Kind::$kind, labels: &$labels, help: $help };)*

        const ALL: &[&Family] = &[$(&$constant),*];
    };
}

#[rustfmt::skip]
catalogue! {
    BUILD_INFO: Gauge, "last4_build_info", ["version"], "Always 1; the program's version is its label.";
    CONFIG_LOADED: Gauge, "last4_config_last_load_timestamp_seconds", [], "When the configuration in force was loaded, in seconds since 1970.";
    CONFIG_RELOADS: Counter, "last4_config_reloads_total", ["result"], "Reloads of the configuration: applied, or refused because the new one was wrong, so that the previous one stayed in force.";
    REQUESTS: Counter, "last4_requests_total", ["route", "decision", "status_class"], "Requests that are over, by route (- for none), by what became of them and by the class of the status that the client got.";
    OBSERVING: Gauge, "last4_route_observing", ["route"], "Whether a route only observes, so that secrets pass: 1 or 0.";
    VALUES: Counter, "last4_values_total", ["route", "treatment"], "Selected values that went to clients: masked, unchanged (they came masked) or revealed.";
    WITHHELD: Counter, "last4_withheld_total", ["route", "reason"], "Answers whose body was withheld, or cut once it had begun, by reason.";
    WRITE_BACKS: Counter, "last4_write_backs_refused_total", ["route"], "Requests on or below a route that were refused because they hold a masked value.";
    OBSERVED_VALUES: Counter, "last4_observed_values_total", ["route", "treatment"], "Selected values on routes that only observe, by what enforcing would have done. All of them passed as they came.";
    OBSERVED_WITHHELD: Counter, "last4_observed_withheld_total", ["route", "reason"], "Answers on routes that only observe, or requests, that enforcing would have withheld, cut or refused, by reason.";
    OBSERVED_WRITE_BACKS: Counter, "last4_observed_write_backs_total", ["route"], "Requests on or below routes that only observe that hold a masked value. All of them passed.";
    ALARM: Gauge, "last4_route_alarm", ["route", "alarm"], "Whether the last 50 or more successful lists held no value in a selected field (nothing-selected: was it renamed?) or only such that came masked (already-masked): 1 or 0.";
    PAGES: Counter, "last4_pages_total", ["result"], "Pages on a page's route: rewritten, or why one passed as it came, or its rest did.";
    REFUSED: Counter, "last4_refused_requests_total", ["reason"], "Requests, or connections before there was one, that were refused before a route was looked for or found, by reason.";
    DURATION: Histogram, "last4_request_duration_seconds", ["route"], "Time from the head of a request to the last byte of its answer.";
    UPSTREAM_DURATION: Histogram, "last4_upstream_response_seconds", ["route"], "Time from the head of a request to the head of the upstream's answer, the wait for a connection included.";
    IN_FLIGHT: Gauge, "last4_requests_in_flight", [], "Requests whose answers are not over.";
    ACCEPTED: Counter, "last4_connections_accepted_total", [], "Connections of clients that were accepted.";
    OPEN: Gauge, "last4_connections_open", [], "Connections of clients that are open, tunnels among them.";
    HANDSHAKE_FAILURES: Counter, "last4_tls_handshake_failures_total", ["reason"], "Connections of clients that ended in their TLS handshake, by reason.";
    UPSTREAM_OPENED: Counter, "last4_upstream_connections_opened_total", [], "Connections that were made to the upstream.";
    UPSTREAM_REUSED: Counter, "last4_upstream_connections_reused_total", [], "Requests that went on a kept connection to the upstream.";
    UPSTREAM_FAILURES: Counter, "last4_upstream_failures_total", ["reason"], "Requests that the upstream gave no answer to, by reason.";
    LOG_LINES_DROPPED: Counter, "last4_log_lines_dropped_total", [], "Lines of the log that were dropped, because they were not read in time or could not be written.";
}
