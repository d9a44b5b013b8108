//! Method overrides in the header fields and the target of a request.

use super::parameter_name::{ParameterName, ParameterSource};
use crate::route::percent_decode;
use http::HeaderMap;

/// Returns whether some server could read another method from the header fields of a request, or
/// from the part of its target after the path. A request like that never reveals.
pub fn overrides_method(headers: &HeaderMap, target: &str) -> bool {
    headers.keys().any(|name| names_method(name.as_str())) || target_overrides_method(target.as_bytes())
}

/// Whether a field may carry a method, by its name: `X-HTTP-Method-Override`, `X-HTTP-Method`
/// (OData), `X-Method-Override`, `Http-Method-Override`, `X-Tunneled-Method` (Catalyst),
/// `X-RestLi-Method`, `X-Original-Method`, and similar names that we do not know.
fn names_method(name: &str) -> bool {
    // `Access-Control-Request-Method` is part of a browser's preflight request, not an override.
    name != "access-control-request-method" && (name.contains("method") || name.contains("verb"))
}

/// How often a target is decoded in search of separators. A target that is escaped more often
/// reveals nothing.
const MAX_DECODINGS: usize = 8;

/// Whether a parameter in a target has the name of an override. A server before the API may decode
/// the target, and then an escaped `?` or `&` separates parameters.
fn target_overrides_method(target: &[u8]) -> bool {
    let mut target = target.to_vec();
    for _ in 0..MAX_DECODINGS {
        // The first item is the path.
        if target.split(|byte| matches!(byte, b'?' | b'&' | b';')).skip(1).any(is_override) {
            return true;
        }
        match percent_decode(&target) {
            Some(again) => target = again,
            None => return false,
        }
    }
    true
}

fn is_override(parameter: &[u8]) -> bool {
    let mut name = ParameterName::new(ParameterSource::Query);
    parameter.iter().take_while(|&&byte| byte != b'=').for_each(|&byte| name.push(byte));
    name.end()
}

#[cfg(test)]
mod tests {
    use super::*;
    use http::{HeaderName, HeaderValue};

    #[test]
    fn an_override_in_the_query_is_seen_however_it_is_spelt() {
        for query in [
            "_method=GET", "a=1&_METHOD=get", "%5fmethod=GET", "a;_method=GET", "_method[]=GET", "_method%5b%5d=GET",
            "+_method=x", ".method=GET", "%2Emethod=GET", "[method=GET", "%5bmethod=GET", "_method%00=GET",
            "_method%00x=GET", "__method=GET", "method=GET", "_HttpMethod=GET", "_method_override=GET",
            "x-tunneled-method=GET", "X-HTTP-Method-Override=GET", "a?_method=GET", "_method",
        ] {
            assert!(overrides_method(&HeaderMap::new(), &format!("/a?{query}")), "{query}");
        }
        for query in ["name=_method", "methods=GET", "payment_method=card", "a[method]=GET", "page=1", ""] {
            assert!(!overrides_method(&HeaderMap::new(), &format!("/a?{query}")), "{query}");
        }
    }

    /// A server before the API may decode the path, and then the path has a query.
    #[test]
    fn an_override_behind_an_escaped_question_mark_is_seen() {
        for target in [
            "/a/b%3f_method=GET", "/a/b%3Fx=1%26_method=GET", "/a/b%253f_method=GET", "/a?x=1%26_method=GET",
            "/a;_method=GET",
        ] {
            assert!(overrides_method(&HeaderMap::new(), target), "{target}");
        }
        for target in ["/method", "/a/_method", "/a/%5fmethod", "/_method/b?x=1", "/a%2fmethod=x"] {
            assert!(!overrides_method(&HeaderMap::new(), target), "{target}");
        }
    }

    #[test]
    fn an_override_in_a_field_is_seen_however_it_is_spelt() {
        let overrides = |name: &'static str| {
            let mut headers = HeaderMap::new();
            headers.insert(HeaderName::from_static(name), HeaderValue::from_static("GET"));
            overrides_method(&headers, "/a")
        };
        for name in [
            "x-http-method-override", "x_http_method_override", "x.http.method.override", "x-http-method",
            "x-method-override", "http-method-override", "x-tunneled-method", "x-restli-method", "x-http-verb",
            "method",
        ] {
            assert!(overrides(name), "{name}");
        }
        for name in ["access-control-request-method", "accept", "x-request-id", "host"] {
            assert!(!overrides(name), "{name}");
        }
    }
}
