//! The comparison of engine and oracle, for documents, properties and the fuzzer alike.

use super::oracle::{self, Counts, Fault, Masked, Revealed, RuleSet};
use last4::mask::{
    Error, ErrorKind, Instructions, Masker, Policy, PolicyParts, Program, Reveal, Rules, Selectors, Sink, Summary,
};
use std::fmt;
use std::sync::Arc;

/// Reads rules, a text and its chunks out of any bytes, and compares.
pub(crate) fn engine_agrees_with_oracle(data: &[u8]) {
    let Some((&[fields, flags, policy, seed], text)) = data.split_first_chunk() else { return };
    // Lists repeat themselves, and the engine makes use of that.
    let lists = (flags & 0x80 != 0).then(|| lists_of(text, 600 + usize::from(seed)));
    let text = lists.as_ref().map_or(text, |(_, damaged)| damaged);
    let case = Case::new(rules_from(fields, flags & 0x7f, policy), text);
    if let Some((whole, _)) = &lists {
        case.learn_from(whole);
    }
    case.check(&[]);
    case.check(&random_cuts(u64::from(seed), text.len()));
}

/// A list of `long` bytes or more of the items in `text`, which line feeds separate, over and over; and the same with a byte changed
/// somewhere.
pub(crate) fn lists_of(text: &[u8], long: usize) -> (Vec<u8>, Vec<u8>) {
    let [place, byte, text @ ..] = text else { return Default::default() };
    let items: Vec<&[u8]> = text.split(|&byte| byte == b'\n').collect();
    let mut list = vec![b'['];
    for (number, item) in items.iter().cycle().enumerate() {
        if number > 2 && list.len() > long {
            break;
        }
        if number > 0 {
            list.push(b',');
        }
        list.extend_from_slice(item);
    }
    list.push(b']');
    let mut damaged = list.clone();
    damaged[list.len() * usize::from(*place) / 256] = *byte;
    (list, damaged)
}

/// The field lists that the fuzzer's first byte chooses from.
pub(crate) const FIELDS: [&[&str]; 8] = [
    &["token"],
    &["$.data[*].token"],
    &["$..secret.value", "key"],
    &["$..*"],
    &["$['data'].*", "$..token..value"],
    &["$.*.*.token", "$[*]"],
    &["token", "$.data", "$..[*].a"],
    &["stra\u{df}e", "k", "$['']"],
];

pub(crate) fn rules_from(fields: u8, flags: u8, policy: u8) -> RuleSet {
    let bit = |at: u8| flags >> at & 1 == 1;
    let policy = match policy {
        0 => PolicyParts::default(),
        _ => PolicyParts {
            first: usize::from(policy & 7),
            last: usize::from(policy >> 3 & 7),
            min_hidden: [8, 0, 1, 3][usize::from(policy >> 6)],
            ellipsis: if bit(5) { "\"\u{2022}" } else { "..." }.to_owned(),
            short: if bit(6) { "" } else { "***" }.to_owned(),
        },
    };
    RuleSet {
        fields: FIELDS[usize::from(fields) % FIELDS.len()].iter().map(|&field| field.to_owned()).collect(),
        ignore_case: bit(0),
        ndjson: bit(1),
        reveal: match flags >> 2 & 3 {
            1 => Revealed::TopLevel,
            2 => Revealed::Fields(vec!["$.token".to_owned(), "$.data.token".to_owned(), "$.secret".to_owned()]),
            _ => Revealed::Nothing,
        },
        max_depth: if bit(4) { 3 } else { 512 },
        policy,
        mark: (fields & 0x80 != 0).then(|| if fields & 0x40 == 0 { "masked" } else { "a\"\u{e9}" }.to_owned()),
    }
}

/// Places to cut a text of `len` bytes, in order; some of the chunks are empty, most are short.
pub(crate) fn random_cuts(seed: u64, len: usize) -> Vec<usize> {
    let mut state = seed.wrapping_mul(0x9e37_79b9_7f4a_7c15) | 1;
    let mut cuts = Vec::new();
    let mut at = 0;
    while at < len {
        state ^= state << 13;
        state ^= state >> 7;
        state ^= state << 17;
        let longest = if state & 0xf00 == 0 { 200 } else { 9 };
        at = len.min(at + usize::try_from(state >> 32).unwrap() % longest);
        cuts.push(at);
    }
    cuts
}

/// A text, its rules, and what the oracle makes of them.
pub(crate) struct Case<'a> {
    rules: RuleSet,
    compiled: Arc<Program>,
    text: &'a [u8],
    expected: Result<Masked, Fault>,
}

impl<'a> Case<'a> {
    pub(crate) fn new(rules: RuleSet, text: &'a [u8]) -> Self {
        let expected = oracle::mask(&rules, text);
        let case = Self { compiled: compile(&rules).into(), rules, text, expected };
        case.check_invariants();
        case
    }

    /// What the oracle says.
    pub(crate) fn expected(&self) -> Result<&[u8], ErrorKind> {
        match &self.expected {
            Ok(Masked { output, .. }) => Ok(output),
            Err(fault) => Err(fault.kind),
        }
    }

    /// All that may be given out, whether the text is refused in the end or not.
    pub(crate) fn given_out(&self) -> &[u8] {
        match &self.expected {
            Ok(Masked { output, .. }) => output,
            Err(Fault { readable, .. }) => readable,
        }
    }

    /// Lets the engine read another text under the same rules, from which it may learn.
    pub(crate) fn learn_from(&self, text: &[u8]) {
        let _ = run(&self.compiled, Instructions::default(), text, &[]);
    }

    /// The engine, given the text cut at these places, does what the oracle says.
    pub(crate) fn check(&self, cuts: &[usize]) {
        for instructions in Instructions::available().chain([Instructions::bytes()]) {
            self.check_with(instructions, cuts);
        }
    }

    fn check_with(&self, instructions: Instructions, cuts: &[usize]) {
        let (output, result) = run(&self.compiled, instructions, self.text, cuts);
        let seen = (String::from_utf8_lossy(&output), &result);
        match (&self.expected, &result) {
            (Ok(expected), Ok(counts)) => {
                assert_eq!(lossy(&output), lossy(&expected.output), "the output, {self} cut at {cuts:?}");
                assert!(output == expected.output, "bytes that are not UTF-8 changed, {self} cut at {cuts:?}");
                assert_eq!(*counts, expected.counts, "the counts, {self} cut at {cuts:?}");
            }
            (Err(expected), Err(error)) => {
                assert_eq!(
                    (error.kind(), error.offset()),
                    (expected.kind, expected.offset as u64),
                    "the fault, {self} cut at {cuts:?}"
                );
                let readable = &expected.readable;
                assert!(
                    readable.starts_with(&output),
                    "gave out {seen:?}, not {:?}, {self} cut at {cuts:?}",
                    lossy(readable)
                );
            }
            (Ok(_), Err(_)) => panic!("refused: {seen:?}, {self} cut at {cuts:?}"),
            (Err(fault), Ok(_)) => panic!("{:?} passed: {seen:?}, {self} cut at {cuts:?}", fault.kind),
        }
    }

    /// What must hold of the text however it is cut.
    fn check_invariants(&self) {
        match &self.expected {
            Ok(Masked { output, .. }) => {
                let (twice, result) = run(&self.compiled, Instructions::default(), output, &[]);
                assert_eq!(lossy(&twice), lossy(output), "masked twice, {self}");
                assert!(result.is_ok_and(|counts| counts.masked == 0), "counted as masked twice, {self}");
            }
            Err(fault) => {
                let valid = serde_json::from_slice::<serde_json::Value>(self.text).is_ok();
                assert!(!valid || fault.kind == ErrorKind::TooDeep, "valid JSON was refused, {self}");
            }
        }
    }
}

/// The engine's output for a text cut at these places, and how it ended.
fn run(
    program: &Arc<Program>,
    instructions: Instructions,
    text: &[u8],
    cuts: &[usize],
) -> (Vec<u8>, Result<Counts, Error>) {
    let mut masker = Masker::new(program.clone()).with_instructions(instructions);
    let mut recorder = Recorder { text, chunk: 0..0, output: Vec::new(), given_to: 0 };
    let mut failed = None;
    for end in cuts.iter().copied().chain([text.len()]) {
        let chunk = recorder.chunk.end..end;
        recorder.chunk = chunk.clone();
        let given = recorder.output.len();
        let result = masker.write(&text[chunk], &mut recorder);
        if let Some(error) = failed {
            assert_eq!(result, Err(error), "forgot its error: b\"{}\" cut at {cuts:?}", text.escape_ascii());
            assert_eq!(
                recorder.output.len(),
                given,
                "bytes after an error: b\"{}\" cut at {cuts:?}",
                text.escape_ascii()
            );
        }
        failed = failed.or(result.err());
    }
    let result = masker.finish();
    if let Some(error) = failed {
        assert_eq!(result, Err(error), "a clean end after an error: b\"{}\" cut at {cuts:?}", text.escape_ascii());
    }
    let counts =
        |Summary { masked, unchanged, revealed, marked, .. }: Summary| Counts { masked, unchanged, revealed, marked };
    (recorder.output, result.map(counts))
}

/// All that it takes to run the case again.
impl fmt::Display for Case<'_> {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        write!(f, "b\"{}\" by {:?}", self.text.escape_ascii(), self.rules)
    }
}

fn lossy(bytes: &[u8]) -> String {
    String::from_utf8_lossy(bytes).into_owned()
}

pub(crate) fn compile(rules: &RuleSet) -> Rules {
    let reveal = match &rules.reveal {
        Revealed::Nothing => Reveal::Nothing,
        Revealed::TopLevel => Reveal::TopLevel,
        Revealed::Fields(fields) => Reveal::paths(fields).unwrap(),
    };
    let compiled = Rules::new(Selectors::compile(&rules.fields, rules.ignore_case).unwrap())
        .with_reveal(reveal)
        .with_ndjson(rules.ndjson)
        .with_max_depth(rules.max_depth)
        .with_policy(Policy::new(rules.policy.clone()).unwrap());
    match &rules.mark {
        Some(mark) => compiled.with_mark(mark),
        None => compiled,
    }
}

/// Holds the engine to its word that verbatim bytes are ranges of the chunk being written, in order and each at most once.
struct Recorder<'a> {
    text: &'a [u8],
    chunk: std::ops::Range<usize>,
    output: Vec<u8>,
    given_to: usize,
}

impl Sink for Recorder<'_> {
    fn verbatim(&mut self, bytes: &[u8]) {
        let start = (bytes.as_ptr() as usize).checked_sub(self.text.as_ptr() as usize).expect("a range of the text");
        assert!(self.chunk.start <= start && start + bytes.len() <= self.chunk.end, "verbatim bytes of another chunk");
        assert!(self.given_to <= start, "verbatim bytes twice or out of order");
        self.given_to = start + bytes.len();
        self.output.extend_from_slice(bytes);
    }

    fn replacement(&mut self, bytes: &[u8]) {
        self.output.extend_from_slice(bytes);
    }
}
