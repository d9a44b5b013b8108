//! The engine against documents written down, against a slow masker that shares nothing with it, and against properties.

use crate::random_documents;
use crate::support::documents;
use crate::support::engine_vs_oracle::{Case, FIELDS, engine_agrees_with_oracle, random_cuts};
use crate::support::kernels_vs_bytes::{kernels_agree, kernels_agree_in_a_row};
use crate::support::oracle::RuleSet;
use last4::mask::{Masker, Policy, PolicyParts, Program, Rules, Selectors};
use proptest::collection::vec;
use proptest::prelude::*;
use proptest::sample::select;
use serde_json::Value;
use std::sync::Arc;

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

/// For a client the text with marks is JSON, and equal to the original except for the marks and the masked values.
#[test]
fn a_marked_text_says_the_same_and_which_objects_have_masked_values() {
    fn expected(value: &mut Value) {
        match value {
            Value::Object(members) => {
                members.values_mut().for_each(expected);
                if let Some(Value::String(token)) = members.get_mut("token") {
                    *token = format!("{}...{}", &token[..5], &token[token.len() - 4..]);
                    members.insert("masked".to_owned(), Value::Bool(true));
                }
            }
            Value::Array(elements) => elements.iter_mut().for_each(expected),
            _ => {}
        }
    }
    let token = "app-8fK2mQ7vXz31LtPq0RbNcY5d";
    let item = format!(
        r#"{{"id":"a","token":"{token}","in":{{"token" : "{token}" }},"list":[{{"token":"{token}","x":[{{"token":1.5e3}}]}},{{"n":null}}]}}"#
    );
    let text = format!("[{item}, {item} ,[],{{}}]").replace("1.5e3", "null");
    let mut value: Value = serde_json::from_str(&text).unwrap();
    expected(&mut value);
    let rules = Rules::new(Selectors::compile(["token"], false).unwrap()).with_mark("masked");
    let program = Arc::new(Program::new(rules));
    for at in 0..=text.len() {
        let (before, after) = text.as_bytes().split_at(at);
        let mut masker = Masker::new(Arc::clone(&program));
        let mut output = Vec::new();
        masker.write(before, &mut output).unwrap();
        masker.write(after, &mut output).unwrap();
        let summary = masker.finish().unwrap();
        assert_eq!((summary.masked, summary.marked), (6, 6));
        assert_eq!(serde_json::from_slice::<Value>(&output).unwrap(), value, "cut at {at}");
        // Nothing else is changed, by any byte.
        let unmarked =
            String::from_utf8(output).unwrap().replace(",\"masked\":true", "").replace("app-8...cY5d", token);
        assert_eq!(unmarked, text, "cut at {at}");
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
        for fields in (0..FIELDS.len()).chain([0x80, 0xc2]) {
            for flags in [0u8, 1, 2, 4, 8, 16, 0x7f, 0x80, 0x84] {
                let header = [fields.try_into().unwrap(), flags, flags.rotate_left(3), flags];
                let input = [&header, &*document.text].concat();
                engine_agrees_with_oracle(&input);
                kernels_agree(&input);
            }
        }
    }
}

/// Inputs that once showed a bug, the fuzzer's among them.
#[test]
fn what_was_found_once_stays_right() {
    let findings = std::fs::read_dir(concat!(env!("CARGO_MANIFEST_DIR"), "/tests/fixtures/findings/engine")).unwrap();
    for finding in findings {
        let input = std::fs::read(finding.unwrap().path()).unwrap();
        engine_agrees_with_oracle(&input);
        kernels_agree(&input);
    }
}

/// What the engine knows of a list's items from those before must not hide what is behind a literal or the end of a value, wherever
/// it lies.
#[test]
fn the_last_item_of_a_list_is_read_as_well_as_the_first() {
    for pad in 0..130 {
        let pad = "x".repeat(pad);
        let item = format!(r#"{{"token":"app-8fK2mQ7vXz31LtPq0RbNcY5d","pad":"{pad}","n":null,"m":1}}"#);
        for (from, to) in [
            ("null", "null1"),
            ("null", "nul1"),
            (":1", ":1null"),
            (":1", ":[1}"),
            ("pad", "pa\\u0064"),
            ("pad", "token"),
        ] {
            let last = item.replace(from, to);
            let text = format!("[{item},{item},{item},{item},{last}]");
            Case::new(RuleSet::default(), text.as_bytes()).check(&[]);
            let text = format!("[{last},{last}]");
            let case = Case::new(RuleSet::default(), text.as_bytes());
            case.learn_from(format!("[{item},{item},{item}]").as_bytes());
            case.check(&[]);
            let text = format!("{item}\n{item}\n{item}\n{last}\n{item}");
            Case::new(RuleSet { ndjson: true, ..RuleSet::default() }, text.as_bytes()).check(&[]);
        }
        for behind in ["", "]", "x", " {", ",1", "\"", "1", "[]"] {
            let text = format!("{item}\n{item}\n{item}\n{item}{behind}");
            Case::new(RuleSet { ndjson: true, ..RuleSet::default() }, text.as_bytes()).check(&[]);
        }
    }
}

/// The engine knows answers by those before: here one by where a value was masked, one by how it begins, and then one that begins like
/// the second and masks where the first did not.
#[test]
fn an_answer_that_begins_like_another_may_have_its_values_elsewhere() {
    let selectors = Selectors::compile(["token"], false).unwrap();
    let program = Arc::new(Program::new(Rules::new(selectors)));
    let more = "x".repeat(80);
    for [text, masked] in [
        ["app-0123456789abcdefghijklmn", "app-0...klmn"]
            .map(|value| format!(r#"{{"data":[{{"token":"{value}","more":"{more}","id":1}}]}}"#)),
        [0, 1].map(|_| format!(r#"{{"other":"app-0123456789abcdefghijklmn","more":"{more}","id":1}}"#)),
        ["app-0123456789abcdefghijklmn", "app-0...klmn"]
            .map(|value| format!(r#"{{"token":"{value}","more":"{more}","id":1}}"#)),
    ] {
        let mut output = Vec::new();
        let mut masker = Masker::new(Arc::clone(&program));
        masker.write(text.as_bytes(), &mut output).and_then(|()| masker.finish()).unwrap();
        assert_eq!(String::from_utf8(output).unwrap(), masked);
    }
}

/// An object of a few members, most of them alike: what one answer of a route teaches should often fit the next.
fn object(depth: u32) -> BoxedStrategy<String> {
    let name = select(vec!["token", "tok3n", "other", "id", "created_at"]);
    let text = select(vec![4_usize, 28, 40, 60, 80, 150]).prop_map(|length| format!("\"{}\"", "x".repeat(length)));
    let number = select(vec!["7", "1234567", "null"]).prop_map(str::to_owned);
    let value = match depth {
        0 => prop_oneof![3 => text, 1 => number].boxed(),
        _ => prop_oneof![4 => text, 2 => number, 1 => object(depth - 1)].boxed(),
    };
    let member = (name, value).prop_map(|(name, value)| format!("\"{name}\":{value}"));
    vec(member, 0..6).prop_map(|members| format!("{{{}}}", members.join(","))).boxed()
}

fn answer() -> impl Strategy<Value = String> {
    let around = select(vec![("", ""), ("[", "]"), ("{\"data\":[", "]}"), ("{\"more\":{\"data\":", "}}")]);
    (around, vec(object(1), 1..4)).prop_map(|((before, behind), objects)| {
        let several = before.ends_with('[');
        let shown = if several { objects.join(",") } else { objects[0].clone() };
        format!("{before}{shown}{behind}")
    })
}

/// A little of everything, without the oracle: what Miri is shown, which sees where the engine reads and writes.
#[test]
fn kernels_agree_about_a_list() {
    let items = [
        r#"{"id": 17, "token":"app-8fK2mQ7vXz31LtPq0RbNcY5d", "scopes": ["read", "write"], "active": true, "used": null}"#,
        r#"{"id": 18, "token":"app-\u00388fK2mQ7vXz31LtPq0RbN\ud83d\ude00", "note": "a \"b\" \\\\ \u00fc", "secret": {"value": -1.5e3}}"#,
    ];
    let rules = [(0, 0x80, 1), (2, 0x80, 3), (1, 0x84, 40), (3, 0x90, 7)];
    let damages = [(200, b'"'), (255, b'}'), (0, b'[')];
    let few = if cfg!(miri) { 1 } else { usize::MAX };
    for (fields, flags, seed) in rules.into_iter().take(few) {
        for (place, byte) in damages.into_iter().take(few) {
            let header = [fields, flags, 0, seed, place, byte];
            kernels_agree(&[&header, items.join("\n").as_bytes()].concat());
        }
    }
}

/// The oracle leaves the spelling of these to a library, which writes them raw or short.
#[test]
fn fillers_that_scripts_and_parsers_stumble_over_are_escaped() {
    let parts = PolicyParts {
        ellipsis: "\n\u{7f}\u{2028}".to_owned(),
        short: "\0\u{2029}".to_owned(),
        ..PolicyParts::default()
    };
    let rules = Rules::new(Selectors::compile(["token"], false).unwrap()).with_policy(Policy::new(parts).unwrap());
    let mut masker = Masker::new(rules.into());
    let mut output = Vec::new();
    masker.write(br#"[{"token":"app-8fK2mQ7vXz31LtPq0RbNcY5d"},{"token":1}]"#, &mut output).unwrap();
    masker.finish().unwrap();
    let expected = "[{\"token\":\"app-8\\u000a\u{7f}\\u2028cY5d\"},{\"token\":\"\\u0000\\u2029\"}]";
    assert_eq!(String::from_utf8(output).unwrap(), expected);
}

/// This would take minutes if any chunk made the engine read again what came before.
#[test]
fn megabytes_in_one_key_or_string_are_read_once() {
    let long = "x\\n".repeat(1 << 20);
    let text = format!("{{\"{long}\":\"{long}\",\"token\":\"{long}\"}}");
    let rules = Rules::new(Selectors::compile(["token"], false).unwrap());
    let mut masker = Masker::new(rules.into());
    let mut output = Vec::new();
    for chunk in text.as_bytes().chunks(1000) {
        masker.write(chunk, &mut output).unwrap();
    }
    assert_eq!(masker.finish().unwrap().masked, 1);
    let shown = br#","token":"x\nx\nx...x\nx\n"}"#;
    assert_eq!(
        output.split_off(output.len() - shown.len()).escape_ascii().to_string(),
        shown.escape_ascii().to_string()
    );
}

/// So would this.
#[test]
fn megabytes_that_end_within_an_escape_are_read_once() {
    let long = r"x\n\\".repeat(1 << 20);
    let (before, behind) =
        (format!(r#"{{"text":"{long}\u00"#), format!(r#"e9{long}","token":"app-8QmZ4rTkW2nVhB6xLcY7fDcY5d"}}"#));
    let rules = Rules::new(Selectors::compile(["token"], false).unwrap());
    let mut masker = Masker::new(rules.into());
    let mut output = Vec::new();
    for chunk in [&before, &behind] {
        masker.write(chunk.as_bytes(), &mut output).unwrap();
    }
    masker.finish().unwrap();
    let masked = behind.replace("app-8QmZ4rTkW2nVhB6xLcY7fDcY5d", "app-8...cY5d");
    assert!(output == (before + &masked).into_bytes());
}

proptest! {
    #![proptest_config(ProptestConfig { cases: 1500, failure_persistence: None, ..ProptestConfig::default() })]

    #[test]
    fn what_one_answer_teaches_does_no_harm_to_the_next(answers in vec(answer(), 1..20)) {
        let rules = Rules::new(Selectors::compile(["token"], false).unwrap());
        kernels_agree_in_a_row(&rules, &answers);
    }

    #[test]
    fn any_document_is_masked_as_the_oracle_says(rules in random_documents::rules(), text in random_documents::text(), seed: u64) {
        let case = Case::new(rules, text.as_bytes());
        case.check(&[]);
        case.check(&random_cuts(seed, text.len()));
    }

    #[test]
    fn a_damaged_document_is_refused_or_masked_as_the_oracle_says(
        rules in random_documents::rules(),
        text in random_documents::text(),
        mutations in vec(random_documents::mutation(), 1..4),
        seed: u64,
    ) {
        let mut text = text.into_bytes();
        mutations.iter().for_each(|mutation| mutation.apply(&mut text));
        let case = Case::new(rules, &text);
        case.check(&[]);
        case.check(&random_cuts(seed, text.len()));
    }

    #[test]
    fn a_damaged_list_is_refused_or_masked_as_the_oracle_says(
        items in random_documents::list(),
        mutation in prop::option::of(random_documents::mutation()),
        path: bool,
        seed: u64,
    ) {
        let mut text = items.clone().into_bytes();
        mutation.iter().for_each(|mutation| mutation.apply(&mut text));
        let fields = if path { "$.data[*].token" } else { "token" };
        let case = Case::new(RuleSet { fields: vec![fields.to_owned()], ..RuleSet::default() }, &text);
        case.check(&[]);
        case.learn_from(items.as_bytes());
        case.check(&[]);
        case.check(&random_cuts(seed, text.len()));
        let half = text.len() / 2;
        case.check(&[half]);
    }

    #[test]
    fn no_output_contains_a_secret(
        rules in random_documents::token_rules(),
        planted in random_documents::planted(),
        end in prop::option::of(any::<prop::sample::Index>()),
        seed: u64,
    ) {
        let mut secrets = Vec::new();
        let mut text = planted.render(&mut secrets);
        if let Some(end) = end {
            text.truncate(text.floor_char_boundary(end.index(text.len() + 1)));
        }
        let case = Case::new(rules, text.as_bytes());
        case.check(&random_cuts(seed, text.len()));
        let output = String::from_utf8_lossy(case.given_out());
        for window in secrets.iter().flat_map(|secret| secret.windows(8)) {
            let window: String = window.iter().collect();
            let shown = [unescaped(&output, |unit| unit), unescaped(&output, |_| 0)];
            prop_assert!(!shown.iter().any(|text| text.contains(&window)), "{window} in {output}, {case}");
        }
    }
}

/// The whole of a JSON text with every escape undone, inside strings or not. What a `\u` escape stands for may be replaced: its
/// digits are no characters of the text, though they can look like some of a secret's.
fn unescaped(text: &str, replaced: impl Fn(u16) -> u16) -> String {
    let mut units = Vec::new();
    let mut rest = text;
    while let Some((before, escape)) = rest.split_once('\\') {
        units.extend(before.encode_utf16());
        let digits = escape.strip_prefix('u').and_then(|digits| digits.get(..4));
        let unit = digits.and_then(|digits| u16::from_str_radix(digits, 16).ok());
        let length = if unit.is_some() { 5 } else { escape.chars().next().map_or(0, char::len_utf8) };
        let (escaped, after) = escape.split_at(length);
        match unit {
            Some(unit) => units.push(replaced(unit)),
            None => units.extend(escaped.encode_utf16()),
        }
        rest = after;
    }
    units.extend(rest.encode_utf16());
    String::from_utf16_lossy(&units)
}
