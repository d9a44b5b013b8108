//! A request on a page's route and no masked one, and its answer: a rewritten page, or an answer
//! that passes as it came.
//!
//! All of this takes the proof that the request is on no masked route. Nothing here withholds: a
//! page is not a secret.

use super::lookup::{OffRoute, OnPage};
use super::request::ClientRequest;
use super::response::{AnswerBody, Verdict, answer, judge_head, never_has_body, strip_head_of_page, strip_response};
use crate::body::{Pipeline, TransformBody};
use crate::header::{list_items, remove_where, trim_ows};
use crate::page::PageTransform;
use crate::reason::Reason;
use http::header::ACCEPT;
use http::{HeaderMap, HeaderName, Method, Request, Response};
use http_body::Body;
use std::sync::Arc;

/// What was done to a page. The layer puts this into the response's extensions, unless the answer
/// is not a page.
#[derive(Clone, Debug)]
pub struct PageReport {
    /// The route's template, or its expression.
    pub path: Arc<str>,
    /// What was done.
    pub outcome: PageOutcome,
}

/// What was done to a page.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
#[non_exhaustive]
pub enum PageOutcome {
    /// The page is being rewritten while it streams. See [`AnswerBody::page_fault`].
    Rewriting,
    /// The page passes as it came.
    Untouched(Reason),
}

/// What is remembered of a request on a page's route.
#[derive(Debug)]
pub(super) struct PageExchange {
    proof: OffRoute,
    page: OnPage,
    client: ClientRequest,
}

impl PageExchange {
    /// Reads a request. If it asks for a page, changes it so that the answer can be rewritten.
    ///
    /// Styles, scripts and images are on the routes of pages too. Their requests stay as they are,
    /// with their conditions and ranges: only a request for a page has `Accept: text/html`.
    pub(super) fn begin<B>(proof: OffRoute, page: OnPage, request: &mut Request<B>) -> Self {
        let client = ClientRequest::of(request);
        let headers = request.headers_mut();
        if asks_for_page(headers) {
            // A 304 would bring back the page that a browser stored before there was a rule.
            remove_where(headers, is_conditional);
            client.limit_codings(headers);
        }
        Self { proof, page, client }
    }

    /// Returns the answer that the client gets.
    pub(super) fn answer<B: Body + Unpin>(self, response: Response<B>) -> Response<AnswerBody<B>> {
        let Self { proof, page: OnPage { path, rule }, client } = self;
        let status = response.status();
        let transform = match PageTransform::new(&rule, response.headers()) {
            Some(transform) if !status.is_informational() && !never_has_body(status) => transform,
            _ => return answer::passed(proof, response),
        };
        let (mut head, body) = response.into_parts();
        let pipeline = match judge_head(&client, &head, body.is_end_stream()) {
            Verdict::Bodiless => {
                if client.method == Method::HEAD {
                    strip_head_of_page(&mut head.headers);
                }
                return answer::passed(proof, Response::from_parts(head, body));
            }
            Verdict::Unreadable(reason) => Err(reason),
            Verdict::Readable(codings) => transform.and_then(|transform| {
                let pipeline = Pipeline::new(transform, &codings.upstream, &codings.response, None)?;
                Ok((pipeline, codings.response))
            }),
        };
        match pipeline {
            Ok((pipeline, codings)) => {
                strip_response(&mut head.headers);
                answer::set_codings(&mut head.headers, &codings);
                rule.admit_style(&mut head.headers);
                head.extensions.insert(PageReport { path, outcome: PageOutcome::Rewriting });
                answer::page(proof, Response::from_parts(head, TransformBody::new(body, pipeline)))
            }
            Err(reason) => {
                head.extensions.insert(PageReport { path, outcome: PageOutcome::Untouched(reason) });
                answer::passed(proof, Response::from_parts(head, body))
            }
        }
    }
}

/// Whether a field makes a request conditional on a stored page. `If-Range` does not count: a part
/// of a page is not rewritten, and an interrupted download must be able to continue.
fn is_conditional(name: &HeaderName) -> bool {
    matches!(name.as_str(), "a-im" | "if-modified-since" | "if-none-match")
}

fn asks_for_page(headers: &HeaderMap) -> bool {
    let mut ranges = headers.get_all(ACCEPT).iter().flat_map(|value| list_items(value.as_bytes()));
    ranges.any(|range| {
        let essence = range.split(|&byte| byte == b';').next().unwrap_or_default();
        trim_ows(essence).eq_ignore_ascii_case(b"text/html")
    })
}
