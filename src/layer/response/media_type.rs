//! Reads `Content-Type`: whether a body is declared as JSON, and whether a client could read it as
//! anything but UTF-8.

use http::HeaderMap;
use http::header::CONTENT_TYPE;

/// The media type of an answer. If there are several fields, the strictest reading of any counts.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(super) enum MediaType {
    /// JSON, in UTF-8.
    Json,
    /// More than one document: `multipart/*`, or a stream of events.
    NeverJson,
    /// Text in another charset than UTF-8.
    OtherCharset,
    /// Another type or none: the body itself decides.
    Unknown,
}

impl MediaType {
    pub(super) fn of(headers: &HeaderMap) -> Self {
        let mut json = false;
        for value in headers.get_all(CONTENT_TYPE) {
            if value == "application/json" {
                json = true;
                continue;
            }
            let text = String::from_utf8_lossy(value.as_bytes()).to_ascii_lowercase();
            if text.contains("multipart/") || text.contains("text/event-stream") {
                return Self::NeverJson;
            }
            // One field may list several types. This does not use `list_items`, because text after
            // a comma inside a parameter must not be dropped.
            for (place, one) in text.split(',').enumerate() {
                let mut parts = one.split(';').map(str::trim);
                let essence = parts.next().unwrap_or_default();
                // Text after a comma that is not a type is the rest of a parameter.
                let is_rest = place > 0 && !essence.contains('/') && text.contains("charset");
                if essence.contains("charset") || is_rest || parts.any(names_other_charset) {
                    return Self::OtherCharset;
                }
                json |= place == 0 && is_json(essence);
            }
        }
        if json { Self::Json } else { Self::Unknown }
    }
}

/// Whether a type is `application/json`, `text/json`, or has the structured syntax suffix `+json`
/// (RFC 6839).
fn is_json(essence: &str) -> bool {
    matches!(essence, "application/json" | "text/json") || (essence.contains('/') && essence.ends_with("+json"))
}

/// Whether a parameter mentions a charset, unless it is the plain spelling of UTF-8 or of its
/// subset US-ASCII. Clients find a charset in many spellings: `charset*=` and `charset*0=` (RFC
/// 2231), and without the semicolon (browsers).
fn names_other_charset(parameter: &str) -> bool {
    let (name, value) = parameter.split_once('=').unwrap_or((parameter, ""));
    let value = value.trim().trim_matches(['"', '\'']);
    let is_plain = name.trim() == "charset" && matches!(value, "utf-8" | "utf8" | "us-ascii" | "ascii");
    parameter.contains("charset") && !is_plain
}

#[cfg(test)]
mod tests {
    use super::*;
    use http::HeaderValue;

    fn of(values: &[&str]) -> MediaType {
        let mut headers = HeaderMap::new();
        for value in values {
            headers.append(CONTENT_TYPE, HeaderValue::from_str(value).unwrap());
        }
        MediaType::of(&headers)
    }

    #[test]
    fn json_is_known_by_any_of_its_names() {
        for value in [
            "application/json", "Application/JSON; charset=UTF-8", "text/json;charset=\"utf-8\"",
            "application/hal+json",
        ] {
            assert_eq!(of(&[value]), MediaType::Json, "{value}");
        }
        for value in ["text/html", "application/jsonx", "+json", "image/png", "application/xml;note=+json"] {
            assert_eq!(of(&[value]), MediaType::Unknown, "{value}");
        }
        assert_eq!(of(&[]), MediaType::Unknown);
    }

    #[test]
    fn another_charset_is_seen_wherever_it_stands() {
        for value in [
            "application/json; charset=utf-16",
            "application/json;x=y; CHARSET = 'latin1'",
            "text/plain; charset",
            "application/json; charset*=us-ascii''utf-7",
            "application/json; charset*0=utf; charset*1=-7",
            "application/json; charset*0*=utf-8''ut; charset*1*=f-7",
            "application/json charset=utf-7",
            "application/json\tcharset=utf-7",
            "application/json charset=utf-8",
            "application/json; x=y charset=utf-7",
            "application/json; charset=\"utf-7",
            "application/json; charset=utf-8 charset=utf-7",
            "application/json; x=\"; charset=utf-8\"; charset=utf-7",
            "application/json, text/plain; charset=utf-7",
            "charset=utf-7",
            "application/json; charset=utf-8,utf-7",
            "application/json; charset=utf-8, utf-7",
            "application/json; charset=\"utf-8,utf-7\"",
        ] {
            assert_eq!(of(&[value]), MediaType::OtherCharset, "{value}");
        }
        assert_eq!(of(&["application/json", "application/json;charset=utf-7"]), MediaType::OtherCharset);
    }

    #[test]
    fn many_documents_in_one_are_never_json() {
        for value in [
            "multipart/mixed; boundary=x",
            "Text/Event-Stream",
            "application/json, text/event-stream",
            "application/json, multipart/x-mixed-replace;boundary=x",
        ] {
            assert_eq!(of(&[value]), MediaType::NeverJson, "{value}");
        }
    }
}
