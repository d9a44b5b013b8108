//! The rules: which values are masked, and how a masked value is shown.

mod mark;
mod path;
mod policy;
mod selector;

pub(crate) use mark::Mark;
pub use path::{MAX_PATH_SEGMENTS, SelectorError};
pub(crate) use policy::Filler;
pub use policy::{MAX_FILLER, MAX_WIDTH, Policy, PolicyError, PolicyParts};
pub use selector::Selectors;
pub(crate) use selector::{MemberKey, StateSet};

use thiserror::Error;

/// By default, this many objects and arrays may be open at once.
pub const DEFAULT_MAX_DEPTH: usize = 512;

/// The rules for one kind of text, as plain data. [`Program`](super::Program) is their compiled
/// form.
///
/// ```
/// use last4::mask::{Reveal, Rules, Selectors};
///
/// let tokens = Selectors::compile(["token"], false).unwrap();
/// let rules = Rules::new(tokens).with_reveal(Reveal::TopLevel);
/// assert_eq!(rules.max_depth(), 512);
/// ```
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Rules {
    pub(crate) selectors: Selectors,
    pub(crate) reveal: Reveal,
    pub(crate) policy: Policy,
    pub(crate) max_depth: usize,
    pub(crate) ndjson: bool,
    pub(crate) mark: Option<Mark>,
}

impl Rules {
    /// Returns rules that mask what `selectors` select, with the default policy and limits, and
    /// reveal nothing.
    pub fn new(selectors: Selectors) -> Self {
        Self {
            selectors,
            reveal: Reveal::Nothing,
            policy: Policy::default(),
            max_depth: DEFAULT_MAX_DEPTH,
            ndjson: false,
            mark: None,
        }
    }

    /// Sets how a masked value is shown.
    #[must_use]
    pub fn with_policy(self, policy: Policy) -> Self {
        Self { policy, ..self }
    }

    /// Sets which selected fields pass unmasked, for the response to a *create*.
    #[must_use]
    pub fn with_reveal(self, reveal: Reveal) -> Self {
        Self { reveal, ..self }
    }

    /// Sets the limit of nesting: how many objects and arrays may be open at once.
    #[must_use]
    pub fn with_max_depth(self, max_depth: usize) -> Self {
        Self { max_depth, ..self }
    }

    /// Sets whether a text may hold any number of values, newline-delimited or concatenated.
    /// Nothing in such a text is revealed, because the response to a create is a single value.
    #[must_use]
    pub fn with_ndjson(self, ndjson: bool) -> Self {
        Self { ndjson, ..self }
    }

    /// Marks every object with a masked value: adds a member with this name and the value `true` at
    /// the object's end. An object that already has a member with this name stays as it is.
    ///
    /// With a mark, texts are read byte by byte, which is 4 to 20 times slower (0.6 instead of 11
    /// GB/s for a list of keys).
    ///
    /// ```
    /// use last4::mask::{Masker, Rules, Selectors};
    ///
    /// let rules = Rules::new(Selectors::compile(["token"], false).unwrap()).with_mark("masked");
    /// let mut masker = Masker::new(rules.into());
    /// let mut output = Vec::new();
    /// masker.write(br#"[{"token":"app-8fK2mQ7vXz31LtPq0RbNcY5d","n":1},{"n":2}]"#, &mut output)?;
    /// assert_eq!(output, br#"[{"token":"app-8...cY5d","n":1,"masked":true},{"n":2}]"#);
    /// # Ok::<(), last4::mask::Error>(())
    /// ```
    #[must_use]
    pub fn with_mark(self, name: &str) -> Self {
        Self { mark: Some(Mark::new(name)), ..self }
    }

    /// Sets that no object is marked.
    #[cfg(feature = "layer")]
    pub(crate) fn without_mark(self) -> Self {
        Self { mark: None, ..self }
    }

    /// Returns the limit of nesting.
    pub fn max_depth(&self) -> usize {
        self.max_depth
    }

    /// Returns rules for a text to which both sets apply. A value is masked if either set selects
    /// it, and revealed only if both have the same `reveal`. The lower limit of nesting holds, and
    /// no more of a value is shown than either policy shows. Fillers are `self`'s, and so is the
    /// mark if `self` has one.
    ///
    /// # Errors
    /// [`SelectorError::TooManySegments`] if the paths of both have too many segments for one
    /// matcher.
    pub fn union(&self, other: &Self) -> Result<Self, SelectorError> {
        Ok(Self {
            selectors: self.selectors.union(&other.selectors)?,
            reveal: if self.reveal == other.reveal { self.reveal.clone() } else { Reveal::Nothing },
            policy: self.policy.strictest(&other.policy),
            max_depth: self.max_depth.min(other.max_depth),
            ndjson: self.ndjson && other.ndjson,
            mark: self.mark.clone().or_else(|| other.mark.clone()),
        })
    }
}

/// Which selected fields of a text pass unmasked. The response to a *create* shows the new secret
/// once.
#[derive(Clone, Debug, PartialEq, Eq)]
#[non_exhaustive]
pub enum Reveal {
    /// No field.
    Nothing,
    /// The strings and numbers in selected fields of the top-level object. All deeper values are
    /// masked, even inside an object or array in a selected field.
    TopLevel,
    /// The fields at these paths, of any type. See [`Reveal::paths`].
    Paths(Selectors),
}

impl Reveal {
    /// Returns the revealed paths. `None` unless this is [`Self::Paths`].
    pub(crate) fn selectors(&self) -> Option<&Selectors> {
        match self {
            Self::Paths(paths) => Some(paths),
            Self::Nothing | Self::TopLevel => None,
        }
    }

    /// Reveals exactly the fields at `paths`, such as `$.data.token`.
    ///
    /// # Errors
    /// Each selector that is not valid or may match more than one field (a name at any depth, `*`,
    /// `..`), with its position in `paths`. A list must never be revealed.
    pub fn paths<S: AsRef<str>>(paths: &[S]) -> Result<Self, Vec<(usize, RulesError)>> {
        let mut errors = Vec::new();
        for (position, path) in paths.iter().enumerate() {
            match Selectors::compile([path], false) {
                Ok(selectors) if !selectors.is_exact() => errors.push((position, RulesError::RevealsMany)),
                Ok(_) => {}
                Err(refused) => errors.extend(refused.into_iter().map(|(_, error)| (position, error.into()))),
            }
        }
        if !errors.is_empty() {
            return Err(errors);
        }
        let compiled = Selectors::compile(paths, false);
        compiled
            .map(Self::Paths)
            .map_err(|refused| refused.into_iter().map(|(position, error)| (position, error.into())).collect())
    }
}

/// Why rules were refused.
#[derive(Clone, Debug, Error, PartialEq, Eq)]
#[non_exhaustive]
pub enum RulesError {
    /// A path to reveal may match many fields.
    #[error("a revealed field must be a path of plain names, such as \"$.data.token\": a wildcard could reveal a list")]
    RevealsMany,
    /// A selector is not valid.
    #[error(transparent)]
    Selector(#[from] SelectorError),
}
