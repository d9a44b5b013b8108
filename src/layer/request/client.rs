//! The facts of a request that decide how its answer can be read and sent.

use crate::codec::{AcceptEncoding, Codings};
use http::header::ACCEPT_ENCODING;
use http::{HeaderMap, HeaderValue, Method, Request};

/// The facts of a request that decide how its answer can be read and sent.
#[derive(Clone, Debug)]
pub(in super::super) struct ClientRequest {
    pub(in super::super) method: Method,
    accept_encoding: AcceptEncoding,
}

impl ClientRequest {
    pub(in super::super) fn of<B>(request: &Request<B>) -> Self {
        let accepted = request.headers().get_all(ACCEPT_ENCODING);
        let accept_encoding = AcceptEncoding::parse(accepted.iter().map(HeaderValue::as_bytes));
        Self { method: request.method().clone(), accept_encoding }
    }

    /// Asks the upstream for codings that can be removed. The field is set even if the client sent
    /// none: without it, an upstream may choose any coding.
    pub(in super::super) fn limit_codings(&self, headers: &mut HeaderMap) {
        let codings = HeaderValue::try_from(self.accept_encoding.for_upstream());
        headers.insert(ACCEPT_ENCODING, codings.unwrap_or(HeaderValue::from_static("identity")));
    }

    /// The codings of a changed body: the upstream's if the client accepts them, else none.
    pub(in super::super) fn response_codings(&self, upstream: &Codings) -> Codings {
        if self.accept_encoding.accepts(upstream) { upstream.clone() } else { Codings::default() }
    }
}
