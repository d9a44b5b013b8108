//! The engine: masks the selected values of a JSON text while it streams.
//!
//! Sans-IO, and without knowledge of HTTP. A [`Masker`] takes the text in chunks of any size. It
//! passes *verbatim* ranges of the input and *replacements* to a [`Sink`]. Nothing is serialised
//! again: every byte outside a masked value is the input's own. The output does not depend on how
//! the text was cut into chunks.
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
//! For many texts, compile a [`Program`] from the [`Rules`] once and share it.
//!
//! # What is checked
//! Positions of values are reliable only if the engine reads the text as every client does. So the
//! engine refuses a text whose strings, escapes, keys, nesting or bytes outside strings are not
//! JSON, and reports the offset. It does not check the spelling of numbers, `NaN` and `Infinity`,
//! or UTF-8 inside strings that are neither keys nor masked: no secret can hide there. After a
//! refusal the sink receives no further byte.
//!
//! # How it reads
//! Two readers take turns. The block scanner (`blocks`) reads 64 bytes at a time while the text is
//! ordinary. The byte machine (`machine`) reads everything else. The output and any error are the
//! same whichever of them reads a byte. `blocks/handover.rs` holds the contract between the two.
//!
//! # Memory
//! Each text needs:
//! - a bounded piece of the value being masked;
//! - the current key, up to the longest name in the rules;
//! - a bit for each open object or array;
//! - an entry for each open object or array in which the treatment of values changes or, with a
//!   mark, a value is masked;
//! - up to 12 KiB for the layout of a list's items, which the program keeps for the next text.

mod blocks;
mod core;
mod machine;
mod masker;
mod rules;

pub use blocks::{Instructions, Program};
#[cfg(feature = "layer")]
pub(crate) use core::Discard;
pub use core::{Error, ErrorKind, Sink, Summary};
pub use masker::Masker;
pub use rules::{
    DEFAULT_MAX_DEPTH, MAX_FILLER, MAX_PATH_SEGMENTS, MAX_WIDTH, Policy, PolicyError, PolicyParts, Reveal, Rules,
    RulesError, SelectorError, Selectors,
};
