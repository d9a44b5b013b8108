//! Finds a masked value in the body of a request. A client sends one back that saves what it was
//! shown, and the API would store the mask in place of the secret.

use crate::header::list_items;
use crate::layer::rule::MaskRule;
use crate::layer::target_guard::decode_parameter;
use crate::mask::{Discard, Masker, Program};
use http::HeaderMap;
use http::header::CONTENT_TYPE;
use std::sync::Arc;

/// Whether a request with this body is refused on a route with this rule, because the body holds a
/// masked value. For tools that explain what happens to a request.
pub fn body_holds_masked_value(rule: &MaskRule, headers: &HeaderMap, body: &[u8]) -> bool {
    rule.guarding().is_some_and(|program| {
        let mut detector = WriteBackDetector::new(Arc::clone(program), headers);
        detector.read(body) || detector.finish()
    })
}

/// The most bytes of a parameter's name that are read. Longer names are not selected.
const MAX_NAME: usize = 4096;

/// The most bytes that spell one character of a form: four times `%XX`, or two times `%uXXXX`.
const MAX_FORM_SPELLING: usize = 12;

/// Reads a body chunk by chunk. A body is read as JSON if it starts like JSON, whatever its media
/// type, and as a form if its media type is a form's. Any other body passes, and so does the rest
/// of a body after a fault: this protects the API's data, so it fails open.
pub(super) enum WriteBackDetector {
    /// Only white space was read so far.
    Unknown {
        program: Arc<Program>,
        is_form: bool,
    },
    Json(Box<Masker>),
    Form(Box<FormReader>),
    /// Nothing can be found any more.
    Done,
}

impl WriteBackDetector {
    /// Creates a detector of the values that `program` masks.
    pub(super) fn new(program: Arc<Program>, headers: &HeaderMap) -> Self {
        Self::Unknown { program, is_form: declares_form(headers) }
    }

    /// Reads a chunk, and returns whether a masked value ends in it.
    pub(super) fn read(&mut self, chunk: &[u8]) -> bool {
        if let Self::Unknown { program, is_form } = self {
            let Some(first) = chunk.trim_ascii_start().first() else { return false };
            *self = match first {
                // The last is the first byte of a byte order mark.
                b'{' | b'[' | 0xef => Self::Json(Box::new(Masker::new(Arc::clone(program)))),
                _ if *is_form => Self::Form(Box::new(FormReader::new(Arc::clone(program)))),
                _ => Self::Done,
            };
        }
        match self {
            Self::Json(masker) => {
                let is_over = masker.write(chunk, &mut Discard).is_err();
                let found = masker.summary().came_masked > 0;
                if is_over {
                    *self = Self::Done;
                }
                found
            }
            Self::Form(form) => form.read(chunk),
            Self::Unknown { .. } | Self::Done => false,
        }
    }

    /// Ends the body, and returns whether its last value is a masked value.
    pub(super) fn finish(&mut self) -> bool {
        match std::mem::replace(self, Self::Done) {
            // The program learns from a whole text. Its last value has ended before.
            Self::Json(mut masker) => masker.finish().is_ok_and(|summary| summary.came_masked > 0),
            Self::Form(mut form) => form.end_parameter(),
            Self::Unknown { .. } | Self::Done => false,
        }
    }

    /// Whether a masked value can still be found.
    pub(super) fn is_reading(&self) -> bool {
        !matches!(self, Self::Done)
    }

    /// Whether the last byte read may be inside a masked value of a form. A server that takes the
    /// first part of a form for the whole would store a part of that value.
    pub(super) fn is_inside_value(&self) -> bool {
        matches!(self, Self::Form(form) if form.is_inside_value())
    }
}

/// Whether a body is declared as a form (`application/x-www-form-urlencoded`).
fn declares_form(headers: &HeaderMap) -> bool {
    let essence = |item: &[u8]| item.split(|&byte| byte == b';').next().map(<[u8]>::trim_ascii).map(<[u8]>::to_vec);
    let mut types = headers.get_all(CONTENT_TYPE).iter().flat_map(|value| list_items(value.as_bytes()));
    types.any(|item| essence(item).is_some_and(|it| it.eq_ignore_ascii_case(b"application/x-www-form-urlencoded")))
}

/// A form, parameter by parameter, in constant memory.
pub(super) struct FormReader {
    program: Arc<Program>,
    name: Vec<u8>,
    /// `None` before the equals sign.
    value: Option<Vec<u8>>,
    /// The most bytes of a value that can be a masked value.
    max_value: usize,
    /// Whether the name or the value is too long to be a masked value.
    is_too_long: bool,
}

impl FormReader {
    fn new(program: Arc<Program>) -> Self {
        let max_value = program.rules().policy.longest_masked() * MAX_FORM_SPELLING;
        Self { program, name: Vec::new(), value: None, max_value, is_too_long: false }
    }

    fn read(&mut self, chunk: &[u8]) -> bool {
        chunk.iter().any(|&byte| match (byte, &mut self.value) {
            (b'&', _) => self.end_parameter(),
            (b'=', None) => {
                self.value = Some(Vec::new());
                false
            }
            (_, text) => {
                let (text, most) = match text {
                    Some(value) => (value, self.max_value),
                    None => (&mut self.name, MAX_NAME),
                };
                if text.len() < most {
                    text.push(byte);
                } else {
                    self.is_too_long = true;
                }
                false
            }
        })
    }

    fn is_inside_value(&self) -> bool {
        self.value.is_some() && !self.is_too_long
    }

    /// Ends a parameter, and returns whether its value is a masked value in a selected field.
    fn end_parameter(&mut self) -> bool {
        let (name, value) = (std::mem::take(&mut self.name), self.value.take());
        if std::mem::take(&mut self.is_too_long) {
            return false;
        }
        let rules = self.program.rules();
        value.and_then(|value| String::from_utf8(decode_parameter(&value)).ok()).is_some_and(|value| {
            rules.policy.is_masked(&value) && selects(self.program.as_ref(), &decode_parameter(&name))
        })
    }
}

/// Whether a parameter is a selected field, by the readings that servers have of its name: as it
/// is, and as a path (`user[keys][0][token]` in PHP, Rails and qs, `user.keys[0].token` in Spring
/// and ASP.NET).
fn selects(program: &Program, name: &[u8]) -> bool {
    let is_separator = |byte: &u8| matches!(byte, b'[' | b']' | b'.');
    let steps = name.split(is_separator).filter(|step| !step.is_empty());
    let rules = program.rules();
    rules.selects(std::iter::once(name)) || rules.selects(steps)
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::mask::{Rules, Selectors};
    use http::HeaderValue;

    const FORM: &str = "application/x-www-form-urlencoded";

    /// Reads a body whole, and split in two at every byte.
    fn finds(fields: &[&str], media_type: &str, body: &str) -> bool {
        let program: Arc<Program> = Rules::new(Selectors::compile(fields, false).unwrap()).with_ndjson(true).into();
        let mut headers = HeaderMap::new();
        headers.insert(CONTENT_TYPE, HeaderValue::from_str(media_type).unwrap());
        let read = |cut: usize| {
            let mut detector = WriteBackDetector::new(Arc::clone(&program), &headers);
            let (one, two) = body.as_bytes().split_at(cut);
            detector.read(one) || detector.read(two) || detector.finish()
        };
        let whole = read(0);
        assert!((0..=body.len()).all(|cut| read(cut) == whole), "{body}");
        whole
    }

    #[test]
    fn a_masked_value_is_found_in_json_of_any_media_type() {
        for body in [
            r#"{"token":"app-8...cY5d"}"#,
            r#"{"token":"***"}"#,
            r#" {"a":[{"\u0074oken":"app-8\u002e..cY5d"}]}"#,
            r#"{"token":["x",{"y":"app-8...cY5d"}]}"#,
            "\u{feff}{\"token\":\"***\"}",
            "{\"token\":\"a new one, of its own\"}\n{\"token\":\"***\"}",
        ] {
            for media_type in ["application/json", "text/plain", FORM] {
                assert!(finds(&["token"], media_type, body), "{body}");
            }
        }
    }

    #[test]
    fn a_masked_value_is_found_in_a_form_however_it_is_spelt() {
        for body in [
            "token=app-8...cY5d", "a=1&token=app-8...cY5d&b=2", "token=app%2D8%2e..cY5d",
            "token=app-8%u002e%u002E%u002ecY5d", "%74oken=***", "user[token]=***", "user%5Btoken%5D=***",
            "keys[0].token=***", "token[]=***",
        ] {
            assert!(finds(&["token"], FORM, body), "{body}");
            assert!(!finds(&["token"], "text/plain", body), "{body}");
        }
        assert!(finds(&["$.data[*].token"], FORM, "data[0][token]=***"));
        assert!(!finds(&["$.data[*].token"], FORM, "token=***"));
    }

    #[test]
    fn what_is_no_masked_value_passes() {
        for body in [
            "", "   ", "token", "token=", "token=&a=***", "token=app-8...cY5d.", "token=app-8fK2mQ7vXz31LtPq0RbNcY5d",
            "tokens=***", "note=a;token=***", r#"{"token":""}"#, r#"{"token":"v1.2.3"}"#, r#"{"note":"app-8...cY5d"}"#,
            r#"{"token":"app-8...cY5d and more"}"#, r#"{"token":null,"a":"***"}"#, "<token>***</token>",
        ] {
            assert!(!finds(&["token"], FORM, body), "{body}");
        }
    }
}
