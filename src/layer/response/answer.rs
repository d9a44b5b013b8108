//! Builds what the client gets. Answers are built in this file only.

use super::dry_run_body::DryRunBody;
use super::headers::{cross_origin, strip_response, strip_withheld_response};
use super::report::{Outcome, Report};
use crate::body::{BodyError, DryRun, HeldBody, MaskBody, Reading, TransformBody};
use crate::codec::Codings;
use crate::layer::lookup::{ObserveOnly, OffRoute};
use crate::layer::request::Exchange;
use crate::page::PageTransform;
use crate::problem;
use crate::reason::Reason;
use bytes::{Buf, Bytes};
use http::header::{CONTENT_ENCODING, CONTENT_LENGTH, TRAILER};
use http::{HeaderMap, HeaderValue, Method, Response, StatusCode, response};
use http_body::{Body, Frame, SizeHint};
use std::pin::Pin;
use std::sync::Arc;
use std::task::{Context, Poll};

/// Passes the answer to a request on no masked route.
pub(in crate::layer) fn passed<B: Body>(_: OffRoute, response: Response<B>) -> Response<AnswerBody<B>> {
    response.map(|body| AnswerBody(Content::Passed { body }))
}

/// Answers with a rewritten page, to a request on no masked route.
pub(in crate::layer) fn page<B: Body>(_: OffRoute, response: Response<PageBody<B>>) -> Response<AnswerBody<B>> {
    response.map(|body| AnswerBody(Content::Page { body: Box::new(body) }))
}

/// Passes an answer on a route that only observes, with every secret in it. A copy is masked for
/// the report.
pub(in crate::layer) fn dry_run<B: Body>(
    _: ObserveOnly,
    exchange: &Exchange,
    response: Response<B>,
    dry_run: Option<DryRun>,
) -> Response<AnswerBody<B>> {
    let (head, body) = response.into_parts();
    let body = Content::DryRun { body: DryRunBody::new(body, dry_run.map(Box::new)) };
    finish(exchange, head, body, Outcome::DryRun)
}

/// Passes the answer to a request that would have been refused, if all routes only observe.
pub(in crate::layer) fn unreadable<B: Body>(
    _: ObserveOnly,
    reason: Reason,
    response: Response<B>,
) -> Response<AnswerBody<B>> {
    let dry_run = Some(Box::new(DryRun::withheld(reason)));
    let response = response.map(|body| AnswerBody(Content::DryRun { body: DryRunBody::new(body, dry_run) }));
    report_without_route(response, Outcome::DryRun)
}

/// Answers without a body. `Content-Length` of an answer to HEAD would tell the length of the
/// unmasked body.
pub(in crate::layer) fn bodiless<B>(exchange: &Exchange, mut head: response::Parts) -> Response<AnswerBody<B>> {
    if exchange.client.method == Method::HEAD {
        head.headers.remove(CONTENT_LENGTH);
    }
    finish(exchange, head, Content::Bytes { bytes: Bytes::new() }, Outcome::Bodiless)
}

/// Answers with a masked body, complete or streaming. If the engine has read a complete answer that
/// may reveal, and found nothing to mask, that answer leaves as it came.
pub(in crate::layer) fn masked<B>(
    exchange: &Exchange,
    mut head: response::Parts,
    codings: &Codings,
    body: HeldBody<B>,
) -> Response<AnswerBody<B>> {
    let mut body = match body {
        HeldBody::Complete(body) => body,
        HeldBody::Partial(body) => {
            strip_response(&mut head.headers);
            set_codings(&mut head.headers, codings);
            return finish(exchange, head, Content::Masking { body }, Outcome::Streaming);
        }
    };
    let outcome = Outcome::Masked(body.summary());
    if let Some(bytes) = body.take_untouched() {
        head.headers.remove(TRAILER);
        return finish(exchange, head, Content::Bytes { bytes }, outcome);
    }
    strip_response(&mut head.headers);
    if body.has_data() {
        set_codings(&mut head.headers, codings);
    }
    let bytes = body.into_masked();
    head.headers.insert(CONTENT_LENGTH, HeaderValue::from(bytes.len()));
    finish(exchange, head, Content::Bytes { bytes }, outcome)
}

/// Answers without the body, which is withheld (spec 5). A read that succeeded becomes a 502. A
/// write that happened never turns into an error. An error or a redirect keeps its status and head.
pub(in crate::layer) fn withheld<B>(
    exchange: &Exchange,
    mut head: response::Parts,
    reason: Reason,
) -> Response<AnswerBody<B>> {
    let reads = matches!(exchange.client.method, Method::GET | Method::HEAD);
    let bytes = if head.status.is_informational() || (head.status.is_success() && reads) {
        head.headers = cross_origin(&head.headers);
        head.status = StatusCode::BAD_GATEWAY;
        problem::describe(&mut head.headers, head.status, reason)
    } else {
        strip_withheld_response(&mut head.headers);
        if head.status.is_client_error() || head.status.is_server_error() {
            problem::describe(&mut head.headers, head.status, reason)
        } else {
            head.headers.insert(CONTENT_LENGTH, HeaderValue::from(0));
            Bytes::new()
        }
    };
    finish(exchange, head, Content::Bytes { bytes }, Outcome::Withheld(reason))
}

/// Refuses a request before it goes anywhere.
pub(in crate::layer) fn refused<B>(reason: Reason) -> Response<AnswerBody<B>> {
    let response = problem::response(reason).map(|bytes| AnswerBody(Content::Bytes { bytes }));
    report_without_route(response, Outcome::Withheld(reason))
}

/// Refuses a request that holds a masked value.
pub(in crate::layer) fn refused_write_back<B>() -> Response<AnswerBody<B>> {
    let reason = Reason::MaskedValue;
    let response = problem::response(reason).map(|bytes| AnswerBody(Content::Bytes { bytes }));
    report_without_route(response, Outcome::Refused(reason))
}

/// Sets `Content-Encoding`, unless the body has no coding.
pub(in crate::layer) fn set_codings(headers: &mut HeaderMap, codings: &Codings) {
    if codings.is_identity() {
        return;
    }
    if let Ok(value) = HeaderValue::try_from(codings.to_string()) {
        headers.insert(CONTENT_ENCODING, value);
    }
}

fn report_without_route<B>(mut response: Response<AnswerBody<B>>, outcome: Outcome) -> Response<AnswerBody<B>> {
    response.extensions_mut().insert(Report { route: "".into(), may_reveal: false, outcome });
    response
}

fn finish<B>(
    exchange: &Exchange,
    mut head: response::Parts,
    body: Content<B>,
    outcome: Outcome,
) -> Response<AnswerBody<B>> {
    if outcome != Outcome::DryRun {
        // hyper keeps the reason phrase here. It is free text from the upstream, and may be about
        // another status.
        head.extensions.clear();
    }
    let report = Report { route: Arc::clone(&exchange.route), may_reveal: exchange.reveals(head.status), outcome };
    let mut response = Response::from_parts(head, AnswerBody(body));
    response.extensions_mut().insert(report);
    response
}

/// The body of an answer that went through the layer.
pub struct AnswerBody<B>(Content<B>);

/// A page that is rewritten while it streams.
pub(in crate::layer) type PageBody<B> = TransformBody<B, PageTransform>;

enum Content<B> {
    /// Off the masked routes: the inner service's own body, frame by frame.
    Passed { body: B },
    /// Off the masked routes, on a page's route: rewritten.
    Page { body: Box<PageBody<B>> },
    /// On a route that only observes: the inner service's own body, and a copy is masked.
    DryRun { body: DryRunBody<B> },
    /// Bytes that last4 masked or wrote.
    Bytes { bytes: Bytes },
    /// The body is being masked.
    Masking { body: Box<MaskBody<B>> },
}

impl<B: Body + Unpin> AnswerBody<B> {
    /// What the engine has made of a body that it reads while the body streams. In observe mode,
    /// what it would have made of the body. `None` for all other bodies.
    pub fn reading(&self) -> Option<Reading> {
        match &self.0 {
            Content::Passed { .. } | Content::Bytes { .. } | Content::Page { .. } => None,
            Content::DryRun { body } => body.reading(),
            Content::Masking { body } => Some(body.reading()),
        }
    }

    /// Why a page, or the rest of it, was not rewritten as planned.
    pub fn page_fault(&self) -> Option<Reason> {
        match &self.0 {
            Content::Page { body } => body.fault(),
            _ => None,
        }
    }
}

impl<B> Body for AnswerBody<B>
where
    B: Body + Unpin,
{
    type Data = Bytes;
    type Error = BodyError<B::Error>;

    fn poll_frame(mut self: Pin<&mut Self>, cx: &mut Context<'_>) -> Poll<Option<Result<Frame<Bytes>, Self::Error>>> {
        match &mut self.0 {
            Content::Passed { body } => Pin::new(body).poll_frame(cx).map(|next| {
                next.map(|frame| {
                    let frame = frame.map_err(BodyError::Upstream)?;
                    Ok(frame.map_data(|mut data| data.copy_to_bytes(data.remaining())))
                })
            }),
            Content::Page { body } => Pin::new(body).poll_frame(cx),
            Content::DryRun { body } => Pin::new(body).poll_frame(cx),
            Content::Bytes { bytes } => {
                let bytes = std::mem::take(bytes);
                Poll::Ready((!bytes.is_empty()).then(|| Ok(Frame::data(bytes))))
            }
            Content::Masking { body } => Pin::new(body).poll_frame(cx),
        }
    }

    fn is_end_stream(&self) -> bool {
        match &self.0 {
            Content::Passed { body } => body.is_end_stream(),
            Content::Page { body } => body.is_end_stream(),
            Content::DryRun { body } => body.is_end_stream(),
            Content::Bytes { bytes } => bytes.is_empty(),
            Content::Masking { body } => body.is_end_stream(),
        }
    }

    fn size_hint(&self) -> SizeHint {
        match &self.0 {
            Content::Passed { body } => body.size_hint(),
            Content::Page { body } => body.size_hint(),
            Content::DryRun { body } => body.size_hint(),
            Content::Bytes { bytes } => SizeHint::with_exact(bytes.len() as u64),
            Content::Masking { body } => body.size_hint(),
        }
    }
}

impl<B> std::fmt::Debug for AnswerBody<B> {
    fn fmt(&self, f: &mut std::fmt::Formatter<'_>) -> std::fmt::Result {
        f.write_str(match &self.0 {
            Content::Passed { .. } => "AnswerBody::Passed",
            Content::Page { .. } => "AnswerBody::Page",
            Content::DryRun { .. } => "AnswerBody::DryRun",
            Content::Bytes { .. } => "AnswerBody::Bytes",
            Content::Masking { .. } => "AnswerBody::Masking",
        })
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    /// Boxed bodies are often asked to be both.
    #[test]
    fn a_body_may_be_sent_and_shared() {
        fn check<T: Send + Sync>() {}
        check::<AnswerBody<http_body_util::Full<Bytes>>>();
    }
}
