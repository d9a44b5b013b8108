//! serde_json: parse, change, write. What most would do first.

use super::shown::masked;
use super::{Engine, Gives, Output};
use serde_json::Value;

pub(super) struct RoundTrip;

impl Engine for RoundTrip {
    fn name(&self) -> &'static str {
        "serde_json, round trip"
    }

    fn gives(&self) -> Gives {
        Gives::SameValue
    }

    fn run(&mut self, text: &[u8], output: &mut Output) -> usize {
        let mut value: Value = serde_json::from_slice(text).expect("a JSON text");
        mask(&mut value);
        serde_json::to_writer(&mut output.bytes, &value).expect("a Vec takes all");
        0
    }
}

fn mask(value: &mut Value) {
    match value {
        Value::Array(elements) => elements.iter_mut().for_each(mask),
        Value::Object(members) => {
            for (name, value) in members {
                match value {
                    Value::String(token) if name == "token" => *token = masked(token),
                    _ => mask(value),
                }
            }
        }
        _ => {}
    }
}
