//! Any answer of an upstream on a masked route, and what the oracle allows a client to get of it.

#![cfg(feature = "layer")]
#![allow(clippy::expect_used, clippy::panic, clippy::unwrap_used, reason = "a test fails by panicking")]

mod support;

use proptest::prelude::*;
use support::answers::{no_answer_leaks, seeds};

#[test]
fn each_kind_of_answer_is_judged_as_the_contract_says() {
    seeds().iter().for_each(|seed| no_answer_leaks(seed));
}

#[test]
fn what_was_found_once_stays_right() {
    let findings = std::fs::read_dir(concat!(env!("CARGO_MANIFEST_DIR"), "/tests/fixtures/findings/answer")).unwrap();
    for finding in findings {
        no_answer_leaks(&std::fs::read(finding.unwrap().path()).unwrap());
    }
}

proptest! {
    #![proptest_config(ProptestConfig { cases: 6000, failure_persistence: None, ..ProptestConfig::default() })]

    #[test]
    fn no_answer_says_more_than_it_may(data in prop::collection::vec(any::<u8>(), 0..60)) {
        no_answer_leaks(&data);
    }
}
