//! The record of one request, from its head to the last byte of its response. This is the only
//! place that maps events to a decision, a log line and counters.

use super::access_log::{ACCESS_LOG, AccessEntry};
use super::activity::ActiveRequest;
use super::context::ConnectionContext;
use crate::excerpt::Excerpt;
use crate::layer::{Outcome, PageOutcome, PageReport, Reading, Report, WriteBackFound};
use crate::mask::Summary;
use crate::metrics::{Decision, Findings, RouteCounts, Values};
use crate::proxy::error::ForwardError;
use crate::proxy::upstream::tunnel::TunnelEnd;
use crate::reason::Reason;
use http::{Method, Request, Response, StatusCode};
use std::sync::Arc;
use std::time::{Duration, Instant};

/// The facts about one request so far. Dropping the record counts and logs the request. So a
/// request is also counted if its client disconnects.
#[derive(Debug)]
pub(crate) struct RequestRecord {
    context: Arc<ConnectionContext>,
    /// The index of the request's route among the layer's routes. `None` off all routes.
    route: Option<usize>,
    started_at: Instant,
    decision: Decision,
    status: Option<StatusCode>,
    reason: Option<Reason>,
    summary: Summary,
    /// Whether the response counts as one of a list: it is successful, and no value in it may be
    /// revealed.
    is_list: bool,
    /// Time from the start of the request to the head of the upstream's response. `None` before
    /// that.
    upstream: Option<Duration>,
    /// Bytes of the response's body that were sent.
    bytes: u64,
    /// Whether the response was sent to its end.
    complete: bool,
    /// The facts for the access log. `None` if none is written.
    line: Option<Box<AccessEntry>>,
    /// Tells the connection's `Activity` that a request is in flight, and whether its client reads.
    /// `None` over HTTP/1.
    active: Option<ActiveRequest>,
}

impl RequestRecord {
    /// Creates the record of a request whose head has arrived.
    pub(crate) fn begin<B>(
        context: &Arc<ConnectionContext>,
        request: &Request<B>,
        active: Option<ActiveRequest>,
    ) -> Self {
        context.counters.worker.request_begins();
        Self {
            context: Arc::clone(context),
            route: None,
            started_at: Instant::now(),
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

    /// Records when the head of the upstream's response arrived.
    pub(crate) fn upstream_answered(&mut self, at: Instant) {
        let took = at - self.started_at;
        self.counts().upstream(took);
        self.upstream = Some(took);
    }

    /// Records that the request was refused or got no response. Logs a missing response only.
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

    /// Records that the request holds a masked value, and logs it.
    pub(crate) fn write_back(&self, method: &Method, found: WriteBackFound) {
        let entry = self.context.counters.entry(Some(found.route));
        let (route, method, reason) = (&entry.route, Excerpt(method), Reason::MaskedValue);
        if found.is_refused {
            entry.counts.done.write_back();
            tracing::warn!(%route, %method, %reason, "request refused: it holds a masked value");
        } else {
            entry.counts.would_be.write_back();
            tracing::warn!(%route, %method, %reason, "request would have been refused, in observe mode");
        }
    }

    /// Records the status of a response and what the layer decided. Logs a withheld response and a
    /// refused request.
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
            // Logged and counted as a write back.
            Outcome::Refused(reason) => {
                self.reason = Some(reason);
                Decision::Refused
            }
            Outcome::DryRun => Decision::Observed,
            // Preliminary: `body_ended` sets the final decision.
            Outcome::Streaming => Decision::Masked,
            Outcome::Masked(summary) => {
                self.summary = summary;
                self.count_list();
                // Among several objects or values, the new one is unknown, so they do not count as
                // unrevealed.
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

    /// Records that this many bytes of the response's body are ready for the client to read.
    pub(crate) fn offered(&mut self, bytes: usize) {
        self.bytes += bytes as u64;
        self.active.iter_mut().for_each(ActiveRequest::offer);
    }

    /// Records that the client's connection can take more of the response.
    pub(crate) fn taken(&mut self) {
        self.active.iter_mut().for_each(ActiveRequest::take);
    }

    /// Records that the response was sent to its end.
    pub(crate) fn complete(&mut self) {
        self.complete = true;
    }

    /// Logs that a response is cut off. Its head was already sent, so the client cannot get the
    /// reason.
    pub(crate) fn cut(&self, reason: Reason) {
        tracing::warn!(route = self.context.counters.entry(self.route).route, %reason, "answer cut");
    }

    /// Records the result of a streamed body. `reading` is what the engine read in it; `page_fault`
    /// is why a page was not rewritten to its end. Each is `None` if there was no such thing.
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

    /// Records the end of the tunnel that the response opened.
    pub(crate) fn tunnel_ended(&mut self, TunnelEnd { sent, complete }: TunnelEnd) {
        self.bytes += sent as u64;
        self.complete = complete;
    }

    fn page_passed(&mut self, reason: Reason) {
        (self.decision, self.reason) = (Decision::Passed, Some(reason));
        self.context.counters.worker.page(reason.as_str());
    }

    /// Counts a list that was read to its end, and whether the rule's fields found a value in it.
    /// An alarm reports fields that never find one.
    fn count_list(&self) {
        if self.is_list {
            let Summary { masked, unchanged, revealed, .. } = self.summary;
            self.counts().answer(masked + unchanged + revealed > 0);
        }
    }

    fn counts(&self) -> &RouteCounts {
        &self.context.counters.entry(self.route).counts
    }

    /// Returns the counters of masked values and withheld responses. In observe mode, they count
    /// what masking would have done.
    fn findings(&self) -> &Findings {
        if self.decision == Decision::Observed { &self.counts().would_be } else { &self.counts().done }
    }

    fn log(&self, line: &AccessEntry, took: Duration) {
        let entry = self.context.counters.entry(self.route);
        let reason = self.reason.map(Reason::as_str);
        let (masked, would_mask, reason, would_withhold) = match self.decision {
            Decision::Observed => (0, Some(self.summary.masked), None, reason),
            _ => (self.summary.masked, None, reason, None),
        };
        // Only the export of spans needs these two fields.
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
            // The client disconnected, or the upstream's response was cut short.
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

/// Returns the seconds, cut to whole microseconds, because further digits of the float are noise.
fn seconds(time: Duration) -> f64 {
    time.as_micros() as f64 / 1e6
}

impl Drop for RequestRecord {
    fn drop(&mut self) {
        self.context.counters.worker.request_ends();
        let took = self.started_at.elapsed();
        self.counts().request(self.decision, self.status.map(|status| status.as_u16()), took);
        let Summary { masked, unchanged, revealed, .. } = self.summary;
        self.findings().values(Values { masked, unchanged, revealed });
        if let Some(line) = &self.line {
            self.log(line, took);
        }
    }
}
