//! Writes what the fuzzer starts from: every document of the tests, under every list of fields.

#![allow(dead_code, reason = "the comparison is for the tests and the fuzzer")]

#[path = "../../support/mod.rs"]
mod support;

use std::path::Path;
use std::{fs, io};

fn main() -> io::Result<()> {
    let corpus = Path::new(env!("CARGO_MANIFEST_DIR")).join("corpus/engine");
    fs::create_dir_all(&corpus)?;
    for (number, document) in support::documents::all().into_iter().enumerate() {
        for fields in 0..support::check::FIELDS.len() {
            // The other bytes of the header vary with the document, so that all kinds of rules are among the seeds.
            let header = [fields, number % 32, number / 3 % 256, number].map(|byte| byte as u8);
            fs::write(corpus.join(format!("{number}-{fields}")), [&header, &*document.text].concat())?;
        }
    }
    Ok(())
}
