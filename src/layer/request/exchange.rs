//! One request on a masked route: what goes upstream, and what is remembered to judge the answer.

use super::client::ClientRequest;
use super::inspected_body::{BodyVerdict, Guard, InspectedBody, is_over};
use super::method_override::overrides_method;
use super::write_back::WriteBackDetector;
use crate::body::MaskTransform;
use crate::header::{list_items, remove_where};
use crate::layer::lookup::OnRoute;
use crate::layer::rule::MaskRule;
use crate::reason::Reason;
use http::header::CONNECTION;
use http::uri::PathAndQuery;
use http::{HeaderMap, HeaderName, HeaderValue, Request, StatusCode};
use http_body::Body;
use std::sync::Arc;
use std::task::{Context, Poll, ready};

/// What is remembered of a request on a masked route.
#[derive(Clone, Debug)]
pub(in crate::layer) struct Exchange {
    pub(in crate::layer) route: Arc<str>,
    pub(in crate::layer) rule: Arc<MaskRule>,
    pub(in crate::layer) client: ClientRequest,
    may_reveal: bool,
    /// What is known of the request's body.
    body: BodyVerdict,
}

impl Exchange {
    /// Reads a request, and removes from it what must not go upstream on a masked route.
    pub(in crate::layer) fn begin<B: Body>(on: OnRoute, mut request: Request<B>) -> (Self, Request<InspectedBody<B>>) {
        let mut exchange = Self::of(on, &request);
        let headers = request.headers_mut();
        remove_where(headers, is_unwanted_upstream);
        strip_upgrade(headers);
        exchange.client.limit_codings(headers);
        let hold_bytes = exchange.rule.hold_bytes;
        let request = exchange.inspect(request, exchange.may_reveal, |detector| Guard::new(detector, hold_bytes));
        (exchange, request)
    }

    /// Reads a request, which stays as it came.
    pub(in crate::layer) fn observe<B: Body>(on: OnRoute, request: Request<B>) -> (Self, Request<InspectedBody<B>>) {
        let mut exchange = Self::of(on, &request);
        let request = exchange.inspect(request, false, Guard::dry_run);
        (exchange, request)
    }

    fn inspect<B: Body>(
        &mut self,
        request: Request<B>,
        searches_override: bool,
        guard: impl FnOnce(WriteBackDetector) -> Guard,
    ) -> Request<InspectedBody<B>> {
        let (head, body) = request.into_parts();
        let program = self.rule.guarding().filter(|_| !is_over(&body));
        let guard = program.map(|program| guard(WriteBackDetector::new(Arc::clone(program), &head.headers)));
        let (body, verdict) = InspectedBody::read(body, &head.headers, searches_override, guard);
        self.body = verdict;
        Request::from_parts(head, body)
    }

    fn of<B>(OnRoute { name: route, rule, .. }: OnRoute, request: &Request<B>) -> Self {
        let target = request.uri().path_and_query().map_or("", PathAndQuery::as_str);
        let may_reveal = rule.may_reveal(request.method()) && !overrides_method(request.headers(), target);
        Self { route, rule, client: ClientRequest::of(request), may_reveal, body: BodyVerdict::unknown() }
    }

    /// Resolves when it is known whether an answer with this status may show a secret. That needs
    /// the whole request body, as far as it goes upstream.
    pub(in crate::layer) fn poll_settled(&mut self, status: StatusCode, cx: &mut Context<'_>) -> Poll<()> {
        if self.reveals(status) {
            self.may_reveal = !ready!(self.body.poll_overrides(cx));
        }
        Poll::Ready(())
    }

    /// Whether a masked value was found in the request's body so far.
    pub(in crate::layer) fn has_masked_value(&self) -> bool {
        self.body.has_masked_value()
    }

    /// Whether an answer with this status may show a secret.
    pub(in crate::layer) fn reveals(&self, status: StatusCode) -> bool {
        self.may_reveal && status.is_success()
    }

    /// How the body of an answer with this status is masked.
    pub(in crate::layer) fn transform(&self, status: StatusCode, not_json: Reason) -> MaskTransform {
        let program = if self.reveals(status) { &self.rule.revealing } else { &self.rule.masking };
        MaskTransform::new(Arc::clone(program), not_json)
    }
}

/// Whether a field is not sent upstream on a masked route.
///
/// Conditions and ranges would bring back what a client cached before (304), or a part that cannot
/// be read alone (206). `A-IM` would bring a delta (226, RFC 3229), an upgrade a tunnel, and `TE`
/// trailers.
fn is_unwanted_upstream(name: &HeaderName) -> bool {
    matches!(
        name.as_str(),
        "a-im"
            | "http2-settings"
            | "if-modified-since"
            | "if-none-match"
            | "if-range"
            | "range"
            | "te"
            | "trailer"
            | "upgrade"
    )
}

/// Removes `upgrade` from the options of `Connection`.
fn strip_upgrade(headers: &mut HeaderMap) {
    let is_upgrade = |option: &[u8]| option.eq_ignore_ascii_case(b"upgrade");
    let options = || headers.get_all(CONNECTION).iter().flat_map(|value| list_items(value.as_bytes()));
    if options().any(is_upgrade) {
        let kept = options().filter(|option| !is_upgrade(option)).collect::<Vec<_>>().join(&b", "[..]);
        match HeaderValue::from_bytes(&kept) {
            Ok(value) if !kept.is_empty() => headers.insert(CONNECTION, value),
            _ => headers.remove(CONNECTION),
        };
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
        strip_upgrade(&mut headers);
        assert_eq!(headers.get_all(CONNECTION).iter().collect::<Vec<_>>(), ["keep-alive, HTTP2-Settings"]);
    }
}
