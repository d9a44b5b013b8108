//! Sending a request on a connection to the upstream, in either HTTP.

use crate::proxy::upstream::http1::stream::Hearing;
use futures_util::future::Either;
use http::header::{CONNECTION, HOST};
use http::uri::{Authority, PathAndQuery, Scheme};
use http::{Request, Response, Uri};
use hyper::body::{Body, Incoming};
use hyper::client::conn::{TrySendError, http1, http2};
use std::future::Future;

/// What requests are sent by.
#[derive(Debug)]
pub(crate) enum Sender<B> {
    /// A connection of one's own, and what is heard on it.
    Http1(http1::SendRequest<B>, Hearing),
    /// A connection that others use at the same time.
    Http2(http2::SendRequest<B>),
}

impl<B> Sender<B> {
    /// Resolves with the head of the answer.
    pub(crate) fn try_send(
        &mut self,
        request: Request<B>,
    ) -> impl Future<Output = Result<Response<Incoming>, TrySendError<Request<B>>>> + use<B>
    where
        B: Body + 'static,
    {
        match self {
            Self::Http1(sender, hearing) => {
                hearing.begin();
                Either::Left(sender.try_send_request(request))
            }
            Self::Http2(sender) => Either::Right(sender.try_send_request(request)),
        }
    }

    pub(crate) fn is_multiplexed(&self) -> bool {
        matches!(self, Self::Http2(_))
    }
}

/// Makes an HTTP/1.1 request one of HTTP/2 (RFC 9113 8.2, 8.3): the host is part of its target, and nothing is said of connections.
/// The path and query stay as they are.
pub(crate) fn rephrase_for_http2<B>(request: &mut Request<B>, scheme: Scheme) {
    let headers = request.headers_mut();
    headers.remove(CONNECTION);
    let host = headers.remove(HOST);
    // The front sees to it that a host is an authority.
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
            rephrase_for_http2(&mut request, Scheme::HTTP);
            assert_eq!(request.uri().authority().unwrap(), "api.example:81");
            assert_eq!(request.uri().path_and_query().unwrap(), path);
            assert!(request.headers().is_empty());
        }
    }
}
