//! Why a request could not be forwarded, which side failed, and what the client is told.

use super::last_words::RETRY_AFTER_SECS;
use crate::problem;
use bytes::Bytes;
use http::header::{CONNECTION, HeaderValue, RETRY_AFTER};
use http::{Response, StatusCode};
use thiserror::Error;

/// Why a request could not be forwarded. Never holds bytes of a request or an answer.
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
    /// What the upstream answered is not HTTP, or can be read in more than one way.
    #[error("the upstream's answer is not well-formed HTTP")]
    Protocol(#[source] Option<hyper::Error>),
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
    /// The status, stable code and sentence that the client is told: nothing internal.
    pub fn describe(&self) -> (StatusCode, &'static str, &'static str) {
        match self {
            Self::BodyTimeout => (StatusCode::REQUEST_TIMEOUT, "body-timeout", "The request's body stopped coming."),
            Self::Closed(_) => {
                (StatusCode::BAD_GATEWAY, "upstream-closed", "The upstream closed the connection before it answered.")
            }
            Self::Connect(_) => (StatusCode::BAD_GATEWAY, "upstream-unreachable", "The upstream could not be reached."),
            Self::ConnectTimeout | Self::ResponseTimeout => {
                (StatusCode::GATEWAY_TIMEOUT, "upstream-timeout", "The upstream did not answer in time.")
            }
            Self::Downstream => (StatusCode::BAD_REQUEST, "incomplete-request", "The request's body ended too early."),
            Self::Protocol(_) => {
                (StatusCode::BAD_GATEWAY, "upstream-protocol", "The upstream's answer is not well-formed HTTP.")
            }
            Self::RequestTooLarge => {
                (StatusCode::PAYLOAD_TOO_LARGE, "request-too-large", "The request's body is too large.")
            }
            Self::Tls(_) => (
                StatusCode::BAD_GATEWAY,
                "upstream-tls",
                "The upstream could not be reached in a way that can be trusted.",
            ),
            Self::TooManyRequests => {
                (StatusCode::SERVICE_UNAVAILABLE, "too-many-requests", "There are too many requests at the moment.")
            }
            Self::Upgrade => {
                (StatusCode::BAD_GATEWAY, "upgrade", "The upstream tried to open a tunnel, which was refused.")
            }
        }
    }

    /// The problem document for the client.
    pub fn to_response(&self) -> Response<Bytes> {
        let (status, reason, detail) = self.describe();
        let mut response = problem::response(status, reason, detail);
        match self {
            // What is left of the request would be taken for the next one's head, should it ever come.
            Self::BodyTimeout | Self::RequestTooLarge => {
                response.headers_mut().insert(CONNECTION, HeaderValue::from_static("close"));
            }
            Self::TooManyRequests => {
                response.headers_mut().insert(RETRY_AFTER, RETRY_AFTER_SECS);
            }
            _ => {}
        }
        response
    }
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
