//! Whether a row does its work: checked before it is timed.

use crate::engines::{Engine, Gives, Output};
use bodies::Body;
use serde_json::Value;

pub(crate) fn is_right(engine: &mut dyn Engine, body: &Body) -> bool {
    let mut output = Output { keeps_all: true, ..Output::default() };
    let counted = engine.run(&body.text, &mut output);
    match engine.gives() {
        Gives::Copy => output.bytes == body.text,
        Gives::Quotes => counted == body.text.iter().filter(|byte| **byte == b'"').count(),
        Gives::Tokens => counted == body.tokens,
        Gives::Exact => output.bytes == body.masked,
        Gives::SameValue => value(&output.bytes).is_some_and(|found| Some(found) == value(&body.masked)),
    }
}

fn value(text: &[u8]) -> Option<Value> {
    serde_json::from_slice(text).ok()
}
