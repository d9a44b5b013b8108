//! What became of a request, in one word.

/// What became of a request.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(crate) enum Decision {
    /// The client left before an answer began.
    Abandoned,
    /// On a masked route: the answer had no body.
    Bodiless,
    /// The upstream gave no answer.
    Failed,
    /// On a masked route: the answer was read to its end, and what was selected is masked.
    Masked,
    /// On a route that only observes: the answer passed as it came.
    Observed,
    /// Off the masked routes: the answer passed as it came.
    Passed,
    /// The request went nowhere.
    Refused,
    /// On a masked route: the answer showed the secret that its request created.
    Revealed,
    /// Off the masked routes: a page, rewritten by its rule.
    Rewritten,
    /// On a masked route: the answer was withheld, or cut.
    Withheld,
}

impl Decision {
    /// All of them, in the order of their numbers.
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

    /// The word in labels and log lines.
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
