//! A request on a page's route, and its answer: a page to be rewritten, or whatever passes as it came.
//!
//! All of it takes the proof that the request is on no masked route. Nothing here withholds: a page is not a secret.

use super::answer::{self, AnswerBody};
use super::headers::{cut_page_response, is_conditional, remove_where};
use super::lookup::{OffRoute, OnPage};
use crate::codec::{AcceptEncoding, Codings};
use crate::page::{Charset, Markup, PageBody, PagePipeline, admit_in_field};
use crate::reason::Reason;
use http::header::{
    ACCEPT, ACCEPT_ENCODING, CONTENT_ENCODING, CONTENT_RANGE, CONTENT_SECURITY_POLICY, CONTENT_TYPE, TRANSFER_ENCODING,
};
use http::{HeaderMap, HeaderValue, Method, Request, Response, StatusCode, response};
use http_body::Body;
use std::sync::Arc;

/// What was done to a page, in its response's extensions for whoever writes logs or metrics. Absent where an answer is no page.
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
    /// It is being rewritten while it streams. See [`AnswerBody::page_fault`].
    Rewriting,
    /// It passes as it came.
    Untouched(Reason),
}

/// What is remembered of a request on a page's route.
#[derive(Debug)]
pub(super) struct PageExchange {
    proof: OffRoute,
    page: OnPage,
    method: Method,
    accept_encoding: AcceptEncoding,
}

impl PageExchange {
    /// Reads a request, and makes one that asks for a page ask for one that can be rewritten.
    ///
    /// Styles, scripts and pictures are on the routes of pages too. Their requests stay as they are, and so do their conditions and
    /// the ranges of downloads: what asks for a page says so (`Accept: text/html`).
    pub(super) fn begin<B>(proof: OffRoute, page: OnPage, request: &mut Request<B>) -> Self {
        let method = request.method().clone();
        let headers = request.headers_mut();
        let accept_encoding = AcceptEncoding::parse(headers.get_all(ACCEPT_ENCODING).iter().map(HeaderValue::as_bytes));
        if asks_for_page(headers) {
            // A 304 would bring back the page that a browser kept from before there was a rule.
            remove_where(headers, is_conditional);
            let codings = HeaderValue::try_from(accept_encoding.for_upstream());
            headers.insert(ACCEPT_ENCODING, codings.unwrap_or(HeaderValue::from_static("identity")));
        }
        Self { proof, page, method, accept_encoding }
    }

    /// The answer that the client gets.
    pub(super) fn answer<B: Body + Unpin>(self, response: Response<B>) -> Response<AnswerBody<B>> {
        let (mut head, body) = response.into_parts();
        let untouched = |proof, mut head: response::Parts, body, reason| {
            let outcome = PageOutcome::Untouched(reason);
            head.extensions.insert(PageReport { path: Arc::clone(&self.page.path), outcome });
            answer::passed(proof, Response::from_parts(head, body))
        };
        match judge(&self.method, &head, body.is_end_stream()) {
            Verdict::NoPage => answer::passed(self.proof, Response::from_parts(head, body)),
            Verdict::Bodiless => {
                cut_page_response(&mut head.headers);
                answer::passed(self.proof, Response::from_parts(head, body))
            }
            Verdict::Untouched(reason) => untouched(self.proof, head, body, reason),
            Verdict::Rewrite { charset, codings } => {
                let give_back =
                    if self.accept_encoding.accepts(&codings) { codings.clone() } else { Codings::default() };
                let Ok(pipeline) = PagePipeline::new(Arc::clone(&self.page.rule), charset, &codings, &give_back) else {
                    return untouched(self.proof, head, body, Reason::UnknownEncoding);
                };
                cut_page_response(&mut head.headers);
                head.headers.remove(CONTENT_ENCODING);
                answer::set_codings(&mut head, &give_back);
                if let Some(source) = self.page.rule.style_source() {
                    admit_style(&mut head.headers, source);
                }
                let outcome = PageOutcome::Rewriting;
                head.extensions.insert(PageReport { path: self.page.path, outcome });
                answer::page(self.proof, Response::from_parts(head, PageBody::new(body, pipeline)))
            }
        }
    }
}

/// What is to happen to an answer on a page's route.
enum Verdict {
    /// It is the head of a page alone.
    Bodiless,
    /// It is no page.
    NoPage,
    /// It is a page that cannot be read.
    Untouched(Reason),
    /// It is a page.
    Rewrite { charset: Charset, codings: Codings },
}

fn judge(method: &Method, head: &response::Parts, empty: bool) -> Verdict {
    let markup = Markup::of(head.headers.get_all(CONTENT_TYPE).iter().map(HeaderValue::as_bytes));
    let never_has_body = matches!(head.status, StatusCode::NO_CONTENT | StatusCode::NOT_MODIFIED);
    if markup == Markup::Other || head.status.is_informational() || never_has_body {
        return Verdict::NoPage;
    }
    if *method == Method::HEAD {
        return Verdict::Bodiless;
    }
    if empty {
        return Verdict::NoPage;
    }
    if head.status == StatusCode::PARTIAL_CONTENT || head.headers.contains_key(CONTENT_RANGE) {
        return Verdict::Untouched(Reason::PartialContent);
    }
    let Markup::Html(charset) = markup else { return Verdict::Untouched(Reason::Charset) };
    let transfer_coded = |value: &HeaderValue| !value.as_bytes().trim_ascii().eq_ignore_ascii_case(b"chunked");
    let values = head.headers.get_all(CONTENT_ENCODING);
    match Codings::parse(values.iter().map(HeaderValue::as_bytes)) {
        Ok(codings) if !head.headers.get_all(TRANSFER_ENCODING).iter().any(transfer_coded) => {
            Verdict::Rewrite { charset, codings }
        }
        _ => Verdict::Untouched(Reason::UnknownEncoding),
    }
}

fn asks_for_page(headers: &HeaderMap) -> bool {
    let names_html = |value: &HeaderValue| {
        value.as_bytes().split(|&byte| byte == b',').any(|item| {
            let essence = item.split(|&byte| byte == b';').next().unwrap_or_default();
            essence.trim_ascii().eq_ignore_ascii_case(b"text/html")
        })
    };
    headers.get_all(ACCEPT).iter().any(names_html)
}

/// Has every policy in the head that would block the style admit it. What is only reported
/// (`Content-Security-Policy-Report-Only`) blocks nothing and stays as it is.
fn admit_style(headers: &mut HeaderMap, source: &str) {
    if let http::header::Entry::Occupied(mut policies) = headers.entry(CONTENT_SECURITY_POLICY) {
        for policy in policies.iter_mut() {
            let admitted = admit_in_field(policy.as_bytes(), source);
            if let Some(admitted) = admitted.and_then(|admitted| HeaderValue::from_bytes(&admitted).ok()) {
                *policy = admitted;
            }
        }
    }
}
