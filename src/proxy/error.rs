//! Why the upstream's response is missing, and the response that the client gets instead.

use crate::problem;
use crate::reason::Reason;
use bytes::Bytes;
use http::Response;
use http::header::{CONNECTION, HeaderValue, RETRY_AFTER};
use std::error::Error;
use std::io;

/// `Retry-After` of a busy proxy, in seconds. Most requests end in less time.
const RETRY_AFTER_SECS: HeaderValue = HeaderValue::from_static("1");

/// Why a request was not forwarded, or got no response. Holds no bytes of a request or a response.
#[derive(Debug, thiserror::Error)]
#[non_exhaustive]
pub enum ForwardError {
    /// The upstream closed the connection before it answered.
    #[error("the upstream closed the connection before it answered")]
    Closed(#[source] hyper::Error),
    /// No connection to the upstream: it is not running, or `upstream.url` is wrong.
    #[error("no connection to the upstream")]
    Connect(#[source] io::Error),
    /// The upstream took longer than `upstream.connect_timeout_secs` to accept a connection.
    #[error("the upstream did not accept a connection in time")]
    ConnectTimeout,
    /// The client sent no byte of its body for `limits.body_timeout_secs`.
    #[error("the request's body stopped coming")]
    BodyTimeout,
    /// The request's body ended too early or could not be read.
    #[error("the request's body could not be read")]
    Downstream,
    /// The upstream's response is not HTTP, or can be read in more than one way. `None` if last4
    /// found the fault, not hyper.
    #[error("the upstream's response is not well-formed HTTP")]
    Protocol(#[source] Option<hyper::Error>),
    /// The request was refused before any of it went upstream.
    #[error("the request was refused: {0}")]
    Refused(Reason),
    /// The upstream took longer than `upstream.response_timeout_secs` to start its response.
    #[error("the upstream did not answer in time")]
    ResponseTimeout,
    /// The request's body is larger than `limits.max_request_bytes`.
    #[error("the request's body is too large")]
    RequestTooLarge,
    /// The TLS handshake with the upstream failed. The upstream's certificate is not trusted or is
    /// for another name, or the upstream does not trust our certificate.
    #[error("no TLS connection to the upstream")]
    Tls(#[source] io::Error),
    /// `limits.max_requests`, or the client's fair share of it, is used up.
    #[error("too many requests at once")]
    TooManyRequests,
    /// The upstream switched protocols although the request did not ask for it.
    #[error("the upstream switched protocols without a request to do so")]
    Upgrade,
}

impl ForwardError {
    /// Maps an error that hyper returned for a request on an open connection.
    pub(crate) fn of_exchange(error: hyper::Error) -> Self {
        // h2 has rejected the upstream's bytes.
        let is_malformed = cause::<h2::Error>(&error).is_some_and(h2::Error::is_library);
        let is_ambiguous = cause::<io::Error>(&error).is_some_and(|error| error.kind() == io::ErrorKind::InvalidData);
        if error.is_parse() || is_malformed || is_ambiguous {
            Self::Protocol(Some(error))
        } else if error.is_user() {
            Self::Downstream
        } else {
            Self::Closed(error)
        }
    }

    /// Returns the reason that the client gets in the problem document.
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

/// Returns the direct source of an error, if that has the type `E`.
pub(crate) fn cause<E: Error + 'static>(error: &hyper::Error) -> Option<&E> {
    error.source()?.downcast_ref()
}

/// Returns the response for a reason: a problem document, with `Connection: close` or `Retry-After`
/// where needed.
pub(crate) fn response(reason: Reason) -> Response<Bytes> {
    let mut response = problem::response(reason);
    match reason {
        // Close the connection. If there is not exactly one host, a proxy in front of us may have
        // read the request differently. In the other cases a part of the request is unread, and
        // would be taken for the next head.
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

/// Returns the HTTP/1.1 response for a reason as bytes, with `Connection: close`. It is for
/// connections where no service can answer, because there is no complete request.
pub(crate) fn serialize(reason: Reason) -> Vec<u8> {
    let mut response = response(reason);
    response.headers_mut().insert(CONNECTION, HeaderValue::from_static("close"));
    let status = response.status();
    let line = format!("HTTP/1.1 {} {}\r\n", status.as_str(), status.canonical_reason().unwrap_or_default());
    let mut bytes = line.into_bytes();
    for (name, value) in response.headers() {
        bytes.extend([name.as_str().as_bytes(), b": ", value.as_bytes(), b"\r\n"].concat());
    }
    bytes.extend(b"\r\n");
    bytes.extend(response.body());
    bytes
}

/// Why the body of an upstream's response ended too early.
#[derive(Debug, thiserror::Error)]
#[non_exhaustive]
pub enum UpstreamError {
    /// The upstream reset an HTTP/2 stream without an error before the response was complete. hyper
    /// reports this as a normal end.
    #[error("the upstream's response was cut short")]
    BrokenOff,
    /// The connection failed, or its bytes are not HTTP.
    #[error("the upstream's response ended too early")]
    Failed(#[from] hyper::Error),
    /// The upstream sent no byte for `upstream.body_timeout_secs`.
    #[error("the upstream's response stopped coming")]
    Stalled,
}
