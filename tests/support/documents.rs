//! The documents of `fixtures/documents.jsonl`.

use super::oracle::{Revealed, RuleSet};
use last4::mask::ErrorKind;
use serde_json::Value;

/// A text and what is to become of it.
pub(crate) struct Document {
    pub(crate) name: String,
    pub(crate) rules: RuleSet,
    pub(crate) text: Vec<u8>,
    pub(crate) expected: Result<Vec<u8>, ErrorKind>,
}

pub(crate) fn all() -> Vec<Document> {
    include_str!("../fixtures/documents.jsonl").lines().map(Document::read).collect()
}

impl Document {
    fn read(line: &str) -> Self {
        let fields: Value = serde_json::from_str(line).expect(line);
        let (mut name, mut rules, mut text, mut expected) = (None, RuleSet::default(), None, None);
        // Every field is looked at, so that a misspelt one cannot pass for one that is not there.
        for (key, value) in fields.as_object().expect(line) {
            match key.as_str() {
                "name" => name = Some(string(value)),
                "why" => assert!(!string(value).is_empty(), "{line}"),
                "rules" => rules = read_rules(value),
                "text" => text = Some(string(value).into_bytes()),
                "hex" => text = Some(bytes(value)),
                "output" => expected = Some(Ok(string(value).into_bytes())),
                "output_hex" => expected = Some(Ok(bytes(value))),
                "error" => expected = Some(Err(kind(&string(value)))),
                _ => panic!("unknown field {key}: {line}"),
            }
        }
        let name = name.expect(line);
        Self { rules, text: text.expect(&name), expected: expected.expect(&name), name }
    }
}

fn read_rules(value: &Value) -> RuleSet {
    let mut rules = RuleSet::default();
    for (key, value) in value.as_object().unwrap() {
        match key.as_str() {
            "fields" => rules.fields = strings(value),
            "ignore_case" => rules.ignore_case = value.as_bool().unwrap(),
            "reveal" => rules.reveal = if value.as_bool().unwrap() { Revealed::TopLevel } else { Revealed::Nothing },
            "reveal_fields" => rules.reveal = Revealed::Fields(strings(value)),
            "ndjson" => rules.ndjson = value.as_bool().unwrap(),
            "max_depth" => rules.max_depth = number(value),
            "first" => rules.policy.first = number(value),
            "last" => rules.policy.last = number(value),
            "min_hidden" => rules.policy.min_hidden = number(value),
            "ellipsis" => rules.policy.ellipsis = string(value),
            "mark" => rules.mark = Some(string(value)),
            "short" => rules.policy.short = string(value),
            _ => panic!("unknown rule {key}"),
        }
    }
    rules
}

fn kind(name: &str) -> ErrorKind {
    match name {
        "incomplete" => ErrorKind::Incomplete,
        "syntax" => ErrorKind::Syntax,
        "too-deep" => ErrorKind::TooDeep,
        "utf8" => ErrorKind::Utf8,
        _ => panic!("unknown error {name}"),
    }
}

fn bytes(value: &Value) -> Vec<u8> {
    let digits = string(value).replace(' ', "");
    (0..digits.len()).step_by(2).map(|at| u8::from_str_radix(&digits[at..at + 2], 16).unwrap()).collect()
}

fn string(value: &Value) -> String {
    value.as_str().unwrap().to_owned()
}

fn strings(value: &Value) -> Vec<String> {
    value.as_array().unwrap().iter().map(string).collect()
}

fn number(value: &Value) -> usize {
    value.as_u64().unwrap().try_into().unwrap()
}
