//! How a secret is shown: the numbers and fillers of the short form (prefix + last 4).

use thiserror::Error;

/// The most characters for each of `first`, `last` and `min_hidden`.
///
/// This bounds the memory for one value: the engine keeps a secret's first and last characters
/// until its end.
pub const MAX_WIDTH: usize = 64;

/// The most characters for each of `ellipsis` and `short`.
pub const MAX_FILLER: usize = 64;

/// The parts of a [`Policy`], before they are checked.
///
/// Lengths count characters: Unicode scalar values of the unescaped string.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct PolicyParts {
    /// Characters shown at the front.
    pub first: usize,
    /// Characters shown at the end.
    pub last: usize,
    /// The least number of hidden characters. A secret with fewer than `first + last + min_hidden`
    /// characters is replaced by `short`.
    pub min_hidden: usize,
    /// The text in place of the hidden characters.
    pub ellipsis: String,
    /// The text in place of a number, or of a secret that is too short to show a part of it.
    pub short: String,
}

impl Default for PolicyParts {
    fn default() -> Self {
        Self { first: 5, last: 4, min_hidden: 8, ellipsis: "...".to_owned(), short: "***".to_owned() }
    }
}

/// A checked masking policy: an invalid policy cannot exist.
///
/// ```
/// use last4::mask::{Policy, PolicyParts};
///
/// let policy = Policy::new(PolicyParts { first: 3, ..PolicyParts::default() })?;
/// assert_eq!(policy.parts().first, 3);
/// let ellipsis = String::new();
/// assert!(Policy::new(PolicyParts { ellipsis, ..PolicyParts::default() }).is_err());
/// # Ok::<(), last4::mask::PolicyError>(())
/// ```
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Policy {
    parts: PolicyParts,
    pub(crate) ellipsis: Filler,
    pub(crate) short: Filler,
    /// The fillers of a masked form that is filled up to this policy's.
    pub(crate) unfilled: Option<Unfilled>,
    /// In bytes. A secret of at least this length is not in masked form, and long enough to show a
    /// part of it.
    pub(crate) long_from: usize,
}

impl Policy {
    /// Checks the parts.
    ///
    /// # Errors
    /// A width is over [`MAX_WIDTH`], a filler is over [`MAX_FILLER`], or the ellipsis is empty.
    /// With an empty ellipsis, a secret of exactly `first + last` characters would look like a
    /// masked value and be shown whole.
    pub fn new(parts: PolicyParts) -> Result<Self, PolicyError> {
        for (name, width) in [("first", parts.first), ("last", parts.last), ("min_hidden", parts.min_hidden)] {
            if width > MAX_WIDTH {
                return Err(PolicyError::Width { name });
            }
        }
        if parts.ellipsis.is_empty() {
            return Err(PolicyError::EmptyEllipsis);
        }
        for (name, filler) in [("ellipsis", &parts.ellipsis), ("short", &parts.short)] {
            if filler.chars().count() > MAX_FILLER {
                return Err(PolicyError::Filler { name });
            }
        }
        Ok(Self::compile(parts, None))
    }

    /// Returns the policy that shows no more of any value than either policy: the smaller `first`
    /// and `last`, and the larger `min_hidden`. The fillers are `self`'s.
    #[must_use]
    pub(crate) fn strictest(&self, other: &Self) -> Self {
        let (one, two) = (&self.parts, &other.parts);
        let parts = PolicyParts {
            first: one.first.min(two.first),
            last: one.last.min(two.last),
            min_hidden: one.min_hidden.max(two.min_hidden),
            ..one.clone()
        };
        Self::compile(parts, self.unfilled.clone())
    }

    /// Also recognises values that came masked with these fillers, and fills them up with the
    /// policy's own. Without this, such a value is masked once more, and is shown as `short` if it
    /// is shorter than a secret of which a part is shown. For a policy whose fillers make all
    /// masked values equally long.
    ///
    /// # Errors
    /// The ellipsis is empty, or a filler is too long.
    pub fn with_unfilled(self, ellipsis: &str, short: &str) -> Result<Self, PolicyError> {
        let (ellipsis, short) = (ellipsis.to_owned(), short.to_owned());
        let Self { ellipsis, short, .. } = Self::new(PolicyParts { ellipsis, short, ..self.parts.clone() })?;
        Ok(Self::compile(self.parts, Some(Unfilled { ellipsis, short })))
    }

    fn compile(parts: PolicyParts, unfilled: Option<Unfilled>) -> Self {
        let (ellipsis, short) = (Filler::new(&parts.ellipsis), Filler::new(&parts.short));
        let PolicyParts { first, last, min_hidden, .. } = parts;
        let lengths = |ellipsis: &Filler, short: &Filler| (first + ellipsis.utf8.len() + last).max(short.utf8.len());
        let longest_unfilled = unfilled.as_ref().map_or(0, |unfilled| lengths(&unfilled.ellipsis, &unfilled.short));
        let longest_masked = lengths(&ellipsis, &short).max(longest_unfilled);
        let long_from = (longest_masked + 1).max(first + last + min_hidden);
        Self { parts, ellipsis, short, unfilled, long_from }
    }

    /// Returns the parts of the policy.
    pub fn parts(&self) -> &PolicyParts {
        &self.parts
    }

    /// Returns the number of characters of a masked string: first, ellipsis, last.
    pub(crate) fn masked_len(&self) -> usize {
        self.len_with(&self.ellipsis)
    }

    /// Returns the number of characters of a string that is masked with this ellipsis.
    pub(crate) fn len_with(&self, ellipsis: &Filler) -> usize {
        self.parts.first + ellipsis.chars.len() + self.parts.last
    }

    /// Returns the number of characters of the longest masked form.
    pub(crate) fn longest_masked(&self) -> usize {
        let longest = |(ellipsis, short): (&Filler, &Filler)| self.len_with(ellipsis).max(short.chars.len());
        self.forms().map(longest).max().unwrap_or_default()
    }

    /// Whether a whole text is in a masked form.
    #[cfg(feature = "layer")]
    pub(crate) fn is_masked(&self, text: &str) -> bool {
        self.is_short(text) || self.is_excerpt(text)
    }

    /// Whether a whole text is the short form.
    #[cfg(feature = "layer")]
    pub(crate) fn is_short(&self, text: &str) -> bool {
        !text.is_empty() && self.forms().any(|(_, short)| text.chars().eq(short.chars.iter().copied()))
    }

    /// Whether a whole text is first characters, ellipsis, last characters.
    #[cfg(feature = "layer")]
    pub(crate) fn is_excerpt(&self, text: &str) -> bool {
        self.forms().any(|(ellipsis, _)| {
            let rest = text.chars().skip(self.parts.first);
            text.chars().count() == self.len_with(ellipsis)
                && rest.take(ellipsis.chars.len()).eq(ellipsis.chars.iter().copied())
        })
    }

    /// Whether the masked form of a long secret shows characters at both ends.
    #[cfg(feature = "layer")]
    pub(crate) fn shows_both_ends(&self) -> bool {
        self.parts.first > 0 && self.parts.last > 0
    }

    /// Returns the ellipsis and the short form of each masked form.
    pub(crate) fn forms(&self) -> impl Iterator<Item = (&Filler, &Filler)> {
        let unfilled = self.unfilled.as_ref().map(|unfilled| (&unfilled.ellipsis, &unfilled.short));
        std::iter::once((&self.ellipsis, &self.short)).chain(unfilled)
    }

    /// Returns the least number of characters with which a part of a secret is shown.
    pub(crate) fn shown_from(&self) -> usize {
        self.parts.first + self.parts.last + self.parts.min_hidden
    }
}

impl Default for Policy {
    fn default() -> Self {
        Self::compile(PolicyParts::default(), None)
    }
}

/// The fillers of an unfilled masked form.
#[derive(Clone, Debug, PartialEq, Eq)]
pub(crate) struct Unfilled {
    pub(crate) ellipsis: Filler,
    pub(crate) short: Filler,
}

/// A text that last4 writes into a document, as characters for comparisons and as JSON for output.
#[derive(Clone, Debug, PartialEq, Eq)]
pub(crate) struct Filler {
    pub(crate) chars: Box<[char]>,
    pub(crate) utf8: Box<[u8]>,
    pub(crate) json: Box<[u8]>,
}

impl Filler {
    pub(crate) fn new(text: &str) -> Self {
        let mut json = String::with_capacity(text.len());
        for c in text.chars() {
            match c {
                '"' | '\\' => json.extend(['\\', c]),
                // Escapes control characters and U+2028 and U+2029. JSON allows these two in
                // strings, but JavaScript before ES2019 did not.
                '\0'..='\x1f' | '\u{2028}' | '\u{2029}' => json.push_str(&format!("\\u{:04x}", u32::from(c))),
                _ => json.push(c),
            }
        }
        Self { chars: text.chars().collect(), utf8: text.as_bytes().into(), json: json.into_bytes().into_boxed_slice() }
    }
}

/// Why a policy was refused.
#[derive(Clone, Debug, Error, PartialEq, Eq)]
#[non_exhaustive]
pub enum PolicyError {
    /// The ellipsis is empty: a short secret would be shown whole.
    #[error("`ellipsis` must not be empty: write at least one character, such as \"...\"")]
    EmptyEllipsis,
    /// A filler is too long.
    #[error("`{name}` may have at most {MAX_FILLER} characters")]
    Filler {
        /// The part's name.
        name: &'static str,
    },
    /// A width is too large.
    #[error("`{name}` may be at most {MAX_WIDTH}")]
    Width {
        /// The part's name.
        name: &'static str,
    },
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::mask::{Masker, Program, Rules, Selectors};
    use std::sync::Arc;

    #[test]
    fn a_value_that_came_masked_in_another_form_is_filled_up() {
        let parts = PolicyParts { ellipsis: ".".repeat(17), short: "*".repeat(26), ..PolicyParts::default() };
        let policy = Policy::new(parts).unwrap().with_unfilled("...", "***").unwrap();
        let rules = Rules::new(Selectors::compile(["token"], false).unwrap()).with_policy(policy);
        let program = Arc::new(Program::new(rules));
        let filled = "app-8.................cY5d";
        for (value, shown) in [
            ("app-8...cY5d", filled),
            (filled, filled),
            ("app-8fK2mQ7vXz31LtPq0RbNcY5d", filled),
            (r"app\u002d8..\u002ecY5d", r"app\u002d8.................cY5d"),
            ("***", &"*".repeat(26)),
            ("app-8..xcY5d", &"*".repeat(26)),
            ("", ""),
        ] {
            let text = format!("[{{\"token\":\"{value}\"}}]");
            for cut in 0..text.len() {
                let mut masker = Masker::new(Arc::clone(&program));
                let mut output = Vec::new();
                let (one, two) = text.as_bytes().split_at(cut);
                masker.write(one, &mut output).unwrap();
                masker.write(two, &mut output).unwrap();
                assert_eq!(String::from_utf8(output).unwrap(), format!("[{{\"token\":\"{shown}\"}}]"));
            }
        }
    }

    /// Each triple is `first`, `last`, `min_hidden` of one policy, of another, and of both
    /// together.
    #[test]
    fn of_two_policies_the_strictest_of_each_number_holds() {
        for (one, two, both) in [
            ((5, 4, 8), (5, 4, 8), (5, 4, 8)),
            ((14, 14, 0), (5, 4, 8), (5, 4, 8)),
            ((5, 4, 8), (14, 14, 0), (5, 4, 8)),
            ((0, 4, 8), (5, 0, 0), (0, 0, 8)),
            ((6, 2, 3), (3, 6, 9), (3, 2, 9)),
        ] {
            let policy = |(first, last, min_hidden)| {
                Policy::new(PolicyParts { first, last, min_hidden, ..PolicyParts::default() }).unwrap()
            };
            assert_eq!(policy(one).strictest(&policy(two)), policy(both));
        }
    }
}
