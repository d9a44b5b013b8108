//! Finds a method override in the body of a request: a parameter of a form, a part of a multipart
//! form, or a member of a JSON object.

use super::parameter_name::{ParameterName, ParameterSource};
use crate::mask::{Discard, Masker, Program, Rules, Selectors};
use std::sync::{Arc, LazyLock};

/// Members of the top-level object that override the method: `_method` (Parse Server, Laravel,
/// Rails), and names of header fields and parameters, which some API may read there.
static MEMBERS: LazyLock<Option<Arc<Program>>> = LazyLock::new(|| {
    let names = [
        "_method", "_httpMethod", "_http_method", "_method_override", "http_method_override", "method_override",
        "x-http-method", "x-http-method-override", "x-method-override", "x-tunneled-method",
    ];
    let paths = names.map(|name| format!("$['{name}']"));
    Selectors::compile(paths, true).ok().map(|members| Rules::new(members).into())
});

/// Whether some server could read another method from the body of a request. For tools that explain
/// what happens to a request.
pub fn body_overrides_method(body: &[u8]) -> bool {
    let mut detector = OverrideDetector::new(false);
    detector.read(body);
    detector.overrides_at_end()
}

/// Reads a body chunk by chunk. It does not trust the media type: servers also parse JSON that is
/// declared as text.
pub(super) struct OverrideDetector {
    json: Json,
    form: Form,
    /// `None` if the body is not a multipart form.
    parts: Option<Parts>,
    found: bool,
}

impl OverrideDetector {
    pub(super) fn new(is_multipart: bool) -> Self {
        Self {
            json: Json::Unknown,
            form: Form { name: ParameterName::new(ParameterSource::Body), in_value: false },
            parts: is_multipart.then_some(Parts::Searching { seen: 0 }),
            found: false,
        }
    }

    pub(super) fn read(&mut self, chunk: &[u8]) {
        self.found = self.found
            || self.json.read(chunk)
            || self.form.read(chunk)
            || self.parts.as_mut().is_some_and(|parts| parts.read(chunk));
    }

    /// Ends the body, and returns whether it may override the method.
    pub(super) fn overrides_at_end(&mut self) -> bool {
        self.found = self.found
            || self.json.overrides_at_end()
            || self.form.ends_name()
            || self.parts.as_mut().is_some_and(Parts::ends_name);
        self.found
    }
}

/// The body as JSON.
enum Json {
    /// Only white space was read so far.
    Unknown,
    Reading(Box<Masker>),
    /// The body starts like a form, a text or markup, so it holds no JSON object.
    Not,
}

impl Json {
    /// Returns whether an override was found, or the body cannot be read and may hold one.
    fn read(&mut self, chunk: &[u8]) -> bool {
        if matches!(self, Self::Unknown) {
            let Some(first) = chunk.trim_ascii_start().first() else { return false };
            *self = match (&*MEMBERS, first) {
                (Some(program), b'{' | b'[' | 0xef) => Self::Reading(Box::new(Masker::new(Arc::clone(program)))),
                (_, first) if first.is_ascii_alphanumeric() || b"%+-_.*&;=\"<".contains(first) => Self::Not,
                // A comment, white space that JSON does not have, another encoding, compressed or
                // binary data.
                _ => return true,
            };
        }
        let Self::Reading(masker) = self else { return false };
        masker.write(chunk, &mut Discard).is_err() || Self::selected(masker)
    }

    fn overrides_at_end(&mut self) -> bool {
        let Self::Reading(masker) = self else { return false };
        masker.finish().is_err() || Self::selected(masker)
    }

    fn selected(masker: &Masker) -> bool {
        let summary = masker.summary();
        summary.masked + summary.unchanged > 0
    }
}

/// The body as a form (`application/x-www-form-urlencoded`).
struct Form {
    name: ParameterName,
    in_value: bool,
}

impl Form {
    fn read(&mut self, chunk: &[u8]) -> bool {
        chunk.iter().any(|&byte| match byte {
            b'&' | b';' | b'\n' => self.ends_name(),
            _ if self.in_value => false,
            b'=' => {
                self.in_value = true;
                self.name.end()
            }
            _ => {
                self.name.push(byte);
                false
            }
        })
    }

    /// Ends a parameter, and returns whether it is an override. It may have no value.
    fn ends_name(&mut self) -> bool {
        self.in_value = false;
        self.name.end()
    }
}

/// The body as a multipart form: reads the text after each `name=` (RFC 7578 4.2) or `name*=`
/// (RFC 5987).
enum Parts {
    /// The first `seen` bytes of `name` were read.
    Searching {
        seen: usize,
    },
    /// All of `name` was read, and an asterisk if `starred`.
    Equals {
        starred: bool,
    },
    Name(ParameterName),
}

const NAME: &[u8] = b"name";

impl Parts {
    fn read(&mut self, chunk: &[u8]) -> bool {
        chunk.iter().any(|&byte| self.take(byte))
    }

    fn take(&mut self, byte: u8) -> bool {
        match (&mut *self, byte) {
            // A quote ends a name, a charset, or nothing.
            (Self::Name(name), b'"' | b'\'') => return name.end(),
            (Self::Name(_), b';' | b'\r' | b'\n') => return self.ends_name(),
            (Self::Name(name), _) => name.push(byte),
            (Self::Equals { .. }, b'=') => *self = Self::Name(ParameterName::new(ParameterSource::Body)),
            (Self::Equals { .. }, b' ' | b'\t') => {}
            (Self::Equals { starred }, b'*') => *starred = true,
            // Some parsers join `name*0="_met"; name*1="hod"` (RFC 2231 3).
            (Self::Equals { starred: true }, b'0'..=b'9') => return true,
            (Self::Searching { seen }, _) if NAME.get(*seen) == Some(&byte.to_ascii_lowercase()) => {
                *seen += 1;
                if *seen == NAME.len() {
                    *self = Self::Equals { starred: false };
                }
            }
            (Self::Searching { .. } | Self::Equals { .. }, _) => *self = Self::from_start(byte),
        }
        false
    }

    /// Ends a name, if there is one, and returns whether it is an override.
    fn ends_name(&mut self) -> bool {
        match std::mem::replace(self, Self::Searching { seen: 0 }) {
            Self::Name(mut name) => name.end(),
            Self::Searching { .. } | Self::Equals { .. } => false,
        }
    }

    fn from_start(byte: u8) -> Self {
        Self::Searching { seen: usize::from(NAME.first() == Some(&byte.to_ascii_lowercase())) }
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    /// Reads a body whole, and split in two at every byte.
    fn overrides(body: &[u8], is_multipart: bool) -> bool {
        let read = |cut: usize| {
            let mut detector = OverrideDetector::new(is_multipart);
            let (one, two) = body.split_at(cut);
            [one, two].into_iter().for_each(|piece| detector.read(piece));
            detector.overrides_at_end()
        };
        let whole = read(0);
        assert!((0..=body.len()).all(|cut| read(cut) == whole), "{}", body.escape_ascii());
        whole
    }

    #[test]
    fn an_override_is_found_in_a_form_or_in_json() {
        for body in [
            "_method=GET",
            "a=1&_method=GET&b=2",
            "a=1&%5Fmethod=GET",
            ".method=GET",
            "a=1;+_method",
            "_method[]=GET",
            "x-http-method-override=GET",
            "_HttpMethod=GET",
            "a=1&http_method_override=GET",
            r#"{"_method":"GET"}"#,
            r#" {"a":[{"b":1}],"\u005fmethod":"GET"}"#,
            r#"{"_METHOD":"GET"}"#,
            "\u{feff}{\"_method\":\"GET\"}",
            r#"{"X-HTTP-Method-Override":"GET"}"#,
            // Some parsers accept these although they are not JSON.
            r#"{_method:"GET"}"#,
            r#"{"a":1} // {"_method":"GET"}"#,
            r#"{"a":1"#,
            "{\0\"\0_\0",
            "\0{\0\"\0_",
        ] {
            assert!(overrides(body.as_bytes(), false), "{body}");
        }
    }

    #[test]
    fn an_override_is_found_in_a_multipart_form() {
        let form =
            |name: &str| format!("--x\r\nContent-Disposition: form-data; {name}\r\n\r\nGET\r\n--x--\r\n").into_bytes();
        for name in [
            "name=\"_method\"", "NAME=_method", "name='_method'", "name = \"_method\"", "name*=utf-8''_method",
            "name*=utf-8''%5Fmethod", "name*0=\"_met\"; name*1=\"hod\"", "nname=\".method\"", "name=\"_method[]\"",
        ] {
            assert!(overrides(&form(name), true), "{name}");
        }
        for name in ["name=\"method\"", "name=\"file\"; filename=\"_a\""] {
            assert!(!overrides(&form(name), true), "{name}");
        }
    }

    #[test]
    fn nothing_put_before_a_name_hides_it() {
        for name in [
            format!("{}_method", "+".repeat(2000)),
            format!("{}_method", "%20".repeat(700)),
            format!("{}.method", ".".repeat(2000)),
            format!("_method{}", "%00x".repeat(300)),
            format!("_method[{}]", "x".repeat(2000)),
        ] {
            let mut detector = OverrideDetector::new(false);
            detector.read(format!("a=1&{name}=GET").as_bytes());
            assert!(detector.overrides_at_end(), "{name}");
            let mut detector = OverrideDetector::new(true);
            detector.read(format!("--x\r\nContent-Disposition: form-data; name=\"{name}\"\r\n\r\nGET").as_bytes());
            assert!(detector.overrides_at_end(), "{name}");
        }
    }

    #[test]
    fn what_no_reader_of_forms_or_json_begins_with_cannot_be_read() {
        for body in [
            &b"/* */{\"_method\":\"GET\"}"[..],
            b"\xc2\xa0{\"_method\":\"GET\"}",
            b"\x0b{}",
            b"\x1f\x8b\x08",
            b"\x81\xa7_method",
        ] {
            assert!(overrides(body, false), "{}", body.escape_ascii());
        }
    }

    #[test]
    fn an_ordinary_body_overrides_nothing() {
        for body in [
            "",
            "  ",
            "name=_method&method=GET&http_method=POST",
            r#"{"name":"_method","method":"POST"}"#,
            r#"{"a":{"_method":"GET"},"b":[{"_method":"GET"}]}"#,
            "[]",
            "<xml>_method</xml>",
            "PNG\0\0",
        ] {
            assert!(!overrides(body.as_bytes(), false), "{body}");
        }
    }
}
