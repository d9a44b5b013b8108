//! The record of one request, from its head to the last byte of its answer. The only place that
//! maps what happened to a decision, a log line and counters.

use super::access_log::{ACCESS_LOG, AccessEntry};
use super::activity::ActiveRequest;
use super::context::ConnectionContext;
use crate::excerpt::Excerpt;
use crate::layer::{Outcome, PageOutcome, PageReport, Reading, Report};
use crate::mask::Summary;
use crate::metrics::{Decision, Findings, RouteCounts, Values};
use crate::proxy::error::ForwardError;
use crate::proxy::upstream::tunnel::TunnelEnd;
use crate::reason::Reason;
use http::{Method, Request, Response, StatusCode};
use std::sync::Arc;
use std::time::{Duration, Instant};

/// What is known of a request so far. Counted and logged when it is dropped, which is also how a
/// request ends whose client has gone away.
#[derive(Debug)]
pub(crate) struct RequestRecord {
    context: Arc<ConnectionContext>,
    /// The index of its route among the layer's routes.
    route: Option<usize>,
    begun: Instant,
    decision: Decision,
    status: Option<StatusCode>,
    reason: Option<Reason>,
    summary: Summary,
    /// Whether the answer is successful and may reveal nothing, as that of a list.
    is_list: bool,
    /// How long the upstream took to send the head of its answer.
    upstream: Option<Duration>,
    /// Bytes of the answer's body that were sent.
    bytes: u64,
    /// Whether the answer was sent to its end.
    complete: bool,
    /// `None` if no access log is written.
    line: Option<Box<AccessEntry>>,
    /// Tells the connection that it is in use and that its client reads. `None` over HTTP/1.
    active: Option<ActiveRequest>,
}

impl RequestRecord {
    /// Begins the record when the head of a request has arrived.
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
            is_list: false,
            upstream: None,
            bytes: 0,
            complete: false,
            line: AccessEntry::begin(request, &context.peer, context.settings.log_paths),
            active,
        }
    }

    /// Sets which of the layer's routes the request is on, if any.
    pub(crate) fn set_route(&mut self, route: Option<usize>) {
        self.route = route;
    }

    /// Records when the head of the upstream's answer was there.
    pub(crate) fn upstream_answered(&mut self, at: Instant) {
        let took = at - self.begun;
        self.counts().upstream(took);
        self.upstream = Some(took);
    }

    /// Records that the request was refused, or got no answer. Logs the latter.
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

    /// Records the head of an answer: what the layer decided, and its status. Logs what was
    /// withheld or refused.
    pub(crate) fn answered<B>(&mut self, method: &Method, response: &Response<B>) {
        self.status = Some(response.status());
        self.decision = match response.extensions().get() {
            Some(report) => self.decide(method, response.status(), report),
            None => Decision::Passed,
        };
        if let Some(PageReport { path, outcome }) = response.extensions().get() {
            match outcome {
                PageOutcome::Rewriting => self.decision = Decision::Rewritten,
                PageOutcome::Untouched(reason) => {
                    tracing::warn!(%path, %reason, "page not rewritten: it passes as it came");
                    self.page_passed(*reason);
                }
            }
        }
    }

    fn decide(&mut self, method: &Method, status: StatusCode, report: &Report) -> Decision {
        self.is_list = status.is_success() && !report.may_reveal;
        match report.outcome {
            Outcome::Bodiless => Decision::Bodiless,
            Outcome::DryRun => Decision::Observed,
            // Until the end of its body says otherwise.
            Outcome::Streaming => Decision::Masked,
            Outcome::Masked(summary) => {
                self.summary = summary;
                self.count_list();
                // Of several objects or values it is not known which is new, so they do not count
                // as unrevealed.
                if report.may_reveal && summary.object && summary.revealed == 0 && summary.masked == 1 {
                    self.counts().unrevealed();
                }
                masked_or_revealed(summary)
            }
            Outcome::Withheld(reason) => {
                self.reason = Some(reason);
                let (route, status, method) = (&report.route, status.as_u16(), Excerpt(method));
                if route.is_empty() {
                    let path = self.line.as_ref().and_then(|line| line.path.as_deref());
                    tracing::warn!(%method, path, status, %reason, "request refused");
                    self.context.counters.worker.refused(reason);
                    Decision::Refused
                } else {
                    tracing::warn!(%route, %method, status, %reason, "answer withheld");
                    self.findings().withheld(reason);
                    Decision::Withheld
                }
            }
        }
    }

    /// Records that a part of the answer's body, of so many bytes, is offered to the client.
    pub(crate) fn offered(&mut self, bytes: usize) {
        self.bytes += bytes as u64;
        self.active.iter_mut().for_each(ActiveRequest::offer);
    }

    /// Records that the client can take more of the answer.
    pub(crate) fn taken(&mut self) {
        self.active.iter_mut().for_each(ActiveRequest::take);
    }

    /// Records that the answer was sent to its end.
    pub(crate) fn complete(&mut self) {
        self.complete = true;
    }

    /// Logs that an answer is cut. Its head was sent, so the client cannot be told the reason.
    pub(crate) fn cut(&self, reason: Reason) {
        tracing::warn!(route = self.context.counters.entry(self.route).route, %reason, "answer cut");
    }

    /// Records what a body that streamed came to: what the engine read in it, or why a page was not
    /// rewritten to its end.
    pub(crate) fn body_ended(&mut self, reading: Option<Reading>, page_fault: Option<Reason>) {
        match page_fault {
            _ if self.decision != Decision::Rewritten => {}
            None => self.context.counters.worker.page("rewritten"),
            Some(reason) => {
                tracing::warn!(%reason, "page not rewritten to its end: the rest passed as it came");
                self.page_passed(reason);
            }
        }
        let Some(Reading { summary, ending }) = reading else { return };
        self.summary = summary;
        self.reason = ending.and_then(Result::err);
        if ending == Some(Ok(())) {
            self.count_list();
        }
        if let Some(reason) = self.reason {
            self.findings().withheld(reason);
        }
        match (self.decision, self.reason) {
            (Decision::Observed, None) => {}
            (Decision::Observed, Some(reason)) => {
                let route = &*self.context.counters.entry(self.route).route;
                tracing::warn!(route, %reason, "answer would have been withheld, in observe mode");
            }
            (_, Some(_)) => self.decision = Decision::Withheld,
            (_, None) => self.decision = masked_or_revealed(summary),
        }
    }

    /// Records how the tunnel ended that the answer opened.
    pub(crate) fn tunnel_ended(&mut self, TunnelEnd { sent, complete }: TunnelEnd) {
        self.bytes += sent as u64;
        self.complete = complete;
    }

    fn page_passed(&mut self, reason: Reason) {
        (self.decision, self.reason) = (Decision::Passed, Some(reason));
        self.context.counters.worker.page(reason.as_str());
    }

    /// Counts a list that was read to its end, for the alarm about fields that select nothing.
    fn count_list(&self) {
        if self.is_list {
            let Summary { masked, unchanged, revealed, .. } = self.summary;
            self.counts().answer(masked + unchanged + revealed > 0);
        }
    }

    fn counts(&self) -> &RouteCounts {
        &self.context.counters.entry(self.route).counts
    }

    /// The counters of what was done to the answer; in observe mode, of what would have been done.
    fn findings(&self) -> &Findings {
        if self.decision == Decision::Observed { &self.counts().foreseen } else { &self.counts().done }
    }

    fn log(&self, line: &AccessEntry, took: Duration) {
        let entry = self.context.counters.entry(self.route);
        let reason = self.reason.map(Reason::as_str);
        let (masked, would_mask, reason, would_withhold) = match self.decision {
            Decision::Observed => (0, Some(self.summary.masked), None, reason),
            _ => (self.summary.masked, None, reason, None),
        };
        // What a span needs beside the fields of the log line.
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
            // The client went away, or the upstream broke off.
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

/// Seconds to the microsecond: the last digits of a float are noise.
fn seconds(time: Duration) -> f64 {
    time.as_micros() as f64 / 1e6
}

impl Drop for RequestRecord {
    fn drop(&mut self) {
        self.context.counters.worker.request_ends();
        let took = self.begun.elapsed();
        self.counts().request(self.decision, self.status.map(|status| status.as_u16()), took);
        let Summary { masked, unchanged, revealed, .. } = self.summary;
        self.findings().values(Values { masked, unchanged, revealed });
        if let Some(line) = &self.line {
            self.log(line, took);
        }
    }
}
