//! What was done to an answer, for logs and metrics.

use crate::mask::Summary;
use crate::reason::Reason;
use std::sync::Arc;

/// What was done to an answer. The layer puts this into the response's extensions, unless the
/// request was on no masked route.
#[derive(Clone, Debug)]
pub struct Report {
    /// The route's name. Empty if the request was refused before a route was found.
    pub route: Arc<str>,
    /// Whether the answer was allowed to show a secret.
    pub may_reveal: bool,
    /// What was done.
    pub outcome: Outcome,
}

/// What was done to an answer.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
#[non_exhaustive]
pub enum Outcome {
    /// The answer has no body to mask.
    Bodiless,
    /// The answer passes as it came, because its route is in observe mode.
    /// [`AnswerBody::reading`](crate::layer::AnswerBody::reading) tells what masking would have
    /// done, if there is a body.
    DryRun,
    /// The request was refused on its route.
    Refused(Reason),
    /// The whole body was masked, or revealed as its rule allows.
    Masked(Summary),
    /// The body is being masked while it streams.
    Streaming,
    /// The body was withheld.
    Withheld(Reason),
}
