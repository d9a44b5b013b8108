//! What is masked and how: everything about a route that the engine needs to know.

use super::blocks::{KeyFilter, Learned};
use super::mark::Mark;
use super::{Policy, SelectorError, Selectors};
use thiserror::Error;

/// Default limit of nesting.
pub const DEFAULT_MAX_DEPTH: usize = 512;

/// The rules for one kind of text. Compiled once and shared by every [`Masker`](super::Masker).
///
/// ```
/// use last4::mask::{Reveal, Rules, Selectors};
///
/// let rules = Rules::new(Selectors::compile(["token"], false).unwrap()).with_reveal(Reveal::TopLevel);
/// assert_eq!(rules.max_depth(), 512);
/// ```
#[derive(Clone, Debug)]
pub struct Rules {
    pub(super) selectors: Selectors,
    pub(super) reveal: Reveal,
    pub(super) policy: Policy,
    pub(super) max_depth: usize,
    pub(super) ndjson: bool,
    pub(super) mark: Option<Mark>,
    pub(super) keys: KeyFilter,
    /// Whether where a value lies makes no difference to its treatment, but for how deep.
    pub(super) flat: bool,
    /// Whether the value of every key that is a name is masked, wherever it lies.
    pub(super) masks_all_names: bool,
    pub(super) learned: Learned,
}

impl Rules {
    /// Rules that mask what `selectors` select, with the default policy and limits, and reveal nothing.
    pub fn new(selectors: Selectors) -> Self {
        Self {
            keys: KeyFilter::new([&selectors]),
            flat: !selectors.has_paths(),
            masks_all_names: !selectors.has_paths(),
            learned: Learned::default(),
            selectors,
            reveal: Reveal::Nothing,
            policy: Policy::default(),
            max_depth: DEFAULT_MAX_DEPTH,
            ndjson: false,
            mark: None,
        }
    }

    /// The same rules with another policy.
    #[must_use]
    pub fn with_policy(self, policy: Policy) -> Self {
        Self { policy, learned: Learned::default(), ..self }
    }

    /// The same rules for an answer that may show a secret.
    #[must_use]
    pub fn with_reveal(self, reveal: Reveal) -> Self {
        let keys = KeyFilter::new([&self.selectors].into_iter().chain(reveal.selectors()));
        let flat = !self.selectors.has_paths() && reveal.selectors().is_none();
        let masks_all_names = flat && reveal == Reveal::Nothing;
        Self { keys, flat, masks_all_names, reveal, learned: Learned::default(), ..self }
    }

    /// The same rules with another limit of nesting: how many objects and arrays may be open at once.
    #[must_use]
    pub fn with_max_depth(self, max_depth: usize) -> Self {
        Self { max_depth, learned: Learned::default(), ..self }
    }

    /// The same rules for texts that hold any number of values one after another (newline-delimited or concatenated).
    /// Such a text is never one created object, so it reveals nothing.
    #[must_use]
    pub fn with_ndjson(self, ndjson: bool) -> Self {
        Self { ndjson, learned: Learned::default(), ..self }
    }

    /// The same rules, which also add a member of this name, with the value `true`, to every object in which a value is masked: at its
    /// end, once, and not where it has a member of that name. With it, texts are read byte by byte.
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

    /// The limit of nesting.
    pub fn max_depth(&self) -> usize {
        self.max_depth
    }

    /// Rules for a text that both sets apply to: whatever either selects is masked, only what both reveal is revealed, the
    /// tighter limit holds, and no more of a value is shown than either policy shows. Fillers are `self`'s, and so is the mark, if it has
    /// one.
    ///
    /// # Errors
    /// [`SelectorError::TooManySegments`] where the selectors of both do not fit one matcher.
    pub fn union(&self, other: &Self) -> Result<Self, SelectorError> {
        let reveal = if self.reveal == other.reveal { self.reveal.clone() } else { Reveal::Nothing };
        let both = Self::new(self.selectors.union(&other.selectors)?)
            .with_reveal(reveal)
            .with_policy(self.policy.strictest(&other.policy))
            .with_max_depth(self.max_depth.min(other.max_depth));
        let mark = self.mark.clone().or_else(|| other.mark.clone());
        Ok(Self { mark, ..both.with_ndjson(self.ndjson && other.ndjson) })
    }
}

/// Which selected fields of a text pass untouched: the answer to a *create* shows its one secret.
#[derive(Clone, Debug, PartialEq, Eq)]
#[non_exhaustive]
pub enum Reveal {
    /// None.
    Nothing,
    /// The strings and numbers in selected fields of the top-level object. What is deeper is masked, in an object or array in such a
    /// field too.
    TopLevel,
    /// The fields that these paths lead to, whatever they hold. See [`Reveal::paths`].
    Paths(Selectors),
}

impl Reveal {
    /// The paths that are revealed.
    fn selectors(&self) -> Option<&Selectors> {
        match self {
            Self::Paths(paths) => Some(paths),
            Self::Nothing | Self::TopLevel => None,
        }
    }

    /// Reveals exactly the fields at `paths`, such as `$.data.token`.
    ///
    /// # Errors
    /// A selector that is not understood, or that could lead to more than one field (a name at any depth, `*`, `..`): a
    /// list must never be revealed. Each with its position.
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
    /// A revealing path that may lead to many fields.
    #[error("a revealed field must be a path of plain names, such as \"$.data.token\": a wildcard could reveal a list")]
    RevealsMany,
    /// A selector that is not understood.
    #[error(transparent)]
    Selector(#[from] SelectorError),
}
