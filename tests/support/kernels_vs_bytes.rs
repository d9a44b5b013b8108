//! The comparison of the engine's instructions with each other, without the oracle: many times as fast, for texts that are long.

use super::engine_vs_oracle::{compile, lists_of, random_cuts, rules_from};
use last4::mask::{Error, Instructions, Masker, Program, Rules, Summary};
use std::sync::Arc;

/// Reads rules, a text and its chunks out of any bytes, and gives the text to every kernel and to a masker that reads byte by byte.
pub(crate) fn kernels_agree(data: &[u8]) {
    let Some((&[fields, flags, policy, seed], text)) = data.split_first_chunk() else { return };
    let rules = compile(&rules_from(fields, flags & 0x7f, policy));
    let lists = (flags & 0x80 != 0).then(|| lists_of(text, 600 + 16 * usize::from(seed)));
    // What is learned from one must do no harm to the next.
    let texts = lists.as_ref().map_or(vec![text], |(whole, damaged)| vec![whole, text, damaged]);
    let in_bytes = texts.iter().map(|text| mask(&rules.clone().into(), Instructions::bytes(), text, &[]));
    let in_bytes: Vec<_> = in_bytes.collect();
    for instructions in Instructions::available() {
        let program = Arc::new(Program::new(rules.clone()));
        for (text, expected) in texts.iter().zip(&in_bytes) {
            let cuts = [vec![], vec![text.len() * usize::from(seed) / 256], random_cuts(u64::from(seed), text.len())];
            for cuts in cuts {
                let seen = mask(&program, instructions, text, &cuts);
                assert!(
                    seen == *expected,
                    "{instructions:?}: {seen}\nbytes: {expected}\nfields {fields}, flags {flags}, policy {policy}, b\"{}\" cut at {cuts:?}",
                    text.escape_ascii()
                );
            }
        }
    }
}

/// Gives texts to every kernel, one after the other under the same rules as the answers of a route come, and to a masker that reads
/// byte by byte.
pub(crate) fn kernels_agree_in_a_row(rules: &Rules, texts: &[String]) {
    for instructions in Instructions::available() {
        let program = rules.clone().into();
        for (number, text) in texts.iter().enumerate() {
            let expected = mask(&rules.clone().into(), Instructions::bytes(), text.as_bytes(), &[]);
            let seen = mask(&program, instructions, text.as_bytes(), &[]);
            assert!(
                seen == expected,
                "{instructions:?}: {seen}\nbytes: {expected}\nthe last of {:#?}",
                &texts[..=number]
            );
        }
    }
}

/// All that can be seen of a masker.
#[derive(PartialEq)]
struct Seen {
    output: Vec<u8>,
    summary: Summary,
    result: Result<Summary, Error>,
}

fn mask(program: &Arc<Program>, instructions: Instructions, text: &[u8], cuts: &[usize]) -> Seen {
    let mut masker = Masker::new(program.clone()).with_instructions(instructions);
    let mut output = Vec::with_capacity(text.len());
    let mut from = 0;
    for end in cuts.iter().copied().chain([text.len()]) {
        // `finish` returns the same fault again.
        let _ = masker.write(&text[from..end], &mut output);
        from = end;
    }
    let result = masker.finish();
    Seen { output, summary: masker.summary(), result }
}

impl std::fmt::Display for Seen {
    fn fmt(&self, f: &mut std::fmt::Formatter<'_>) -> std::fmt::Result {
        let Self { output, summary, result } = self;
        write!(f, "b\"{}\", {summary:?}, {result:?}", output.escape_ascii())
    }
}
