//! Finds a method override in the body of a request: a parameter of a form, a part of a multipart form, or a member of a JSON object.

use super::method_override::{body_name_overrides, form_name_overrides};
use crate::mask::{Masker, Rules, Selectors, Sink};
use std::sync::{Arc, LazyLock};

/// Most bytes that are kept of the name of a parameter or part. No override has a longer one, however it is escaped.
const MAX_NAME: usize = 512;

/// Members of the top-level object that override: `_method` (Parse Server, Laravel, Rails), and the names of fields and parameters that
/// some API may take there.
static MEMBERS: LazyLock<Option<Arc<Rules>>> = LazyLock::new(|| {
    let names = [
        "_method",
        "_httpMethod",
        "_http_method",
        "_method_override",
        "http_method_override",
        "method_override",
        "x-http-method",
        "x-http-method-override",
        "x-method-override",
        "x-tunneled-method",
    ];
    let paths = names.map(|name| format!("$['{name}']"));
    Selectors::compile(paths, true).ok().map(|members| Arc::new(Rules::new(members)))
});

/// Reads a body chunk by chunk. It does not trust what the body is called: servers parse JSON that is called text, too.
pub(super) struct OverrideDetector {
    json: Json,
    form: Form,
    /// `None` where the body is no multipart form.
    parts: Option<Parts>,
    found: bool,
}

impl OverrideDetector {
    pub(super) fn new(is_multipart: bool) -> Self {
        Self { json: Json::Unknown, form: Form::default(), parts: is_multipart.then(Parts::default), found: false }
    }

    pub(super) fn read(&mut self, chunk: &[u8]) {
        self.found = self.found
            || self.json.read(chunk)
            || self.form.read(chunk)
            || self.parts.as_mut().is_some_and(|parts| parts.read(chunk));
    }

    /// Whether the body, which ends here, may override the method.
    pub(super) fn overrides_at_end(&mut self) -> bool {
        self.found = self.found || self.json.overrides_at_end() || self.form.ends_name();
        self.found
    }
}

/// The body as JSON.
enum Json {
    /// Only white space was read.
    Unknown,
    Reading(Box<Masker>),
    /// It begins with no bracket, so that no member of an object can be found in it.
    Not,
}

impl Json {
    /// Whether an override was found, or what begins like JSON cannot be read: then nobody knows what is in it.
    fn read(&mut self, chunk: &[u8]) -> bool {
        if matches!(self, Self::Unknown) {
            let Some(first) = chunk.trim_ascii_start().first() else { return false };
            *self = match (&*MEMBERS, first) {
                // Byte order marks and a NUL begin JSON in other encodings, which cannot be read.
                (Some(rules), b'{' | b'[' | 0xef | 0xfe | 0xff | 0) => {
                    Self::Reading(Box::new(Masker::new(Arc::clone(rules))))
                }
                (None, _) => return true,
                _ => Self::Not,
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

struct Discard;

impl Sink for Discard {
    fn verbatim(&mut self, _: &[u8]) {}

    fn replacement(&mut self, _: &[u8]) {}
}

/// The body as a form (`application/x-www-form-urlencoded`): the name of the parameter that is being read.
#[derive(Default)]
struct Form {
    name: Vec<u8>,
    in_value: bool,
}

impl Form {
    fn read(&mut self, chunk: &[u8]) -> bool {
        chunk.iter().any(|&byte| match byte {
            b'&' | b';' | b'\n' => self.ends_name(),
            _ if self.in_value => false,
            b'=' => {
                self.in_value = true;
                form_name_overrides(&self.name)
            }
            _ => {
                if self.name.len() < MAX_NAME {
                    self.name.push(byte);
                }
                false
            }
        })
    }

    /// Whether the parameter that ends here overrides, which it may without a value.
    fn ends_name(&mut self) -> bool {
        let overrides = !self.in_value && form_name_overrides(&self.name);
        self.name.clear();
        self.in_value = false;
        overrides
    }
}

/// The body as a multipart form: what stands behind each `name=`.
#[derive(Default)]
struct Parts {
    /// How many bytes of `name=` were read.
    seen: usize,
    /// The name, while it is read.
    name: Option<Vec<u8>>,
}

const NAME: &[u8] = b"name=";

impl Parts {
    fn read(&mut self, chunk: &[u8]) -> bool {
        chunk.iter().any(|&byte| self.take(byte))
    }

    fn take(&mut self, byte: u8) -> bool {
        if let Some(name) = &mut self.name {
            let is_quote = matches!(byte, b'"' | b'\'');
            if is_quote && name.is_empty() {
                return false;
            }
            if is_quote || matches!(byte, b';' | b'\r' | b'\n') || name.len() == MAX_NAME {
                let overrides = body_name_overrides(name);
                self.name = None;
                return overrides;
            }
            name.push(byte);
            return false;
        }
        let byte = byte.to_ascii_lowercase();
        self.seen = match NAME.get(self.seen) {
            Some(&expected) if expected == byte => self.seen + 1,
            _ => usize::from(NAME.first() == Some(&byte)),
        };
        if self.seen == NAME.len() {
            (self.seen, self.name) = (0, Some(Vec::new()));
        }
        false
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    /// Reads a body whole, and in every two pieces.
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
            // What begins like JSON and is none may be read by somebody all the same.
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
        for name in ["name=\"_method\"", "NAME=_method", "name='_method'", "nname=\".method\"", "name=\"_method[]\""] {
            assert!(overrides(&form(name), true), "{name}");
        }
        for name in ["name=\"method\"", "name=\"file\"; filename=\"_a\""] {
            assert!(!overrides(&form(name), true), "{name}");
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
