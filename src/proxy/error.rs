//! Why a request got no answer from the upstream, and what the client is told.

use crate::problem;
use crate::reason::Reason;
use bytes::Bytes;
use http::Response;
use http::header::{CONNECTION, HeaderValue, RETRY_AFTER};
use thiserror::Error;

/// How long a client is told to wait before it tries again, in seconds. Requests come and go in less time.
const RETRY_AFTER_SECS: HeaderValue = HeaderValue::from_static("1");

/// Why a request was not forwarded, or got no answer. Never holds bytes of a request or an answer.
#[derive(Debug, Error)]
#[non_exhaustive]
pub enum ForwardError {
    /// The upstream closed the connection before it answered.
    #[error("the upstream closed the connection before it answered")]
    Closed(#[source] hyper::Error),
    /// No connection to the upstream: is it running, and is `upstream.url` right?
    #[error("no connection to the upstream")]
    Connect(#[source] std::io::Error),
    /// The upstream took longer than `upstream.connect_timeout_secs` to accept a connection.
    #[error("the upstream did not accept a connection in time")]
    ConnectTimeout,
    /// The client sent no byte of its body for `limits.body_timeout_secs`.
    #[error("the request's body stopped coming")]
    BodyTimeout,
    /// The client's own body ended too early or could not be read.
    #[error("the request's body could not be read")]
    Downstream,
    /// The upstream's answer is not HTTP, or can be read in more than one way.
    #[error("the upstream's answer is not well-formed HTTP")]
    Protocol(#[source] Option<hyper::Error>),
    /// The request was refused before any of it went upstream.
    #[error("the request was refused: {0}")]
    Refused(Reason),
    /// The upstream took longer than `upstream.response_timeout_secs` to begin its answer.
    #[error("the upstream did not answer in time")]
    ResponseTimeout,
    /// The request's body is larger than `limits.max_request_bytes`.
    #[error("the request's body is too large")]
    RequestTooLarge,
    /// No TLS with the upstream: its certificate is not trusted or not for its name, or it does not trust this side's.
    #[error("no TLS connection to the upstream")]
    Tls(#[source] std::io::Error),
    /// As many requests are at the upstream as `limits.max_requests` allows.
    #[error("too many requests at once")]
    TooManyRequests,
    /// The upstream switched protocols without having been asked to.
    #[error("the upstream switched protocols unasked")]
    Upgrade,
}

impl ForwardError {
    /// The reason that the client is told.
    pub fn reason(&self) -> Reason {
        match self {
            Self::BodyTimeout => Reason::BodyTimeout,
            Self::Closed(_) => Reason::UpstreamClosed,
            Self::Connect(_) => Reason::UpstreamUnreachable,
            Self::ConnectTimeout | Self::ResponseTimeout => Reason::UpstreamTimeout,
            Self::Downstream => Reason::IncompleteRequest,
            Self::Protocol(_) => Reason::UpstreamProtocol,
            Self::Refused(reason) => *reason,
            Self::RequestTooLarge => Reason::RequestTooLarge,
            Self::Tls(_) => Reason::UpstreamTls,
            Self::TooManyRequests => Reason::TooManyRequests,
            Self::Upgrade => Reason::Upgrade,
        }
    }
}

/// What the client is told of a request that ends for this reason: a problem document, and what to do next.
pub(crate) fn response(reason: Reason) -> Response<Bytes> {
    let mut response = problem::response(reason);
    match reason {
        // A request without one host may have been read differently by a proxy in front of us. What is left of the others would be
        // taken for the next request's head, should it ever come.
        Reason::BodyTimeout | Reason::Connect | Reason::HeadersTooLarge | Reason::Host | Reason::RequestTooLarge => {
            response.headers_mut().insert(CONNECTION, HeaderValue::from_static("close"));
        }
        Reason::TooManyConnections | Reason::TooManyRequests => {
            response.headers_mut().insert(RETRY_AFTER, RETRY_AFTER_SECS);
        }
        _ => {}
    }
    response
}

/// Why the body of an upstream's answer ended too early.
#[derive(Debug, Error)]
#[non_exhaustive]
pub enum UpstreamError {
    /// The upstream broke off an HTTP/2 answer in a way that may pass for its end.
    #[error("the upstream's answer was broken off")]
    BrokenOff,
    /// The connection failed, or what came on it is not HTTP.
    #[error("the upstream's answer ended too early")]
    Failed(#[from] hyper::Error),
    /// The upstream sent no byte for `upstream.body_timeout_secs`.
    #[error("the upstream's answer stopped coming")]
    Stalled,
}
