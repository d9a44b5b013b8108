//! sonic-rs: finds the tokens as raw text through types made for this one list, and splices.

use super::shown::Splice;
use super::{Engine, Gives, Output};
use serde::Deserialize;
use sonic_rs::LazyValue;
use std::borrow::Cow;

pub(super) const NAME: &str = "sonic-rs, lazy + splice";

#[derive(Deserialize)]
struct List<'a> {
    #[serde(borrow)]
    data: Vec<Key<'a>>,
}

#[derive(Deserialize)]
struct Key<'a> {
    #[serde(borrow)]
    token: LazyValue<'a>,
}

pub(super) struct LazySplice;

impl Engine for LazySplice {
    fn name(&self) -> &'static str {
        NAME
    }

    fn gives(&self) -> Gives {
        Gives::Exact
    }

    fn run(&mut self, text: &[u8], output: &mut Output) -> usize {
        let list: List<'_> = sonic_rs::from_slice(text).expect("a list of keys");
        let mut splice = Splice::new(text, &mut output.bytes);
        for key in &list.data {
            let Cow::Borrowed(raw) = key.token.as_raw_cow() else { panic!("a token that is no part of the text") };
            let start = raw.as_ptr().addr() - text.as_ptr().addr();
            splice.mask(start, start + raw.len());
        }
        splice.finish();
        0
    }
}
