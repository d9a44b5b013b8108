//! Searching without masking: less than the whole work.

use super::{Engine, Gives, Output};
use rsonpath::engine::{Compiler, Engine as _, RsonpathEngine};
use rsonpath::input::BorrowedBytes;

pub(super) struct Quotes;

impl Engine for Quotes {
    fn name(&self) -> &'static str {
        "memchr, quotes counted"
    }

    fn gives(&self) -> Gives {
        Gives::Quotes
    }

    fn run(&mut self, text: &[u8], _: &mut Output) -> usize {
        memchr::memchr_iter(b'"', text).count()
    }
}

/// Finds the tokens by a path, and leaves them.
pub(super) struct Locate(RsonpathEngine);

impl Locate {
    pub(super) fn new() -> Self {
        let query = rsonpath_syntax::parse("$..token").expect("a query");
        Self(RsonpathEngine::compile_query(&query).expect("a query that it knows"))
    }
}

impl Engine for Locate {
    fn name(&self) -> &'static str {
        "rsonpath, tokens counted"
    }

    fn gives(&self) -> Gives {
        Gives::Tokens
    }

    fn run(&mut self, text: &[u8], _: &mut Output) -> usize {
        let found = self.0.count(&BorrowedBytes::new(text)).expect("a JSON text");
        usize::try_from(found).expect("fewer tokens than bytes")
    }
}
