//! How a secret is shown: the numbers and fillers of the short form (prefix + last 4).

use thiserror::Error;

/// Most characters that `first`, `last` and `min_hidden` may each be.
///
/// A masked string is held back until it is known to be long enough to mask, so these bound what one value costs.
pub const MAX_WIDTH: usize = 64;

/// Most characters of `ellipsis` and of `short`.
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
    /// At least this many characters stay hidden; a secret too short for that is shown as `short`.
    pub min_hidden: usize,
    /// Stands for the hidden characters.
    pub ellipsis: String,
    /// Stands for a whole secret that is too short to show a part of, and for a number.
    pub short: String,
}

impl Default for PolicyParts {
    fn default() -> Self {
        Self { first: 5, last: 4, min_hidden: 8, ellipsis: "...".to_owned(), short: "***".to_owned() }
    }
}

/// A checked masking policy: only valid ones exist.
///
/// ```
/// use last4::mask::{Policy, PolicyParts};
///
/// let policy = Policy::new(PolicyParts { first: 3, ..PolicyParts::default() })?;
/// assert_eq!(policy.parts().first, 3);
/// assert!(Policy::new(PolicyParts { ellipsis: String::new(), ..PolicyParts::default() }).is_err());
/// # Ok::<(), last4::mask::PolicyError>(())
/// ```
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Policy {
    parts: PolicyParts,
    pub(crate) ellipsis: Filler,
    pub(crate) short: Filler,
    /// Another ellipsis by which a value is known that came masked; this policy's own takes its place.
    pub(crate) came: Option<Filler>,
    /// Bytes of a secret from which on it is neither in masked form nor too short to show a part of.
    pub(crate) long_from: usize,
}

impl Policy {
    /// Checks the parts.
    ///
    /// # Errors
    /// A width over [`MAX_WIDTH`], a filler over [`MAX_FILLER`], or an empty ellipsis: with one, a secret of exactly
    /// `first + last` characters could not be told from a masked one and would be shown whole.
    pub fn new(parts: PolicyParts) -> Result<Self, PolicyError> {
        for (name, width) in [("first", parts.first), ("last", parts.last), ("min_hidden", parts.min_hidden)] {
            if width > MAX_WIDTH {
                return Err(PolicyError::Width { name });
            }
        }
        if parts.ellipsis.is_empty() {
            return Err(PolicyError::EmptyEllipsis);
        }
        let (ellipsis, short) = (Filler::new(&parts.ellipsis), Filler::new(&parts.short));
        for (name, filler) in [("ellipsis", &ellipsis), ("short", &short)] {
            if filler.chars.len() > MAX_FILLER {
                return Err(PolicyError::Filler { name });
            }
        }
        Ok(Self::made(parts, ellipsis, short, None))
    }

    /// The policy that shows no more of any value than either does: the fewer characters at each end, the more hidden. The fillers are
    /// `self`'s.
    #[must_use]
    pub(crate) fn strictest(&self, other: &Self) -> Self {
        let (one, two) = (&self.parts, &other.parts);
        let parts = PolicyParts {
            first: one.first.min(two.first),
            last: one.last.min(two.last),
            min_hidden: one.min_hidden.max(two.min_hidden),
            ..one.clone()
        };
        Self::made(parts, self.ellipsis.clone(), self.short.clone(), self.came.clone())
    }

    /// The same policy, which also knows values that came masked with this ellipsis: it puts its own in its place, where it would
    /// take one as short as that for a secret. For fillers that make every masked value as long, and an API that masks some itself.
    ///
    /// # Errors
    /// The ellipsis is empty or too long.
    pub fn with_came(self, ellipsis: &str) -> Result<Self, PolicyError> {
        let came = Self::new(PolicyParts { ellipsis: ellipsis.to_owned(), ..self.parts.clone() })?.ellipsis;
        Ok(Self::made(self.parts, self.ellipsis, self.short, Some(came)))
    }

    fn made(parts: PolicyParts, ellipsis: Filler, short: Filler, came: Option<Filler>) -> Self {
        Self { long_from: long_from(&parts, &ellipsis, &short, came.as_ref()), parts, ellipsis, short, came }
    }

    /// The parts this policy was made of.
    pub fn parts(&self) -> &PolicyParts {
        &self.parts
    }

    /// Characters of a string in masked form: first, ellipsis, last.
    pub(crate) fn masked_len(&self) -> usize {
        self.len_with(&self.ellipsis)
    }

    /// Characters of a string in masked form with this ellipsis.
    pub(crate) fn len_with(&self, ellipsis: &Filler) -> usize {
        self.parts.first + ellipsis.chars.len() + self.parts.last
    }

    /// Characters of the longest string in any masked form.
    pub(crate) fn longest_masked(&self) -> usize {
        let came = self.came.as_ref().map_or(0, |came| self.len_with(came));
        self.masked_len().max(self.short.chars.len()).max(came)
    }

    /// The fewest characters that a secret must have for a part of it to be shown.
    pub(crate) fn shown_from(&self) -> usize {
        self.parts.first + self.parts.last + self.parts.min_hidden
    }
}

impl Default for Policy {
    fn default() -> Self {
        let parts = PolicyParts::default();
        let (ellipsis, short) = (Filler::new(&parts.ellipsis), Filler::new(&parts.short));
        Self::made(parts, ellipsis, short, None)
    }
}

fn long_from(parts: &PolicyParts, ellipsis: &Filler, short: &Filler, came: Option<&Filler>) -> usize {
    let PolicyParts { first, last, min_hidden, .. } = parts;
    let longest_ellipsis = came.map_or(0, |came| came.utf8.len()).max(ellipsis.utf8.len());
    let longest_masked = (first + longest_ellipsis + last).max(short.utf8.len());
    (longest_masked + 1).max(first + last + min_hidden)
}

/// Text that last4 writes into a document, as characters to compare with and as JSON bytes to write.
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
                // Beside the controls, the two line separators that JSON allows and JavaScript once did not.
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
    /// Without an ellipsis a short secret would be shown whole.
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
        let policy = Policy::new(parts).unwrap().with_came("...").unwrap();
        let rules = Rules::new(Selectors::compile(["token"], false).unwrap()).with_policy(policy);
        let program = Arc::new(Program::new(rules));
        let filled = "app-8.................cY5d";
        for (came, shown) in [
            ("app-8...cY5d", filled),
            (filled, filled),
            ("app-8fK2mQ7vXz31LtPq0RbNcY5d", filled),
            (r"app\u002d8..\u002ecY5d", r"app\u002d8.................cY5d"),
            ("***", &"*".repeat(26)),
            ("app-8..xcY5d", &"*".repeat(26)),
            ("", ""),
        ] {
            let text = format!("[{{\"token\":\"{came}\"}}]");
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

    /// Written by hand: first, last, min_hidden of one, of the other, and of both.
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
