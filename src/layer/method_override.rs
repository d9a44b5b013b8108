//! Requests that some server could take for ones with another method.

use http::HeaderMap;

/// Whether some server could take a request for one with another method, by its header fields or its query. Such a request
/// never reveals.
pub fn overrides_method(headers: &HeaderMap, query: Option<&str>) -> bool {
    headers.keys().any(|name| names_method(name.as_str())) || query.is_some_and(query_overrides_method)
}

/// Whether a field's name speaks of a method: `X-HTTP-Method-Override`, `X-HTTP-Method` (OData), `X-Method-Override`,
/// `Http-Method-Override`, `X-Tunneled-Method` (Catalyst), `X-RestLi-Method`, `X-Original-Method`, and what else there may be.
fn names_method(name: &str) -> bool {
    // What a browser asks before it makes a request. It is no override.
    name != "access-control-request-method" && (name.contains("method") || name.contains("verb"))
}

/// Whether a parameter of a query is named for a method.
fn query_overrides_method(query: &str) -> bool {
    query.split(['&', ';', '?']).any(|parameter| {
        let name = parameter.split('=').next().unwrap_or_default();
        names_override(&decoded(name.as_bytes()), &PARAMETERS)
    })
}

/// Whether a parameter of a form overrides, by its name as it stands there.
pub(super) fn form_name_overrides(name: &[u8]) -> bool {
    body_name_overrides(&decoded(name))
}

/// Whether a parameter in a body overrides. There a `method` may be anything, a webhook's for example, unless its name begins as no
/// ordinary one does: `_method`, or what PHP reads as that.
pub(super) fn body_name_overrides(name: &[u8]) -> bool {
    let is_marked = name.first().is_some_and(|first| !first.is_ascii_alphanumeric());
    names_override(name, if is_marked { &PARAMETERS } else { &PLAIN_PARAMETERS })
}

/// Parameters of a query, by their letters and digits: `_method` (Rack, Symfony, Laravel, Express), `_METHOD` (Slim), `method`
/// (Restlet), `_HttpMethod` (Salesforce), `_method_override` (WAI), `x-tunneled-method` (Catalyst), and the fields above as
/// parameters.
const PARAMETERS: [&str; 12] = [
    "httpmethod",
    "httpmethodoverride",
    "httpverb",
    "method",
    "methodoverride",
    "overridemethod",
    "tunneledmethod",
    "verb",
    "xhttpmethod",
    "xhttpmethodoverride",
    "xmethodoverride",
    "xtunneledmethod",
];

/// Those that mean nothing else, whatever stands before them.
const PLAIN_PARAMETERS: [&str; 8] = [
    "httpmethodoverride",
    "methodoverride",
    "overridemethod",
    "tunneledmethod",
    "xhttpmethod",
    "xhttpmethodoverride",
    "xmethodoverride",
    "xtunneledmethod",
];

/// Whether a name is one of these, as PHP reads it (`.`, a space and `[` are `_`, a NUL ends it, and what stands in brackets is a
/// part of its value) and as anything more lenient would: only letters and digits count.
fn names_override(name: &[u8], known: &[&str]) -> bool {
    let up_to = |end: fn(&(usize, &u8)) -> bool| {
        let end = name.iter().enumerate().find(end).map_or(name.len(), |(at, _)| at);
        name.get(..end).unwrap_or_default()
    };
    let before_bracket = up_to(|&(at, &byte)| at > 0 && byte == b'[');
    let before_nul = up_to(|&(_, &byte)| byte == 0);
    [name, before_bracket, before_nul].iter().any(|name| {
        let kept = || name.iter().filter(|byte| byte.is_ascii_alphanumeric()).map(u8::to_ascii_lowercase);
        known.iter().any(|known| kept().eq(known.bytes()))
    })
}

fn decoded(text: &[u8]) -> Vec<u8> {
    let hex = |digit: u8| char::from(digit).to_digit(16);
    let mut decoded = Vec::with_capacity(text.len());
    let mut rest = text;
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
    use http::{HeaderName, HeaderValue};

    #[test]
    fn an_override_in_the_query_is_seen_however_it_is_spelt() {
        for query in [
            "_method=GET",
            "a=1&_METHOD=get",
            "%5fmethod=GET",
            "a;_method=GET",
            "_method[]=GET",
            "_method%5b%5d=GET",
            "+_method=x",
            ".method=GET",
            "%2Emethod=GET",
            "[method=GET",
            "%5bmethod=GET",
            "_method%00=GET",
            "_method%00x=GET",
            "__method=GET",
            "method=GET",
            "_HttpMethod=GET",
            "_method_override=GET",
            "x-tunneled-method=GET",
            "X-HTTP-Method-Override=GET",
            "a?_method=GET",
            "_method",
        ] {
            assert!(overrides_method(&HeaderMap::new(), Some(query)), "{query}");
        }
        for query in ["name=_method", "methods=GET", "payment_method=card", "a[method]=GET", "page=1", ""] {
            assert!(!overrides_method(&HeaderMap::new(), Some(query)), "{query}");
        }
    }

    #[test]
    fn an_override_in_a_field_is_seen_however_it_is_spelt() {
        let overrides = |name: &'static str| {
            let mut headers = HeaderMap::new();
            headers.insert(HeaderName::from_static(name), HeaderValue::from_static("GET"));
            overrides_method(&headers, None)
        };
        for name in [
            "x-http-method-override",
            "x_http_method_override",
            "x.http.method.override",
            "x-http-method",
            "x-method-override",
            "http-method-override",
            "x-tunneled-method",
            "x-restli-method",
            "x-http-verb",
            "method",
        ] {
            assert!(overrides(name), "{name}");
        }
        for name in ["access-control-request-method", "accept", "x-request-id", "host"] {
            assert!(!overrides(name), "{name}");
        }
    }
}
