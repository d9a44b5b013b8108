//! The access log: one line for each request, written when the request has ended.
//!
//! A request may hold secrets, so the line holds almost nothing of it: no query, no body, and of
//! the header fields only the trace id of a well-formed `traceparent`. On a route, `path` is the
//! template of the route. Off the routes the path is left out, because an id in it may be all that
//! one needs to use a link. The operator can turn these paths on
//! ([`Settings::log_paths`](crate::proxy::Settings::log_paths)).

use crate::excerpt::Excerpt;
use crate::proxy::peer::Peer;
use http::{HeaderMap, Method, Request, Version};
use std::fmt;
use tracing::Level;

/// The `tracing` target of the lines of the access log, for filters.
pub const ACCESS_LOG: &str = "last4::access";

/// Most bytes of a method that are logged. No registered method is longer.
const MAX_METHOD: usize = 24;

/// The facts about a request that its log line needs.
pub(crate) struct AccessEntry {
    pub(crate) method: Method,
    pub(crate) version: &'static str,
    pub(crate) client: String,
    pub(crate) trace: Option<Trace>,
    /// The path. `None` unless the operator has turned paths on.
    pub(crate) path: Option<String>,
}

impl AccessEntry {
    /// Returns the entry of a request, or `None` if no lines are written.
    pub(crate) fn begin<B>(request: &Request<B>, peer: &Peer, log_paths: bool) -> Option<Box<Self>> {
        // If no line is written, this check is all that the log costs a request.
        tracing::enabled!(target: ACCESS_LOG, Level::INFO).then(|| {
            Box::new(Self {
                method: request.method().clone(),
                version: version(request.version()),
                client: peer.address().to_owned(),
                trace: trace(request.headers()),
                path: log_paths.then(|| Excerpt(request.uri().path()).to_string()),
            })
        })
    }

    /// Returns the method, cut to [`MAX_METHOD`] bytes.
    pub(crate) fn method(&self) -> &str {
        let method = self.method.as_str();
        method.get(..MAX_METHOD).unwrap_or(method)
    }
}

impl fmt::Debug for AccessEntry {
    /// Shows nothing of the request.
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str("AccessEntry")
    }
}

fn version(version: Version) -> &'static str {
    match version {
        Version::HTTP_09 => "0.9",
        Version::HTTP_10 => "1.0",
        Version::HTTP_11 => "1.1",
        Version::HTTP_2 => "2",
        _ => "3",
    }
}

/// The client's trace, and the span in it that sent the request.
pub(crate) struct Trace {
    pub(crate) id: String,
    pub(crate) parent: String,
    pub(crate) sampled: bool,
}

/// Parses `traceparent` (W3C Trace Context 3.2). Returns `None` unless there is exactly one and it
/// is well-formed: any other value could hold a secret.
fn trace(headers: &HeaderMap) -> Option<Trace> {
    let mut values = headers.get_all("traceparent").iter();
    let (value, None) = (values.next()?.to_str().ok()?, values.next()) else { return None };
    let mut parts = value.split('-');
    let [version, trace, parent, flags] = [parts.next()?, parts.next()?, parts.next()?, parts.next()?];
    let is_hex =
        |text: &str, length| text.len() == length && text.bytes().all(|byte| matches!(byte, b'0'..=b'9' | b'a'..=b'f'));
    let is_id = |text: &str, length| is_hex(text, length) && text.bytes().any(|byte| byte != b'0');
    // A later version may have more parts; version 00 has these four.
    let ends = parts.next().is_none() || version != "00";
    let known = is_hex(version, 2) && version != "ff" && is_hex(flags, 2) && ends;
    (known && is_id(trace, 32) && is_id(parent, 16)).then(|| Trace {
        id: trace.to_owned(),
        parent: parent.to_owned(),
        // The lowest bit of the flags: the last hex digit is odd.
        sampled: flags.ends_with(['1', '3', '5', '7', '9', 'b', 'd', 'f']),
    })
}

#[cfg(test)]
mod tests {
    use super::*;
    use http::HeaderValue;

    const TRACE: &str = "4bf92f3577b34da6a3ce929d0e0e4736";

    fn of(values: &[&str]) -> Option<String> {
        let mut headers = HeaderMap::new();
        for value in values {
            headers.append("traceparent", HeaderValue::from_str(value).unwrap());
        }
        trace(&headers).map(|trace| trace.id)
    }

    #[test]
    fn only_a_well_formed_trace_id_is_taken() {
        assert_eq!(of(&[&format!("00-{TRACE}-00f067aa0ba902b7-01")]).as_deref(), Some(TRACE));
        assert_eq!(of(&[&format!("01-{TRACE}-00f067aa0ba902b7-01-more")]).as_deref(), Some(TRACE));
        let zeros = "0".repeat(32);
        for value in [
            &format!("00-{TRACE}-00f067aa0ba902b7-01-more"),
            &format!("ff-{TRACE}-00f067aa0ba902b7-01"),
            &format!("00-{}-00f067aa0ba902b7-01", TRACE.to_uppercase()),
            &format!("00-{zeros}-00f067aa0ba902b7-01"),
            &format!("00-{TRACE}-0000000000000000-01"),
            &format!("00-{TRACE}-00f067aa0ba902b7"),
            "app-8fK2mQ7vXz31LtPq0RbNcY5d",
            "",
        ] {
            assert_eq!(of(&[value]), None, "{value}");
        }
        let twice = format!("00-{TRACE}-00f067aa0ba902b7-01");
        assert_eq!(of(&[&twice, &twice]), None);
    }
}
