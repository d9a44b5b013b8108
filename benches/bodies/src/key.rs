//! One API key, and how a list writes it.

use crate::random::Random;
use std::io::Write as _;

const ALPHANUMERIC: &[u8] = b"ABCDEFGHIJKLMNOPQRSTUVWXYZabcdefghijklmnopqrstuvwxyz0123456789";
const HEX: &[u8] = b"0123456789abcdef";

/// What stands between two escapes of a note, and the escapes.
const PROSE: &str = "the quick brown fox jumps over the lazy dog while the slow grey cat looks on and sleeps ";
const ESCAPES: [&str; 4] = ["\\n", "\\\"", "\\u00e9", "\\\\"];

/// Bytes of a note.
const LONG: usize = 10_000;

pub(crate) struct Key {
    id: String,
    note: Option<String>,
    token: String,
    last_used_at: Option<u64>,
    created_at: u64,
}

impl Key {
    pub(crate) fn new(number: usize, note: Note, random: &mut Random) -> Self {
        let created_at = 1_690_000_000 + random.next() % 40_000_000;
        Self {
            id: [8, 4, 4, 4, 12].map(|length| random.letters(HEX, length)).join("-"),
            note: match note {
                Note::None => None,
                Note::Prose => Some(prose(random)),
                Note::Nested => Some(nested(random)),
            },
            token: format!("app-{}", random.letters(ALPHANUMERIC, 24)),
            last_used_at: (number % 5 != 4).then(|| created_at + random.next() % 10_000_000),
            created_at,
        }
    }

    pub(crate) fn write(&self, layout: Layout, spelling: Spelling, to: &mut Vec<u8>) {
        let token = match spelling {
            Spelling::Full => self.token.clone(),
            Spelling::Masked => format!("{}...{}", &self.token[..5], &self.token[24..]),
        };
        let last_used_at = self.last_used_at.map_or_else(|| "null".to_owned(), |at| at.to_string());
        let note = self.note.as_deref().map(|note| ("note", format!("\"{note}\"")));
        let members =
            [("id", format!("\"{}\"", self.id)), ("type", "\"app\"".to_owned())].into_iter().chain(note).chain([
                ("token", format!("\"{token}\"")),
                ("last_used_at", last_used_at),
                ("created_at", self.created_at.to_string()),
            ]);
        let (open, comma, colon, close) = layout.object();
        let mut before = open;
        for (name, value) in members {
            write!(to, "{before}\"{name}\"{colon}{value}").expect("a Vec takes all");
            before = comma;
        }
        to.extend_from_slice(close.as_bytes());
    }
}

fn prose(random: &mut Random) -> String {
    let mut text = String::with_capacity(LONG + PROSE.len());
    while text.len() < LONG {
        // Not always as long, so that the escapes stand at all places of a vector's block.
        text.push_str(&PROSE[random.below(8)..]);
        text.push_str(ESCAPES[random.below(ESCAPES.len())]);
    }
    text
}

fn nested(random: &mut Random) -> String {
    let mut text = String::from(r#"{\"log\":\""#);
    while text.len() < LONG {
        let length = 4 + random.below(12);
        let (name, id) = (random.letters(ALPHANUMERIC, length), random.below(100_000));
        text.push_str(&format!(r#"{{\\\"name\\\":\\\"{name}\\\",\\\"id\\\":{id}}}"#));
    }
    text + r#"\"}"#
}

/// What else an object has.
#[derive(Clone, Copy)]
pub(crate) enum Note {
    None,
    Prose,
    Nested,
}

#[derive(Clone, Copy)]
pub(crate) enum Spelling {
    Full,
    Masked,
}

#[derive(Clone, Copy)]
pub(crate) enum Layout {
    Compact,
    Indented,
}

impl Layout {
    pub(crate) fn opening(self) -> &'static str {
        match self {
            Self::Compact => "{\"data\":[",
            Self::Indented => "{\n  \"data\": [\n    ",
        }
    }

    pub(crate) fn between(self) -> &'static str {
        match self {
            Self::Compact => ",",
            Self::Indented => ",\n    ",
        }
    }

    pub(crate) fn end(self) -> &'static str {
        match self {
            Self::Compact => "]}",
            Self::Indented => "\n  ]\n}\n",
        }
    }

    /// What opens an object, what stands between its members, what follows their names, and what closes it.
    fn object(self) -> (&'static str, &'static str, &'static str, &'static str) {
        match self {
            Self::Compact => ("{", ",", ":", "}"),
            Self::Indented => ("{\n      ", ",\n      ", ": ", "\n    }"),
        }
    }
}
