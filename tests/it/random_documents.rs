//! Random documents and rules for the properties.

use crate::support::oracle::{Revealed, RuleSet};
use last4::mask::PolicyParts;
use proptest::collection::vec;
use proptest::prelude::*;
use proptest::sample::{select, subsequence};

const NAMES: [&str; 14] = [
    "token",
    "tok\\u0065n",
    "Token",
    "TO\u{212a}EN",
    "secret",
    "\\u017fecret",
    "data",
    "d\\u0061ta",
    "value",
    "a",
    "",
    "k\\ud83d",
    "\u{1f511}",
    "a_name_longer_than_any_that_is_asked_for",
];

const FIELDS: [&str; 16] = [
    "token", "TOKEN", "secret", "k\u{fffd}", "\u{1f511}", "$.token", "$.data[*].token", "$.data.token",
    "$..secret.value", "$..data..a", "$.*.*", "$..*", "$[*]", "$..[*].token", "$['']", "$..['data'].*",
];

const MARKS: [&str; 7] = ["masked", "a", "data", "k\u{fffd}", "\u{1f511}", "a\"\\", "token"];

const PIECES: [&str; 24] = [
    "a", "b", "Z", "7", "-", ".", "...", "***", "app-8...cY5d", "\\n", "\\\"", "\\\\", "\\/", "\\u0041", "\\u0000",
    "\\ud83d\\udd11", "\\ud83d", "\\udd11", "\u{e9}", "\u{5b57}", "\u{1f511}", "e\u{301}", "xxxxxxxxxxxxxxxxx",
    "\u{2028}",
];

const SCALARS: [&str; 14] = [
    "0", "-1", "1.0", "1E+5", "01", "1e999", "-", "12345678901234567890", "NaN", "Infinity", "-Infinity", "true",
    "false", "null",
];

pub(crate) fn rules() -> impl Strategy<Value = RuleSet> {
    let reveal = prop_oneof![
        3 => Just(Revealed::Nothing),
        1 => Just(Revealed::TopLevel),
        1 => subsequence(vec!["$.token", "$.data.token", "$.secret", "$['']", "$.data"], 1..4).prop_map(owned).prop_map(Revealed::Fields),
    ];
    let fields = prop_oneof![1 => Just(vec!["token"]), 3 => subsequence(FIELDS.to_vec(), 0..5)].prop_map(owned);
    let max_depth = prop_oneof![4 => Just(512), 1 => 0..6_usize];
    let mark = prop::option::weighted(0.3, select(&MARKS[..]).prop_map(str::to_owned)).boxed();
    (fields, any::<bool>(), reveal, prop::bool::weighted(0.2), max_depth, policy(), mark).prop_map(
        |(fields, ignore_case, reveal, ndjson, max_depth, policy, mark)| RuleSet {
            mark,
            fields,
            ignore_case,
            reveal,
            ndjson,
            max_depth,
            policy,
        },
    )
}

/// A list as APIs answer with: all items are alike but for their values, some of which are of fixed width.
pub(crate) fn list() -> impl Strategy<Value = String> {
    let spacing = select(&[("", "", ""), (" ", "", ""), ("", "\n    ", "\n  "), (" ", "\r\n\t", " ")][..]);
    let field = (
        select(&["id", "type", "name", "last_used_at", "created_at", "dataset_ids", "token", "tokens", "x"][..]),
        0..9_u8,
    );
    let item =
        vec(("[0-9a-f]{8}-[0-9a-f]{27}", "[a-zA-Z0-9]{24}", "[ -!#-Z]{0,40}", any::<u32>(), any::<bool>()), 3..12);
    (spacing, vec(field, 0..7), 0..7_usize, item).prop_map(|((colon, outer, inner), mut fields, at, items)| {
        fields.insert(at.min(fields.len()), ("token", 0));
        let items: Vec<String> = items
            .iter()
            .map(|(id, secret, text, number, flag)| {
                let value = |kind: u8| match kind {
                    0 => format!("\"app-{secret}\""),
                    1 => format!("\"{id}\""),
                    2 => format!("\"{text}\""),
                    3 if *flag => "null".to_owned(),
                    3 | 4 => format!("{}", 1_700_000_000 + u64::from(number % 1000)),
                    5 => format!("[\"{id}\",{flag}]"),
                    6 => "[]".to_owned(),
                    7 => format!("{{\"a\":{number}.5e3}}"),
                    _ => format!("\"caf\u{e9}\\n{id}\""),
                };
                let members: Vec<_> =
                    fields.iter().map(|(name, kind)| format!("{outer}\"{name}\":{colon}{}", value(*kind))).collect();
                format!("{{{}{inner}}}", members.join(","))
            })
            .collect();
        format!("{{\"data\":{colon}[{}]}}", items.join(","))
    })
}

/// Rules that mask every `token`, however it is written, and reveal none.
pub(crate) fn token_rules() -> impl Strategy<Value = RuleSet> {
    policy().prop_map(|policy| RuleSet { ignore_case: true, policy, ..RuleSet::default() })
}

fn policy() -> impl Strategy<Value = PolicyParts> {
    let fillers = (
        select(&["...", ".", "\u{2026}", "\"\\", "a", "-...-"][..]),
        select(&["***", "", "\"", "a", "(hidden entirely)"][..]),
    );
    let parts = (0..8_usize, 0..8_usize, select(&[0, 1, 8][..]), fillers).prop_map(
        |(first, last, min_hidden, (ellipsis, short))| PolicyParts {
            first,
            last,
            min_hidden,
            ellipsis: ellipsis.to_owned(),
            short: short.to_owned(),
        },
    );
    prop_oneof![Just(PolicyParts::default()), parts]
}

fn owned(texts: Vec<&str>) -> Vec<String> {
    texts.into_iter().map(str::to_owned).collect()
}

/// A text that is JSON, give or take the spelling of numbers, or for `ndjson` mostly several.
pub(crate) fn text() -> impl Strategy<Value = String> {
    let mark = prop_oneof![9 => Just(""), 1 => Just("\u{feff}")];
    let values = prop_oneof![6 => vec(spaced(value()), 1), 1 => vec(spaced(value()), 0..4)];
    (mark, values).prop_map(|(mark, values)| [mark, &values.concat()].concat())
}

fn value() -> impl Strategy<Value = String> {
    let leaf = prop_oneof![2 => string(), 1 => select(&SCALARS[..]).prop_map(str::to_owned)];
    leaf.prop_recursive(6, 40, 5, |inner| {
        prop_oneof![
            3 => vec((spaced(key()), spaced(inner.clone())), 0..5).prop_map(|members| {
                let members: Vec<_> = members.into_iter().map(|(key, value)| format!("{key}:{value}")).collect();
                format!("{{{}}}", members.join(","))
            }),
            1 => vec(spaced(inner), 0..5).prop_map(|elements| format!("[{}]", elements.join(","))),
        ]
    })
}

fn key() -> impl Strategy<Value = String> {
    prop_oneof![4 => select(&NAMES[..]).prop_map(|name| format!("\"{name}\"")), 1 => string()]
}

fn string() -> impl Strategy<Value = String> {
    vec(select(&PIECES[..]), 0..24).prop_map(|pieces| format!("\"{}\"", pieces.concat()))
}

fn spaced(text: impl Strategy<Value = String>) -> impl Strategy<Value = String> {
    let space = || select(&["", "", "", " ", "\n", "\r\n\t "][..]);
    (space(), text, space()).prop_map(|(before, text, after)| [before, &text, after].concat())
}

/// One change to a text, to bytes that mean something in JSON or to any.
#[derive(Clone, Debug)]
pub(crate) enum Mutation {
    Flip { at: prop::sample::Index, bit: u8 },
    Insert { at: prop::sample::Index, byte: u8 },
    Delete { from: prop::sample::Index, len: usize },
    Duplicate { from: prop::sample::Index, len: usize },
}

pub(crate) fn mutation() -> impl Strategy<Value = Mutation> {
    let byte = prop_oneof![3 => select(&b"\"\\{}[],: u0-It\n\0\xef\xed\xff"[..]), 1 => any::<u8>()];
    prop_oneof![
        (any::<prop::sample::Index>(), 0..8_u8).prop_map(|(at, bit)| Mutation::Flip { at, bit }),
        (any::<prop::sample::Index>(), byte).prop_map(|(at, byte)| Mutation::Insert { at, byte }),
        (any::<prop::sample::Index>(), 1..6_usize).prop_map(|(from, len)| Mutation::Delete { from, len }),
        (any::<prop::sample::Index>(), 1..12_usize).prop_map(|(from, len)| Mutation::Duplicate { from, len }),
    ]
}

impl Mutation {
    pub(crate) fn apply(&self, text: &mut Vec<u8>) {
        if text.is_empty() {
            return;
        }
        let size = text.len();
        match self {
            Self::Flip { at, bit } => text[at.index(size)] ^= 1 << bit,
            Self::Insert { at, byte } => text.insert(at.index(size), *byte),
            Self::Delete { from, len } => {
                let from = from.index(size);
                text.drain(from..size.min(from + len));
            }
            Self::Duplicate { from, len } => {
                let from = from.index(size);
                let piece = text[from..size.min(from + len)].to_vec();
                text.splice(from..from, piece);
            }
        }
    }
}

/// A document in which each value under a `token` is a different secret, and no other value is one.
#[derive(Clone, Debug)]
pub(crate) enum Planted {
    Secret { seed: u64, len: usize, spellings: u32 },
    Decoy(String),
    Members(Vec<(&'static str, Planted)>),
    Elements(Vec<Planted>),
}

pub(crate) fn planted() -> impl Strategy<Value = Planted> {
    let decoy = || prop_oneof![string(), select(&SCALARS[..]).prop_map(str::to_owned)].prop_map(Planted::Decoy);
    decoy().prop_recursive(5, 30, 5, |inner| {
        let token = select(&["token", "tok\\u0065n", "\\u0074oken", "TOKEN"][..]);
        let other = select(&["data", "id", "tokens", "a\\\"token", ""][..]);
        let member = prop_oneof![(token, secrets().boxed()), (other, inner.clone())];
        prop_oneof![
            4 => vec(member, 0..5).prop_map(Planted::Members),
            1 => vec(inner, 0..4).prop_map(Planted::Elements),
        ]
    })
}

/// Secrets long enough to have windows of 8 characters, alone or inside containers.
fn secrets() -> impl Strategy<Value = Planted> {
    let secret = (any::<u64>(), 8..60_usize, any::<u32>()).prop_map(|(seed, len, spellings)| Planted::Secret {
        seed,
        len,
        spellings,
    });
    secret.prop_recursive(2, 6, 3, |inner| {
        prop_oneof![
            vec(inner.clone(), 0..3).prop_map(Planted::Elements),
            vec((select(&["x", "value", "token"][..]), inner), 0..3).prop_map(Planted::Members),
        ]
    })
}

impl Planted {
    /// The document's text; the secrets in it, unescaped, are added to `secrets`.
    pub(crate) fn render(&self, secrets: &mut Vec<Vec<char>>) -> String {
        match self {
            Self::Decoy(text) => text.clone(),
            Self::Secret { seed, len, spellings } => {
                let secret = unique(*seed, *len);
                let spelt: String = secret
                    .iter()
                    .zip(0..)
                    .map(|(&character, at)| spell(character, spellings >> (at % 32) & 1 == 1))
                    .collect();
                secrets.push(secret);
                format!("\"{spelt}\"")
            }
            Self::Elements(elements) => {
                let elements: Vec<_> = elements.iter().map(|element| element.render(secrets)).collect();
                format!("[ {}]", elements.join(",\n"))
            }
            Self::Members(members) => {
                let members: Vec<_> =
                    members.iter().map(|(key, value)| format!("\"{key}\": {}", value.render(secrets))).collect();
                format!("{{{} }}", members.join(", "))
            }
        }
    }
}

/// Characters that no other seed and no decoy has in this order; no ellipsis has any of them.
fn unique(seed: u64, len: usize) -> Vec<char> {
    const ALPHABET: [char; 16] =
        ['q', 'w', 'R', 'T', 'y', 'P', 's', 'D', '3', '5', '9', 'j', '\u{df}', '\u{6587}', '\u{1f5dd}', '/'];
    let mut state = seed | 1;
    let mut next = || {
        state = state.wrapping_mul(0x5851_f42d_4c95_7f2d).wrapping_add(0x1405_7b7e_f767_814f);
        ALPHABET[usize::try_from(state >> 60).unwrap()]
    };
    (0..len).map(|_| next()).collect()
}

fn spell(character: char, escaped: bool) -> String {
    match character {
        '/' if !escaped => "\\/".to_owned(),
        _ if escaped => character.encode_utf16(&mut [0; 2]).iter().map(|unit| format!("\\u{unit:04x}")).collect(),
        _ => character.to_string(),
    }
}
