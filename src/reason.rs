//! Why last4 creates a response of its own. Problem documents, log lines and metrics share one code
//! for each reason.

use http::StatusCode;
use std::fmt;

/// Why a request was refused, could not be forwarded, or had its response withheld. The codes are
/// stable and reveal nothing about content.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Hash)]
#[non_exhaustive]
pub enum Reason {
    /// Servers could read the request's path in too many different ways.
    AmbiguousPath,
    /// The client sent no byte of its body for `limits.body_timeout_secs`.
    BodyTimeout,
    /// The response's text is in a charset other than UTF-8.
    Charset,
    /// The request's method is `CONNECT`.
    Connect,
    /// The response's body cannot be decoded by its `Content-Encoding`.
    DecodeFailed,
    /// The head of a request took longer than `limits.header_timeout_secs`.
    HeaderTimeout,
    /// The head of a request has more bytes or fields than `limits` allows.
    HeadersTooLarge,
    /// The request has no `Host`, more than one, or one that is not a host.
    Host,
    /// The response's body ended too early.
    Incomplete,
    /// The request's body ended too early.
    IncompleteRequest,
    /// The response has a JSON media type, but its body is not JSON.
    InvalidJson,
    /// The head of a request is not HTTP.
    MalformedRequest,
    /// The request holds a masked value, which the API would store in place of the secret.
    MaskedValue,
    /// The response has neither a JSON media type nor a JSON body.
    NotJson,
    /// The response is only a part of a body, which cannot be read on its own.
    PartialContent,
    /// The body of a request is larger than `limits.max_request_bytes`.
    RequestTooLarge,
    /// The response is nested more deeply than allowed.
    TooDeep,
    /// The response has more decoded bytes than allowed.
    TooLarge,
    /// `limits.max_connections` connections are open already.
    TooManyConnections,
    /// `limits.max_requests`, or the client's fair share of it, is used up.
    TooManyRequests,
    /// The response has a content coding that last4 cannot undo.
    UnknownEncoding,
    /// The upstream opened a tunnel that the request did not ask for, or that would carry the
    /// content of a masked route unread.
    Upgrade,
    /// The upstream closed the connection before it answered.
    UpstreamClosed,
    /// The upstream's response is not HTTP, or can be read in more than one way.
    UpstreamProtocol,
    /// The upstream did not accept a connection or start its response in time.
    UpstreamTimeout,
    /// The TLS handshake with the upstream failed.
    UpstreamTls,
    /// No connection to the upstream.
    UpstreamUnreachable,
}

/// The side that caused a [`Reason`].
#[derive(Clone, Copy, Debug, PartialEq, Eq, Hash)]
#[non_exhaustive]
pub enum Side {
    /// The client's request: sending it again unchanged will not help.
    Client,
    /// A limit of last4's own: the same request may succeed later.
    Limits,
    /// The upstream, or its response.
    Upstream,
}

/// The stage at which a request ended. It decides which metric counts the request.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Hash)]
#[non_exhaustive]
pub enum Stage {
    /// Refused before any of it went upstream: `last4_refused_requests_total`.
    Request,
    /// Refused on a route because it holds a masked value: `last4_write_backs_refused_total`.
    Guard,
    /// Failed on its way upstream, before the head of a response: `last4_upstream_failures_total`.
    Upstream,
    /// Its response was withheld: `last4_withheld_total`.
    Answer,
}

impl Reason {
    /// All reasons, in the order of their numbers (`reason as usize`).
    pub const ALL: [Self; Self::UpstreamUnreachable as usize + 1] = [
        Self::AmbiguousPath,
        Self::BodyTimeout,
        Self::Charset,
        Self::Connect,
        Self::DecodeFailed,
        Self::HeaderTimeout,
        Self::HeadersTooLarge,
        Self::Host,
        Self::Incomplete,
        Self::IncompleteRequest,
        Self::InvalidJson,
        Self::MalformedRequest,
        Self::MaskedValue,
        Self::NotJson,
        Self::PartialContent,
        Self::RequestTooLarge,
        Self::TooDeep,
        Self::TooLarge,
        Self::TooManyConnections,
        Self::TooManyRequests,
        Self::UnknownEncoding,
        Self::Upgrade,
        Self::UpstreamClosed,
        Self::UpstreamProtocol,
        Self::UpstreamTimeout,
        Self::UpstreamTls,
        Self::UpstreamUnreachable,
    ];

    /// Returns the stable code.
    pub const fn as_str(self) -> &'static str {
        self.describe().0
    }

    /// Returns the status of last4's response. A withheld response may keep the upstream's status
    /// instead (an error, or a write that happened).
    pub const fn status(self) -> StatusCode {
        self.describe().1
    }

    /// Returns the side that caused the reason.
    pub const fn side(self) -> Side {
        self.describe().2
    }

    /// Returns where the request ended. [`Self::Upgrade`] can also end a request before its
    /// response.
    pub const fn stage(self) -> Stage {
        self.describe().3
    }

    /// Returns what happened, in a sentence for the reader of the problem document.
    pub const fn detail(self) -> &'static str {
        self.describe().4
    }

    #[rustfmt::skip]
    const fn describe(self) -> (&'static str, StatusCode, Side, Stage, &'static str) {
        use {Side as By, Stage as At, StatusCode as S};
        match self {
            Self::AmbiguousPath => ("ambiguous-path", S::BAD_REQUEST, By::Client, At::Request, "The path can be read in different ways by different servers."),
            Self::BodyTimeout => ("body-timeout", S::REQUEST_TIMEOUT, By::Client, At::Upstream, "The request's body stopped coming."),
            Self::Charset => ("charset", S::BAD_GATEWAY, By::Upstream, At::Answer, "The answer is in a charset other than UTF-8 and was withheld."),
            Self::Connect => ("connect", S::METHOD_NOT_ALLOWED, By::Client, At::Request, "This is not a forward proxy."),
            Self::DecodeFailed => ("decode-failed", S::BAD_GATEWAY, By::Upstream, At::Answer, "The answer does not decode as its Content-Encoding says and was withheld."),
            Self::HeaderTimeout => ("header-timeout", S::REQUEST_TIMEOUT, By::Client, At::Request, "The request's head took too long."),
            Self::HeadersTooLarge => ("headers-too-large", S::REQUEST_HEADER_FIELDS_TOO_LARGE, By::Client, At::Request, "The request's head has too many fields."),
            Self::Host => ("host", S::BAD_REQUEST, By::Client, At::Request, "A request names exactly one host: a name or an address, and at most a port."),
            Self::Incomplete => ("incomplete", S::BAD_GATEWAY, By::Upstream, At::Answer, "The answer ended too early and was withheld."),
            Self::IncompleteRequest => ("incomplete-request", S::BAD_REQUEST, By::Client, At::Upstream, "The request's body ended too early."),
            Self::InvalidJson => ("invalid-json", S::BAD_GATEWAY, By::Upstream, At::Answer, "The answer is not valid JSON and was withheld."),
            Self::MalformedRequest => ("malformed-request", S::BAD_REQUEST, By::Client, At::Request, "The request's head is not well-formed HTTP."),
            Self::MaskedValue => ("masked-value", S::CONFLICT, By::Client, At::Guard, "The request holds a masked value in place of a secret (its first characters, dots, its last characters), and was refused. Enter the whole secret, or leave the field out."),
            Self::NotJson => ("not-json", S::BAD_GATEWAY, By::Upstream, At::Answer, "The answer is not JSON and was withheld."),
            Self::PartialContent => ("partial-content", S::BAD_GATEWAY, By::Upstream, At::Answer, "The answer is a part of a body and was withheld."),
            Self::RequestTooLarge => ("request-too-large", S::PAYLOAD_TOO_LARGE, By::Client, At::Upstream, "The request's body is too large."),
            Self::TooDeep => ("too-deep", S::BAD_GATEWAY, By::Upstream, At::Answer, "The answer is nested too deeply and was withheld."),
            Self::TooLarge => ("too-large", S::BAD_GATEWAY, By::Upstream, At::Answer, "The answer is too large and was withheld."),
            Self::TooManyConnections => ("too-many-connections", S::SERVICE_UNAVAILABLE, By::Limits, At::Request, "There are too many connections at the moment."),
            Self::TooManyRequests => ("too-many-requests", S::SERVICE_UNAVAILABLE, By::Limits, At::Upstream, "There are too many requests at the moment."),
            Self::UnknownEncoding => ("unknown-encoding", S::BAD_GATEWAY, By::Upstream, At::Answer, "The answer is in a content coding that cannot be undone and was withheld."),
            Self::Upgrade => ("upgrade", S::BAD_GATEWAY, By::Upstream, At::Answer, "The upstream tried to open a tunnel, which was refused."),
            Self::UpstreamClosed => ("upstream-closed", S::BAD_GATEWAY, By::Upstream, At::Upstream, "The upstream closed the connection before it answered."),
            Self::UpstreamProtocol => ("upstream-protocol", S::BAD_GATEWAY, By::Upstream, At::Upstream, "The upstream's answer is not well-formed HTTP."),
            Self::UpstreamTimeout => ("upstream-timeout", S::GATEWAY_TIMEOUT, By::Upstream, At::Upstream, "The upstream did not answer in time."),
            Self::UpstreamTls => ("upstream-tls", S::BAD_GATEWAY, By::Upstream, At::Upstream, "The upstream could not be reached in a way that can be trusted."),
            Self::UpstreamUnreachable => ("upstream-unreachable", S::BAD_GATEWAY, By::Upstream, At::Upstream, "The upstream could not be reached."),
        }
    }
}

impl fmt::Display for Reason {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str(self.as_str())
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn reasons_stand_in_the_order_of_their_numbers_and_codes() {
        assert!(Reason::ALL.iter().enumerate().all(|(number, reason)| *reason as usize == number));
        assert!(Reason::ALL.map(Reason::as_str).is_sorted_by(|one, next| one < next));
    }
}
