//! What a client gets: the only place where an answer is built.

use super::exchange::Exchange;
use super::headers::{cross_origin, cut_response, cut_withheld_response};
use super::lookup::{ObserveOnly, OffRoute};
use super::observed::Observed;
use super::verdict::Plan;
use crate::body::{BodyError, Head, MaskBody, Watch};
use crate::codec::Codings;
use crate::mask::Summary;
use crate::page::PageBody;
use crate::problem;
use crate::reason::Reason;
use bytes::{Buf, Bytes};
use http::header::{CONTENT_ENCODING, CONTENT_LENGTH, TRAILER};
use http::{HeaderValue, Method, Response, StatusCode, response};
use http_body::{Body, Frame, SizeHint};
use std::pin::Pin;
use std::sync::Arc;
use std::task::{Context, Poll};

/// What was done to an answer, in its response's extensions for whoever writes logs or metrics. Absent where a request was on
/// no masked route.
#[derive(Clone, Debug)]
pub struct Report {
    /// The route's name; empty where a request was refused before a route was found.
    pub route: Arc<str>,
    /// Whether the answer was one that may show a secret.
    pub may_reveal: bool,
    /// What was done.
    pub outcome: Outcome,
}

/// What was done to an answer.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
#[non_exhaustive]
pub enum Outcome {
    /// There was no body to mask.
    Bodiless,
    /// The whole body was masked, or revealed as its rule says.
    Masked(Summary),
    /// The answer passes as it came, for its route only observes. What masking would have come to is in
    /// [`AnswerBody::reading`]; there is none where there is no body.
    Observed,
    /// The body is being masked while it streams.
    Streaming,
    /// The body was withheld.
    Withheld(Reason),
}

/// An answer of a request that is on no masked route.
pub(super) fn passed<B: Body>(_: OffRoute, response: Response<B>) -> Response<AnswerBody<B>> {
    response.map(|body| AnswerBody(Inner::Passed { body }))
}

/// A page that is rewritten, of a request that is on no masked route.
pub(super) fn page<B: Body>(_: OffRoute, response: Response<PageBody<B>>) -> Response<AnswerBody<B>> {
    response.map(|body| AnswerBody(Inner::Page { body: Box::new(body) }))
}

/// An answer of a request on a route that only observes. It passes with every secret in it, and is read along.
pub(super) fn observed<B: Body>(
    _: ObserveOnly,
    exchange: &Exchange,
    response: Response<B>,
    watch: Option<Watch>,
) -> Response<AnswerBody<B>> {
    let (head, body) = response.into_parts();
    let body = Inner::Observed { body: Observed::new(body, watch.map(Box::new)) };
    finish(exchange, head, body, Outcome::Observed)
}

/// An answer of a request that would have been refused, where all routes only observe.
pub(super) fn unreadable<B: Body>(_: ObserveOnly, reason: Reason, response: Response<B>) -> Response<AnswerBody<B>> {
    let watch = Some(Box::new(Watch::refused(reason)));
    let mut response = response.map(|body| AnswerBody(Inner::Observed { body: Observed::new(body, watch) }));
    response.extensions_mut().insert(Report { route: "".into(), may_reveal: false, outcome: Outcome::Observed });
    response
}

/// An answer without a body. `Content-Length` of a HEAD answer would tell the length of what is masked.
pub(super) fn bodiless<B>(exchange: &Exchange, mut head: response::Parts) -> Response<AnswerBody<B>> {
    if exchange.method == Method::HEAD {
        head.headers.remove(CONTENT_LENGTH);
    }
    finish(exchange, head, Inner::Bytes { bytes: Bytes::new() }, Outcome::Bodiless)
}

/// A masked answer, whole or streaming; or, where the engine found nothing to mask in all of an answer that may reveal, that
/// answer as it came.
pub(super) fn masked<B>(
    exchange: &Exchange,
    mut head: response::Parts,
    plan: &Plan,
    body: Head<B>,
) -> Response<AnswerBody<B>> {
    let mut held = match body {
        Head::Longer(body) => {
            cut_response(&mut head.headers);
            set_codings(&mut head, &plan.give_back);
            return finish(exchange, head, Inner::Masking { body }, Outcome::Streaming);
        }
        Head::Whole(held) => held,
    };
    let outcome = Outcome::Masked(held.summary());
    if let Some(bytes) = held.take_original() {
        head.headers.remove(TRAILER);
        return finish(exchange, head, Inner::Bytes { bytes }, outcome);
    }
    cut_response(&mut head.headers);
    if held.any() {
        set_codings(&mut head, &plan.give_back);
    }
    let bytes = held.into_masked();
    head.headers.insert(CONTENT_LENGTH, HeaderValue::from(bytes.len()));
    finish(exchange, head, Inner::Bytes { bytes }, outcome)
}

/// An answer whose body is withheld (spec 5): a read that succeeded becomes a 502; a write that happened is never turned into
/// an error; what is an error or a redirect already keeps its status and head.
pub(super) fn withheld<B>(exchange: &Exchange, mut head: response::Parts, reason: Reason) -> Response<AnswerBody<B>> {
    let reads = matches!(exchange.method, Method::GET | Method::HEAD);
    let bytes = if head.status.is_informational() || (head.status.is_success() && reads) {
        head.headers = cross_origin(&head.headers);
        head.status = StatusCode::BAD_GATEWAY;
        problem::describe(&mut head.headers, head.status, reason)
    } else {
        cut_withheld_response(&mut head.headers);
        if head.status.is_client_error() || head.status.is_server_error() {
            problem::describe(&mut head.headers, head.status, reason)
        } else {
            head.headers.insert(CONTENT_LENGTH, HeaderValue::from(0));
            Bytes::new()
        }
    };
    finish(exchange, head, Inner::Bytes { bytes }, Outcome::Withheld(reason))
}

/// A request that is refused before it goes anywhere.
pub(super) fn refused<B>(reason: Reason) -> Response<AnswerBody<B>> {
    let mut response = problem::response(reason).map(|bytes| AnswerBody(Inner::Bytes { bytes }));
    response.extensions_mut().insert(Report {
        route: "".into(),
        may_reveal: false,
        outcome: Outcome::Withheld(reason),
    });
    response
}

/// Says what the body is coded in, if in anything.
pub(super) fn set_codings(head: &mut response::Parts, codings: &Codings) {
    if codings.is_identity() {
        return;
    }
    if let Ok(value) = HeaderValue::try_from(codings.to_string()) {
        head.headers.insert(CONTENT_ENCODING, value);
    }
}

fn finish<B>(
    exchange: &Exchange,
    mut head: response::Parts,
    body: Inner<B>,
    outcome: Outcome,
) -> Response<AnswerBody<B>> {
    if outcome != Outcome::Observed {
        // hyper keeps the reason phrase here. It is free text of the upstream's, and may be about another status.
        head.extensions.clear();
    }
    let report = Report { route: Arc::clone(&exchange.route), may_reveal: exchange.reveals(head.status), outcome };
    let mut response = Response::from_parts(head, AnswerBody(body));
    response.extensions_mut().insert(report);
    response
}

/// The body of an answer that went through the layer.
pub struct AnswerBody<B>(Inner<B>);

enum Inner<B> {
    /// Off the masked routes: the inner service's own, frame by frame.
    Passed { body: B },
    /// Off the masked routes, on a page's: rewritten.
    Page { body: Box<PageBody<B>> },
    /// On a route that only observes: the same, read along.
    Observed { body: Observed<B> },
    /// Bytes that last4 vouches for.
    Bytes { bytes: Bytes },
    /// Being masked.
    Masking { body: Box<MaskBody<B>> },
}

/// What the engine made of a body so far.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct Reading {
    /// What it found.
    pub summary: Summary,
    /// Whether the body was whole, or why the rest was withheld; `None` while it goes on.
    pub ending: Option<Result<(), Reason>>,
}

impl<B: Body + Unpin> AnswerBody<B> {
    /// What the engine made of a body that it reads while it streams. `None` of any other.
    ///
    /// Where the route only observes, it is what the engine would have made of it.
    pub fn reading(&self) -> Option<Reading> {
        match &self.0 {
            Inner::Passed { .. } | Inner::Bytes { .. } | Inner::Page { .. } => None,
            Inner::Observed { body } => body.reading(),
            Inner::Masking { body } => Some(Reading { summary: body.summary(), ending: body.ending() }),
        }
    }

    /// Why a page that was to be rewritten, or the rest of it, so far was not.
    pub fn page_fault(&self) -> Option<Reason> {
        match &self.0 {
            Inner::Page { body } => body.fault(),
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
            Inner::Passed { body } => Pin::new(body).poll_frame(cx).map(|next| {
                next.map(|frame| {
                    let frame = frame.map_err(BodyError::Upstream)?;
                    Ok(frame.map_data(|mut data| data.copy_to_bytes(data.remaining())))
                })
            }),
            Inner::Page { body } => Pin::new(body).poll_frame(cx),
            Inner::Observed { body } => Pin::new(body).poll_frame(cx),
            Inner::Bytes { bytes } => {
                let bytes = std::mem::take(bytes);
                Poll::Ready((!bytes.is_empty()).then(|| Ok(Frame::data(bytes))))
            }
            Inner::Masking { body } => Pin::new(body).poll_frame(cx),
        }
    }

    fn is_end_stream(&self) -> bool {
        match &self.0 {
            Inner::Passed { body } => body.is_end_stream(),
            Inner::Page { body } => body.is_end_stream(),
            Inner::Observed { body } => body.is_end_stream(),
            Inner::Bytes { bytes } => bytes.is_empty(),
            Inner::Masking { body } => body.is_end_stream(),
        }
    }

    fn size_hint(&self) -> SizeHint {
        match &self.0 {
            Inner::Passed { body } => body.size_hint(),
            Inner::Page { body } => body.size_hint(),
            Inner::Observed { body } => body.size_hint(),
            Inner::Bytes { bytes } => SizeHint::with_exact(bytes.len() as u64),
            Inner::Masking { body } => body.size_hint(),
        }
    }
}

impl<B> std::fmt::Debug for AnswerBody<B> {
    fn fmt(&self, f: &mut std::fmt::Formatter<'_>) -> std::fmt::Result {
        f.write_str(match &self.0 {
            Inner::Passed { .. } => "AnswerBody::Passed",
            Inner::Page { .. } => "AnswerBody::Page",
            Inner::Observed { .. } => "AnswerBody::Observed",
            Inner::Bytes { .. } => "AnswerBody::Bytes",
            Inner::Masking { .. } => "AnswerBody::Masking",
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
