//! The engine against documents written down, against a slow masker that shares nothing with it, and against properties.

#![allow(clippy::expect_used, clippy::panic, clippy::unwrap_used, reason = "a test fails by panicking")]

mod support;

use support::check::{Case, FIELDS, engine_agrees_with_oracle, random_cuts};
use support::documents;

#[test]
fn every_document_becomes_what_is_written_down() {
    for document in documents::all() {
        let case = Case::new(document.rules, &document.text);
        let readable = |output: &[u8]| output.escape_ascii().to_string();
        let expected = document.expected.as_deref().map(readable).map_err(|kind| *kind);
        assert_eq!(case.expected().map(readable), expected, "the oracle and {}", document.name);
        case.check(&[]);
    }
}

#[test]
fn chunks_make_no_difference() {
    for document in documents::all() {
        let len = document.text.len();
        let case = Case::new(document.rules, &document.text);
        for cut in 0..=len {
            case.check(&[cut]);
        }
        case.check(&(0..=len).collect::<Vec<_>>());
        for seed in 0..20 {
            case.check(&random_cuts(seed, len));
        }
    }
}

#[test]
fn names_of_documents_are_unique() {
    let mut names: Vec<_> = documents::all().into_iter().map(|document| document.name).collect();
    names.sort();
    let doubles: Vec<_> = names.windows(2).filter(|pair| pair[0] == pair[1]).collect();
    assert!(doubles.is_empty(), "{doubles:?}");
}

/// What the fuzzer starts from.
#[test]
fn every_document_survives_every_kind_of_rules() {
    for document in documents::all() {
        for fields in 0..FIELDS.len() {
            for flags in [0u8, 1, 2, 4, 8, 16, 0xff] {
                let header = [fields.try_into().unwrap(), flags, flags.rotate_left(3), flags];
                engine_agrees_with_oracle(&[&header, &*document.text].concat());
            }
        }
    }
}
