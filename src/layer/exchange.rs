//! One request on a masked route: what goes upstream, and what is remembered of it to judge the answer.

use super::headers::cut_request;
use super::inspected_body::{BodyVerdict, InspectedBody};
use super::lookup::OnRoute;
use super::method_override::overrides_method;
use super::rule::MaskRule;
use crate::codec::AcceptEncoding;
use crate::mask::Program;
use http::header::{ACCEPT_ENCODING, CONNECTION, UPGRADE};
use http::uri::PathAndQuery;
use http::{HeaderMap, HeaderValue, Method, Request, StatusCode};
use http_body::Body;
use std::sync::Arc;
use std::task::{Context, Poll, ready};

/// What is remembered of a request on a masked route.
#[derive(Clone, Debug)]
pub(super) struct Exchange {
    pub(super) route: Arc<str>,
    pub(super) rule: Arc<MaskRule>,
    pub(super) method: Method,
    pub(super) accept_encoding: AcceptEncoding,
    may_reveal: bool,
    /// What is known of the body of a request that may reveal.
    body: BodyVerdict,
}

impl Exchange {
    /// Reads a request and takes out of it what may not go upstream on a masked route.
    pub(super) fn begin<B: Body>(on: OnRoute, mut request: Request<B>) -> (Self, Request<InspectedBody<B>>) {
        let mut exchange = Self::observe(on, &request);
        let headers = request.headers_mut();
        cut_request(headers);
        cut_connection(headers);
        // Said even where the client said nothing: without the field an upstream may choose any coding.
        match HeaderValue::try_from(exchange.accept_encoding.for_upstream()) {
            Ok(codings) => headers.insert(ACCEPT_ENCODING, codings),
            Err(_) => headers.insert(ACCEPT_ENCODING, HeaderValue::from_static("identity")),
        };
        let (head, body) = request.into_parts();
        let body = if exchange.may_reveal {
            let (body, verdict) = InspectedBody::read(body, &head.headers);
            exchange.body = verdict;
            body
        } else {
            InspectedBody::unread(body)
        };
        (exchange, Request::from_parts(head, body))
    }

    /// Reads a request, which stays as it came.
    pub(super) fn observe<B>(OnRoute { name: route, rule, .. }: OnRoute, request: &Request<B>) -> Self {
        let headers = request.headers();
        let may_reveal = rule.may_reveal(request.method())
            && !overrides_method(headers, request.uri().path_and_query().map_or("", PathAndQuery::as_str));
        let accept_encoding = AcceptEncoding::parse(headers.get_all(ACCEPT_ENCODING).iter().map(HeaderValue::as_bytes));
        Self {
            route,
            rule,
            method: request.method().clone(),
            accept_encoding,
            may_reveal,
            body: BodyVerdict::unknown(),
        }
    }

    /// Resolves once it is known whether an answer with this status may show a secret: that takes all of the request's body that goes
    /// upstream.
    pub(super) fn poll_settled(&mut self, status: StatusCode, cx: &mut Context<'_>) -> Poll<()> {
        if self.reveals(status) {
            self.may_reveal = !ready!(self.body.poll_overrides(cx));
        }
        Poll::Ready(())
    }

    /// Whether an answer with this status may show a secret.
    pub(super) fn reveals(&self, status: StatusCode) -> bool {
        self.may_reveal && status.is_success()
    }

    /// The engine's program for an answer with this status.
    pub(super) fn program(&self, status: StatusCode) -> Arc<Program> {
        Arc::clone(if self.reveals(status) { &self.rule.revealing } else { &self.rule.masking })
    }
}

/// Takes `upgrade` out of the options of `Connection`.
fn cut_connection(headers: &mut HeaderMap) {
    let names_upgrade = |value: &HeaderValue| {
        value.as_bytes().split(|&byte| byte == b',').any(|option| option.trim_ascii().eq_ignore_ascii_case(b"upgrade"))
    };
    if headers.get_all(CONNECTION).iter().any(names_upgrade) {
        let kept: Vec<Vec<u8>> = headers
            .get_all(CONNECTION)
            .iter()
            .flat_map(|value| value.as_bytes().split(|&byte| byte == b','))
            .map(<[u8]>::trim_ascii)
            .filter(|option| !option.eq_ignore_ascii_case(UPGRADE.as_str().as_bytes()) && !option.is_empty())
            .map(<[u8]>::to_vec)
            .collect();
        headers.remove(CONNECTION);
        if let Some(value) = HeaderValue::from_bytes(&kept.join(&b", "[..])).ok().filter(|_| !kept.is_empty()) {
            headers.insert(CONNECTION, value);
        }
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn only_upgrade_leaves_the_connection_options() {
        let mut headers = HeaderMap::new();
        headers.append(CONNECTION, HeaderValue::from_static("keep-alive, Upgrade"));
        headers.append(CONNECTION, HeaderValue::from_static("HTTP2-Settings"));
        cut_connection(&mut headers);
        assert_eq!(headers.get_all(CONNECTION).iter().collect::<Vec<_>>(), ["keep-alive, HTTP2-Settings"]);
    }
}
