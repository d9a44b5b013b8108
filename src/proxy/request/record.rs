//! One request, from its head to the last byte of its answer: counted and logged when it is over.

use super::access_log::{ACCESS_LOG, AccessEntry};
use super::activity::ActiveRequest;
use super::context::ConnectionContext;
use crate::excerpt::Excerpt;
use crate::layer::{Outcome, PageOutcome, Reading, Report};
use crate::mask::Summary;
use crate::metrics::{Decision, Findings, Values};
use crate::proxy::error::ForwardError;
use crate::proxy::upstream::tunnel::TunnelEnd;
use crate::reason::Reason;
use http::{Method, Request, StatusCode};
use std::sync::Arc;
use std::time::{Duration, Instant};

/// What is known of a request. Counted when it is dropped: an answer that nobody waits for any more is over too.
#[derive(Debug)]
pub(crate) struct RequestRecord {
    context: Arc<ConnectionContext>,
    /// Which of the layer's routes it is on.
    route: Option<usize>,
    begun: Instant,
    decision: Decision,
    status: Option<StatusCode>,
    reason: Option<Reason>,
    summary: Summary,
    /// Whether the answer is a list, or whatever else may reveal nothing, and successful.
    lists: bool,
    upstream: Option<Duration>,
    /// Of the answer's body.
    bytes: u64,
    /// Whether the answer came to its end.
    complete: bool,
    /// `None` where no access log is written.
    line: Option<Box<AccessEntry>>,
    /// Tells the connection that it is in use and that its client reads. `None` over HTTP/1.
    active: Option<ActiveRequest>,
}

impl RequestRecord {
    /// Begins with the head of a request.
    pub(crate) fn begin<B>(
        context: &Arc<ConnectionContext>,
        request: &Request<B>,
        active: Option<ActiveRequest>,
    ) -> Self {
        context.counters.worker.request_begins();
        Self {
            context: Arc::clone(context),
            route: None,
            begun: Instant::now(),
            decision: Decision::Abandoned,
            status: None,
            reason: None,
            summary: Summary::default(),
            lists: false,
            upstream: None,
            bytes: 0,
            complete: false,
            line: AccessEntry::begin(request, &context.peer, context.settings.log_paths),
            active,
        }
    }

    /// The request is on one of the layer's routes, or on none.
    pub(crate) fn set_route(&mut self, route: Option<usize>) {
        self.route = route;
    }

    /// The name of its route.
    pub(crate) fn route(&self) -> &str {
        &self.context.counters.entry(self.route).route
    }

    /// The path of its request, where the operator wants paths in the log and it has a line there.
    pub(crate) fn path(&self) -> Option<&str> {
        self.line.as_ref()?.path.as_deref()
    }

    /// Whether its answer passes although it is on a route.
    pub(crate) fn observes(&self) -> bool {
        self.decision == Decision::Observed
    }

    /// The upstream began to answer.
    pub(crate) fn answered(&mut self, at: Instant) {
        let took = at - self.begun;
        self.context.counters.entry(self.route).counts.upstream(took);
        self.upstream = Some(took);
    }

    /// The request was refused, or the upstream gave no answer. Logs the latter.
    pub(crate) fn failed(&mut self, method: &Method, error: &ForwardError) {
        let reason = error.reason();
        (self.status, self.reason) = (Some(reason.status()), Some(reason));
        if let ForwardError::Refused(_) = error {
            self.decision = Decision::Refused;
            return self.context.counters.worker.refused(reason);
        }
        self.decision = Decision::Failed;
        self.context.counters.worker.upstream_failed(reason);
        let cause = std::error::Error::source(error).map(|cause| tracing::field::display(Excerpt(cause)));
        let status = reason.status().as_u16();
        tracing::warn!(method = %Excerpt(method), status, reason = reason.as_str(), cause, "{error}");
    }

    /// The tunnel that the answer opened has ended.
    pub(crate) fn tunnel_ended(&mut self, TunnelEnd { sent, complete }: TunnelEnd) {
        self.add_bytes(sent);
        self.complete = complete;
    }

    /// An answer begins.
    pub(crate) fn answers(&mut self, status: StatusCode, report: Option<&Report>) {
        self.status = Some(status);
        self.lists = status.is_success() && report.is_some_and(|report| !report.may_reveal);
        self.decision = match report.map(|report| (report.outcome, report)) {
            None => Decision::Passed,
            Some((Outcome::Bodiless, _)) => Decision::Bodiless,
            Some((Outcome::Masked(summary), report)) => {
                self.summary = summary;
                self.read_to_end();
                // Of a list, even of one, and of what holds several, nobody knows what is new.
                if report.may_reveal && summary.object && summary.revealed == 0 && summary.masked == 1 {
                    self.context.counters.entry(self.route).counts.unrevealed();
                }
                masked_or_revealed(summary)
            }
            Some((Outcome::DryRun, _)) => Decision::Observed,
            // Until its body ends otherwise.
            Some((Outcome::Streaming, _)) => Decision::Masked,
            Some((Outcome::Withheld(reason), report)) => {
                self.reason = Some(reason);
                if report.route.is_empty() {
                    self.context.counters.worker.refused(reason);
                    Decision::Refused
                } else {
                    self.withheld(reason);
                    Decision::Withheld
                }
            }
        };
    }

    /// The answer is a page on a page's route.
    pub(crate) fn is_page(&mut self, outcome: PageOutcome) {
        match outcome {
            PageOutcome::Rewriting => self.decision = Decision::Rewritten,
            PageOutcome::Untouched(reason) => self.page_passed(reason),
        }
    }

    /// A page that was to be rewritten is over; if there was a fault, it passed as it came from there on.
    pub(crate) fn page_ends(&mut self, fault: Option<Reason>) {
        match fault {
            None => self.context.counters.worker.page("rewritten"),
            Some(reason) => self.page_passed(reason),
        }
    }

    /// Whether the answer is a page that is being rewritten.
    pub(crate) fn rewrites(&self) -> bool {
        self.decision == Decision::Rewritten
    }

    fn page_passed(&mut self, reason: Reason) {
        self.decision = Decision::Passed;
        self.reason = Some(reason);
        self.context.counters.worker.page(reason.as_str());
    }

    /// What the engine made of a body while it streamed.
    pub(crate) fn read(&mut self, Reading { summary, ending }: Reading) {
        self.summary = summary;
        if ending == Some(Ok(())) {
            self.read_to_end();
        }
        let reason = ending.and_then(Result::err);
        self.reason = reason;
        if let Some(reason) = reason {
            self.withheld(reason);
        }
        if self.decision != Decision::Observed {
            self.decision = if reason.is_some() { Decision::Withheld } else { masked_or_revealed(summary) };
        }
    }

    /// A piece of the answer waits for the client.
    pub(crate) fn offers(&mut self) {
        self.active.iter_mut().for_each(ActiveRequest::offer);
    }

    /// The client can take more of the answer.
    pub(crate) fn takes(&mut self) {
        self.active.iter_mut().for_each(ActiveRequest::take);
    }

    /// So many bytes more of the answer's body leave.
    pub(crate) fn add_bytes(&mut self, bytes: usize) {
        self.bytes += bytes as u64;
    }

    /// The answer came to its end.
    pub(crate) fn complete(&mut self) {
        self.complete = true;
    }

    fn read_to_end(&self) {
        if self.lists {
            let Summary { masked, unchanged, revealed, .. } = self.summary;
            self.context.counters.entry(self.route).counts.answer(masked + unchanged + revealed > 0);
        }
    }

    fn withheld(&self, reason: Reason) {
        self.findings().withheld(reason);
    }

    /// Where it is counted what was done to the answer, or would have been.
    fn findings(&self) -> &Findings {
        let counts = &self.context.counters.entry(self.route).counts;
        if self.decision == Decision::Observed { &counts.foreseen } else { &counts.done }
    }

    fn log(&self, line: &AccessEntry, took: Duration) {
        let entry = self.context.counters.entry(self.route);
        let reason = self.reason.map(Reason::as_str);
        let (masked, would_mask, reason, would_withhold) = match self.decision {
            Decision::Observed => (0, Some(self.summary.masked), None, reason),
            _ => (self.summary.masked, None, reason, None),
        };
        // What spans are made of beside what the log says.
        let spans = line.trace.as_ref().filter(|_| cfg!(feature = "otlp"));
        tracing::info!(
            target: ACCESS_LOG,
            method = line.method(),
            route = entry.route,
            path = entry.path.as_ref().or(line.path.as_ref()),
            decision = self.decision.as_str(),
            status = self.status.map(|status| status.as_u16()),
            masked,
            reason,
            would_mask,
            would_withhold,
            bytes = self.bytes,
            // What is missing was not wanted by the client any more, or not given by the upstream.
            cut = (!self.complete).then_some(true),
            duration_secs = seconds(took),
            upstream_secs = self.upstream.map(seconds),
            client = line.client,
            version = line.version,
            trace_id = line.trace.as_ref().map(|trace| &trace.id),
            parent_id = spans.map(|trace| &trace.parent),
            sampled = spans.map(|trace| trace.sampled),
            "request"
        );
    }
}

fn masked_or_revealed(summary: Summary) -> Decision {
    if summary.revealed > 0 { Decision::Revealed } else { Decision::Masked }
}

/// In whole microseconds, which read better than a float's last digits.
fn seconds(time: Duration) -> f64 {
    time.as_micros() as f64 / 1e6
}

impl Drop for RequestRecord {
    fn drop(&mut self) {
        self.context.counters.worker.request_ends();
        let counts = &self.context.counters.entry(self.route).counts;
        let took = self.begun.elapsed();
        counts.request(self.decision, self.status.map(|status| status.as_u16()), took);
        let Summary { masked, unchanged, revealed, .. } = self.summary;
        self.findings().values(Values { masked, unchanged, revealed });
        if let Some(line) = &self.line {
            self.log(line, took);
        }
    }
}
