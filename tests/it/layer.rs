//! Any answer of an upstream on a masked route, and what the oracle allows a client to get of it.

use crate::support::layer_vs_oracle::{no_answer_leaks, seeds};
use proptest::prelude::*;

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
