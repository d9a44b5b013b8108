//! The result of a request, in one word.

/// The result of a request.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(crate) enum Decision {
    /// The client closed the connection before an answer began.
    Abandoned,
    /// On a masked route: the answer had no body.
    Bodiless,
    /// The upstream did not answer.
    Failed,
    /// On a masked route: the answer was read to its end, and its selected values are masked.
    Masked,
    /// On a route that only observes: the answer passed as it came.
    Observed,
    /// Off the masked routes: the answer passed as it came.
    Passed,
    /// The request was refused.
    Refused,
    /// On a masked route: the answer showed the secret that its request created.
    Revealed,
    /// Off the masked routes: a page, rewritten by its rule.
    Rewritten,
    /// On a masked route: the answer was withheld, or cut.
    Withheld,
}

impl Decision {
    /// All decisions, in the order of their discriminants.
    pub(super) const ALL: [Self; Self::Withheld as usize + 1] = [
        Self::Abandoned,
        Self::Bodiless,
        Self::Failed,
        Self::Masked,
        Self::Observed,
        Self::Passed,
        Self::Refused,
        Self::Revealed,
        Self::Rewritten,
        Self::Withheld,
    ];

    /// Returns the word for labels and log lines.
    pub(crate) fn as_str(self) -> &'static str {
        match self {
            Self::Abandoned => "abandoned",
            Self::Bodiless => "bodiless",
            Self::Failed => "failed",
            Self::Masked => "masked",
            Self::Observed => "observed",
            Self::Passed => "passed",
            Self::Refused => "refused",
            Self::Revealed => "revealed",
            Self::Rewritten => "rewritten",
            Self::Withheld => "withheld",
        }
    }
}
