//! Which requests may be sent again after the upstream has closed the connection.

use super::request_body::RequestBody;
use super::sender::Sender;
use crate::proxy::error::cause;
use http::header::UPGRADE;
use http::{Method, Request};
use std::io;

/// Returns a copy of a request that may be sent twice: it has a safe method, no body and no
/// upgrade. `None` for all others.
pub(crate) fn replay(request: &Request<RequestBody>) -> Option<Request<RequestBody>> {
    let safe = matches!(*request.method(), Method::GET | Method::HEAD | Method::OPTIONS);
    if !safe || request.headers().contains_key(UPGRADE) {
        return None;
    }
    let mut copy = Request::new(request.body().clone_empty()?);
    *copy.method_mut() = request.method().clone();
    *copy.uri_mut() = request.uri().clone();
    *copy.headers_mut() = request.headers().clone();
    *copy.extensions_mut() = request.extensions().clone();
    Some(copy)
}

/// Returns whether the connection was closed before any byte of the response came, and not because
/// of the request itself.
pub(crate) fn was_closed(error: &hyper::Error, sender: &Sender) -> bool {
    let failed = cause::<io::Error>(error).is_some();
    match sender {
        Sender::Http1(_, phase) => phase.is_awaited() && (failed || error.is_incomplete_message()),
        Sender::Http2(_) => {
            failed || cause::<h2::Error>(error).is_some_and(|error| error.is_go_away() && error.is_remote())
        }
    }
}
