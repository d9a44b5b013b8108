//! One request, from its head to the last byte of its answer: counted when it is over.

use super::books::Books;
use super::error::ForwardError;
use crate::layer::{Outcome, Reading, Report};
use crate::mask::Summary;
use crate::metrics::{Decision, Values};
use crate::reason::Reason;
use http::StatusCode;
use std::sync::Arc;
use std::time::Instant;

/// What is known of a request. Counted when it is dropped: an answer that nobody waits for any more is over too.
#[derive(Debug)]
pub(super) struct Record {
    books: Arc<Books>,
    /// Which of the layer's routes it is on.
    route: Option<usize>,
    begun: Instant,
    decision: Decision,
    status: Option<StatusCode>,
    reason: Option<Reason>,
    summary: Summary,
}

impl Record {
    /// Begins with the head of a request.
    pub(super) fn begin(books: &Arc<Books>) -> Self {
        books.worker.request_begins();
        Self {
            books: Arc::clone(books),
            route: None,
            begun: Instant::now(),
            decision: Decision::Abandoned,
            status: None,
            reason: None,
            summary: Summary::default(),
        }
    }

    /// The request is on one of the layer's routes, or on none.
    pub(super) fn on(&mut self, route: Option<usize>) {
        self.route = route;
    }

    /// The name of its route.
    pub(super) fn route(&self) -> &str {
        &self.books.place(self.route).route
    }

    /// The upstream began to answer.
    pub(super) fn answered(&self, at: Instant) {
        self.books.place(self.route).counts.upstream(at - self.begun);
    }

    /// The request goes nowhere.
    pub(super) fn refused(&mut self, status: StatusCode, reason: &'static str) {
        (self.decision, self.status) = (Decision::Refused, Some(status));
        self.books.worker.refused(reason);
    }

    /// The upstream gave no answer.
    pub(super) fn failed(&mut self, error: &ForwardError) {
        let (status, reason, _) = error.describe();
        (self.decision, self.status) = (Decision::Failed, Some(status));
        self.books.worker.upstream_failed(reason);
    }

    /// An answer begins.
    pub(super) fn answers(&mut self, status: StatusCode, report: Option<&Report>) {
        self.status = Some(status);
        self.decision = match report.map(|report| (report.outcome, report)) {
            None => Decision::Passed,
            Some((Outcome::Bodiless, _)) => Decision::Bodiless,
            Some((Outcome::Masked(summary), _)) => {
                self.summary = summary;
                masked_or_revealed(summary)
            }
            // Until its body ends otherwise.
            Some((Outcome::Streaming, _)) => Decision::Masked,
            Some((Outcome::Withheld(reason), report)) => {
                self.reason = Some(reason);
                if report.route.is_empty() {
                    self.books.worker.refused(reason.as_str());
                    Decision::Refused
                } else {
                    Decision::Withheld
                }
            }
        };
    }

    /// What the engine made of a body while it streamed.
    pub(super) fn read(&mut self, Reading { summary, ending }: Reading) {
        self.summary = summary;
        self.decision = masked_or_revealed(summary);
        if let Some(Err(reason)) = ending {
            (self.decision, self.reason) = (Decision::Withheld, Some(reason));
        }
    }
}

fn masked_or_revealed(summary: Summary) -> Decision {
    if summary.revealed > 0 { Decision::Revealed } else { Decision::Masked }
}

impl Drop for Record {
    fn drop(&mut self) {
        self.books.worker.request_ends();
        let counts = &self.books.place(self.route).counts;
        counts.request(self.decision, self.status.map(|status| status.as_u16()), self.begun.elapsed());
        let Summary { masked, unchanged, revealed } = self.summary;
        counts.values(Values { masked, unchanged, revealed });
        if let (Decision::Withheld, Some(reason)) = (self.decision, self.reason) {
            counts.withheld(reason);
        }
    }
}
