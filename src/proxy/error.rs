//! Why a request could not be forwarded, which side failed, and what the client is told.

use crate::problem;
use bytes::Bytes;
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
    /// The client's own body ended too early or could not be read.
    #[error("the request's body could not be read")]
    Downstream,
    /// What the upstream answered is not HTTP, or can be read in more than one way.
    #[error("the upstream's answer is not well-formed HTTP")]
    Protocol(#[source] Option<hyper::Error>),
    /// The upstream took longer than `upstream.response_timeout_secs` to begin its answer.
    #[error("the upstream did not answer in time")]
    ResponseTimeout,
    /// The upstream switched protocols without having been asked to.
    #[error("the upstream switched protocols unasked")]
    Upgrade,
}

impl ForwardError {
    /// The status, stable code and sentence that the client is told: nothing internal.
    pub fn describe(&self) -> (StatusCode, &'static str, &'static str) {
        match self {
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
            Self::Upgrade => {
                (StatusCode::BAD_GATEWAY, "upgrade", "The upstream tried to open a tunnel, which was refused.")
            }
        }
    }

    /// The problem document for the client.
    pub fn to_response(&self) -> Response<Bytes> {
        let (status, reason, detail) = self.describe();
        problem::response(status, reason, detail)
    }
}
