//! When a request is sent to the upstream once more.

use super::request_body::RequestBody;
use super::sender::Sender;
use http::header::UPGRADE;
use http::{Method, Request};
use std::error::Error;
use std::io;

/// The same request once more, if that can do no harm.
pub(crate) fn replay(request: &Request<RequestBody>) -> Option<Request<RequestBody>> {
    let safe = matches!(*request.method(), Method::GET | Method::HEAD | Method::OPTIONS);
    if !safe || request.headers().contains_key(UPGRADE) {
        return None;
    }
    let body = request.body().empty_again()?;
    let mut again = Request::new(body);
    *again.method_mut() = request.method().clone();
    *again.uri_mut() = request.uri().clone();
    *again.headers_mut() = request.headers().clone();
    *again.extensions_mut() = request.extensions().clone();
    Some(again)
}

/// Whether the connection ended before a byte of the answer came, through no fault of the request's.
pub(crate) fn was_closed<B>(error: &hyper::Error, sender: &Sender<B>) -> bool {
    let broke = cause::<io::Error>(error).is_some();
    match sender {
        Sender::Http1(_, hearing) => hearing.is_silent() && (broke || error.is_incomplete_message()),
        Sender::Http2(_) => {
            broke || cause::<h2::Error>(error).is_some_and(|error| error.is_go_away() && error.is_remote())
        }
    }
}

/// What is behind an error, if it is of this kind.
pub(crate) fn cause<E: Error + 'static>(error: &hyper::Error) -> Option<&E> {
    error.source()?.downcast_ref()
}
