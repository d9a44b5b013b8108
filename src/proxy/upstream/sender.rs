//! Sends a request on a connection to the upstream, over either version of HTTP.

use super::http1::stream::ResponsePhase;
use super::request_body::RequestBody;
use futures_util::future::Either;
use http::header::{CONNECTION, HOST};
use http::uri::{Authority, PathAndQuery, Scheme};
use http::{Request, Response, Uri};
use hyper::body::Incoming;
use hyper::client::conn::{TrySendError, http1, http2};
use std::future::Future;

/// The sending half of a connection.
#[derive(Debug)]
pub(crate) enum Sender {
    /// A connection that serves one request at a time, and how much of its last response has been
    /// read.
    Http1(http1::SendRequest<RequestBody>, ResponsePhase),
    /// A connection that other requests use at the same time.
    Http2(http2::SendRequest<RequestBody>),
}

impl Sender {
    /// Sends a request. The future resolves with the head of the response.
    pub(crate) fn try_send(
        &mut self,
        request: Request<RequestBody>,
    ) -> impl Future<Output = Result<Response<Incoming>, TrySendError<Request<RequestBody>>>> + use<> {
        match self {
            Self::Http1(sender, phase) => {
                phase.await_response();
                Either::Left(sender.try_send_request(request))
            }
            Self::Http2(sender) => Either::Right(sender.try_send_request(request)),
        }
    }

    pub(crate) fn is_multiplexed(&self) -> bool {
        matches!(self, Self::Http2(_))
    }
}

/// Turns an HTTP/1.1 request into one for HTTP/2 (RFC 9113 8.2, 8.3): the host becomes part of the
/// target, and `Connection` is removed. Path and query stay as they are.
pub(crate) fn to_http2<B>(request: &mut Request<B>, scheme: Scheme) {
    let headers = request.headers_mut();
    headers.remove(CONNECTION);
    let host = headers.remove(HOST);
    // The preparation of the request has checked that the host is an authority.
    let authority = host.and_then(|host| Authority::try_from(host.as_bytes()).ok());
    let path = request.uri().path_and_query().cloned().unwrap_or(PathAndQuery::from_static("/"));
    let mut target = http::uri::Parts::default();
    (target.path_and_query, target.authority) = (Some(path), authority);
    target.scheme = target.authority.is_some().then_some(scheme);
    if let Ok(target) = Uri::from_parts(target) {
        *request.uri_mut() = target;
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn the_host_becomes_part_of_the_target_and_the_path_stays() {
        for (target, path) in
            [("/a%2Fb//c?d=%20", "/a%2Fb//c?d=%20"), ("*", "*"), ("http://other/x?y", "/x?y"), ("http://other", "/")]
        {
            let mut request = Request::builder()
                .uri(target)
                .header(HOST, "api.example:81")
                .header(CONNECTION, "te")
                .body(())
                .unwrap();
            to_http2(&mut request, Scheme::HTTP);
            assert_eq!(request.uri().authority().unwrap(), "api.example:81");
            assert_eq!(request.uri().path_and_query().unwrap(), path);
            assert!(request.headers().is_empty());
        }
    }
}
