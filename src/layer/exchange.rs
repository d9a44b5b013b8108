//! One request on a masked route: what goes upstream, and what is remembered of it to judge the answer.

use super::headers::{cut_request, folded_name};
use super::lookup::OnRoute;
use super::rule::MaskRule;
use crate::codec::AcceptEncoding;
use crate::mask::Rules;
use http::header::{ACCEPT_ENCODING, CONNECTION, UPGRADE};
use http::{HeaderMap, HeaderValue, Method, Request, StatusCode};
use std::sync::Arc;

/// What is remembered of a request on a masked route.
#[derive(Clone, Debug)]
pub(super) struct Exchange {
    pub(super) route: Arc<str>,
    pub(super) rule: Arc<MaskRule>,
    pub(super) method: Method,
    pub(super) accept_encoding: AcceptEncoding,
    may_reveal: bool,
}

impl Exchange {
    /// Reads a request and takes out of it what may not go upstream on a masked route.
    pub(super) fn begin<B>(on: OnRoute, request: &mut Request<B>) -> Self {
        let exchange = Self::observe(on, request);
        let headers = request.headers_mut();
        cut_request(headers);
        cut_connection(headers);
        // Said even where the client said nothing: without the field an upstream may choose any coding.
        match HeaderValue::try_from(exchange.accept_encoding.for_upstream()) {
            Ok(codings) => headers.insert(ACCEPT_ENCODING, codings),
            Err(_) => headers.insert(ACCEPT_ENCODING, HeaderValue::from_static("identity")),
        };
        exchange
    }

    /// Reads a request, which stays as it came.
    pub(super) fn observe<B>(OnRoute { name: route, rule, .. }: OnRoute, request: &Request<B>) -> Self {
        let headers = request.headers();
        let may_reveal = rule.may_reveal(request.method()) && !overrides_method(headers, request.uri().query());
        let accept_encoding = AcceptEncoding::parse(headers.get_all(ACCEPT_ENCODING).iter().map(HeaderValue::as_bytes));
        Self { route, rule, method: request.method().clone(), accept_encoding, may_reveal }
    }

    /// Whether an answer with this status may show a secret.
    pub(super) fn reveals(&self, status: StatusCode) -> bool {
        self.may_reveal && status.is_success()
    }

    /// The engine's rules for an answer with this status.
    pub(super) fn rules(&self, status: StatusCode) -> Arc<Rules> {
        Arc::clone(if self.reveals(status) { &self.rule.revealing } else { &self.rule.masking })
    }
}

/// Takes `upgrade` out of the options of `Connection`.
fn cut_connection(headers: &mut HeaderMap) {
    let names_upgrade = |value: &HeaderValue| {
        value.as_bytes().split(|&byte| byte == b',').any(|option| option.trim_ascii().eq_ignore_ascii_case(b"upgrade"))
    };
    if headers.get_all(CONNECTION).iter().any(names_upgrade) {
        let kept: Vec<Vec<u8>> = headers
            .get_all(CONNECTION)
            .iter()
            .flat_map(|value| value.as_bytes().split(|&byte| byte == b','))
            .map(<[u8]>::trim_ascii)
            .filter(|option| !option.eq_ignore_ascii_case(UPGRADE.as_str().as_bytes()) && !option.is_empty())
            .map(<[u8]>::to_vec)
            .collect();
        headers.remove(CONNECTION);
        if let Some(value) = HeaderValue::from_bytes(&kept.join(&b", "[..])).ok().filter(|_| !kept.is_empty()) {
            headers.insert(CONNECTION, value);
        }
    }
}

/// Whether some server could take a request for one with another method, by its header fields or its query. Such a request
/// never reveals.
pub fn overrides_method(headers: &HeaderMap, query: Option<&str>) -> bool {
    let by_header = headers.keys().any(|name| {
        matches!(
            folded_name(name).as_str(),
            "x-http-method-override" | "x-http-method" | "x-method-override" | "x-method"
        )
    });
    by_header || query.is_some_and(query_overrides_method)
}

/// Whether a parameter of the query is named `_method`, however it is spelt.
fn query_overrides_method(query: &str) -> bool {
    query.split(['&', ';', '?']).any(|parameter| {
        let name = parameter.split(['=', '[']).next().unwrap_or_default();
        decoded(name).trim_ascii().eq_ignore_ascii_case(b"_method")
    })
}

fn decoded(text: &str) -> Vec<u8> {
    let hex = |digit: u8| char::from(digit).to_digit(16);
    let mut decoded = Vec::with_capacity(text.len());
    let mut rest = text.as_bytes();
    while let [first, after @ ..] = rest {
        rest = after;
        let escape = match *after {
            [high, low, ..] if *first == b'%' => hex(high).zip(hex(low)),
            _ => None,
        };
        match escape.and_then(|(high, low)| u8::try_from(high << 4 | low).ok()) {
            Some(byte) => {
                decoded.push(byte);
                rest = after.get(2..).unwrap_or_default();
            }
            None => decoded.push(if *first == b'+' { b' ' } else { *first }),
        }
    }
    decoded
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_method_override_is_seen_in_headers_and_query() {
        for query in
            ["?_method=GET", "?a=1&_METHOD=get", "?%5fmethod=GET", "?a;_method=GET", "?_method[]=GET", "?+_method=x"]
        {
            assert!(overrides_method(&HeaderMap::new(), Some(&query[1..])), "{query}");
        }
        assert!(!overrides_method(&HeaderMap::new(), Some("method=_method")));
        for name in ["x-http-method-override", "x_http_method_override", "x-http_method", "x-method-override"] {
            let mut headers = HeaderMap::new();
            headers.insert(http::HeaderName::from_static(name), HeaderValue::from_static("GET"));
            assert!(overrides_method(&headers, None), "{name}");
        }
    }

    #[test]
    fn only_upgrade_leaves_the_connection_options() {
        let mut headers = HeaderMap::new();
        headers.append(CONNECTION, HeaderValue::from_static("keep-alive, Upgrade"));
        headers.append(CONNECTION, HeaderValue::from_static("HTTP2-Settings"));
        cut_connection(&mut headers);
        assert_eq!(headers.get_all(CONNECTION).iter().collect::<Vec<_>>(), ["keep-alive, HTTP2-Settings"]);
    }
}
