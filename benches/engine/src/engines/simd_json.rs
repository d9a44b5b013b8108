//! simd-json: parse into borrowed values, change, write.

use super::shown::masked;
use super::{Engine, Gives, Output};
use simd_json::BorrowedValue;
use simd_json::prelude::Writable;

/// The parser writes into its input, so that is copied first.
#[derive(Default)]
pub(super) struct RoundTrip {
    input: Vec<u8>,
}

impl Engine for RoundTrip {
    fn name(&self) -> &'static str {
        "simd-json, round trip"
    }

    fn gives(&self) -> Gives {
        Gives::SameValue
    }

    fn run(&mut self, text: &[u8], output: &mut Output) -> usize {
        self.input.clear();
        self.input.extend_from_slice(text);
        let mut value = simd_json::to_borrowed_value(&mut self.input).expect("a JSON text");
        mask(&mut value);
        value.write(&mut output.bytes).expect("a Vec takes all");
        0
    }
}

fn mask(value: &mut BorrowedValue<'_>) {
    match value {
        BorrowedValue::Array(elements) => elements.iter_mut().for_each(mask),
        BorrowedValue::Object(members) => {
            for (name, value) in members.iter_mut() {
                match value {
                    BorrowedValue::String(token) if name == "token" => *token = masked(token).into(),
                    _ => mask(value),
                }
            }
        }
        BorrowedValue::Static(_) | BorrowedValue::String(_) => {}
    }
}
