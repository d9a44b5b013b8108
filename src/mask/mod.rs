//! The engine: masks the selected values of a JSON text while it streams by.
//!
//! It is sans-IO and knows no HTTP. A [`Masker`] takes the text in chunks of any size and hands a [`Sink`] two kinds of
//! bytes: *verbatim* ranges of what it was given, and *replacements*. Nothing is ever re-serialised, so every byte outside a
//! masked value is the input's own; how the text was cut into chunks makes no difference to the output.
//!
//! ```
//! use last4::mask::{Masker, Rules, Selectors};
//!
//! let rules = Rules::new(Selectors::compile(["token"], false).unwrap());
//! let mut masker = Masker::new(rules.into());
//! let mut output = Vec::new();
//! masker.write(br#"{"data":[{"token":"app-8fK2mQ7vXz31L"#, &mut output)?;
//! masker.write(br#"tPq0RbNcY5d", "n": 1.0}]}"#, &mut output)?;
//! let summary = masker.finish()?;
//! assert_eq!(output, br#"{"data":[{"token":"app-8...cY5d", "n": 1.0}]}"#);
//! assert_eq!(summary.masked, 1);
//! # Ok::<(), last4::mask::Error>(())
//! ```
//!
//! # What is checked
//! The places of values can be trusted only if the text is read as every client reads it, so the engine refuses a text whose
//! strings, escapes, keys, nesting or bytes outside strings are not JSON's own, and it says where. It does not judge what can
//! hide nothing: how a number is spelt, `NaN` and `Infinity`, bytes that are not UTF-8 inside strings that are neither keys nor
//! masked. Once it has refused, it stays refused: no later byte is handed out.
//!
//! # How it reads
//! Where there is nothing to mask the text is read in blocks of 64 bytes, and byte by byte wherever anything is unusual: see
//! `blocks/mod.rs`. Which of the two read a byte makes no difference to the verdict or to the output.
//!
//! # Memory
//! Constant: a bounded piece of the value being masked, the current key up to the longest name asked for, a bit for each open object
//! or array up to the depth limit and an entry where the treatment changes or, if there is a mark, a value is masked, and up to 12 KiB of what was learned about how a list's items
//! lie, which is kept for the next text under the same rules.

mod blocks;
mod core;
mod machine;
mod masker;
mod rules;

pub use blocks::{Instructions, Program};
pub use core::{Error, ErrorKind, Sink, Summary};
pub use masker::Masker;
pub use rules::{
    DEFAULT_MAX_DEPTH, MAX_FILLER, MAX_PATH_SEGMENTS, MAX_WIDTH, Policy, PolicyError, PolicyParts, Reveal, Rules,
    RulesError, SelectorError, Selectors,
};
