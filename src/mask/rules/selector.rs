//! Selectors: the fields that hold secrets. Names at any depth and paths (a subset of RFC 9535),
//! compiled to a matcher.

use super::path::{MAX_PATH_SEGMENTS, PathSegment, SegmentSelector, SelectorError, parse_path};

/// A compiled set of field selectors.
///
/// A selector that begins with `$` is a path of the RFC 9535 subset `.name`, `['name']`, `.*`,
/// `[*]`, `..name`, `..['name']`, `..*`. Any other selector is a field name that is selected at any
/// depth.
///
/// ```
/// use last4::mask::Selectors;
///
/// let selectors = Selectors::compile(["token", "$.data[*].secret"], false).unwrap();
/// assert!(!selectors.is_empty());
/// assert!(Selectors::compile(["$.data[0]"], false).is_err());
/// ```
#[derive(Clone, Debug, Default, PartialEq, Eq)]
pub struct Selectors {
    names: Vec<Box<[u8]>>,
    segments: Vec<PathSegment>,
    /// A bit for the first segment of each path.
    starts: StateSet,
    ignore_case: bool,
    longest_name: usize,
}

impl Selectors {
    /// Compiles selectors. With `ignore_case`, names match in any letter case, as in lenient
    /// clients.
    ///
    /// # Errors
    /// Each selector that is not valid, with its position in the list.
    pub fn compile<I>(selectors: I, ignore_case: bool) -> Result<Self, Vec<(usize, SelectorError)>>
    where
        I: IntoIterator,
        I::Item: AsRef<str>,
    {
        let mut compiled = Self { ignore_case, ..Self::default() };
        let mut errors = Vec::new();
        for (position, selector) in selectors.into_iter().enumerate() {
            if let Err(error) = compiled.add(selector.as_ref()) {
                errors.push((position, error));
            }
        }
        if errors.is_empty() { Ok(compiled) } else { Err(errors) }
    }

    /// Whether nothing is selected.
    pub fn is_empty(&self) -> bool {
        self.names.is_empty() && self.segments.is_empty()
    }

    /// Returns selectors for all fields that either set selects. Names ignore letter case if either
    /// set ignores it.
    ///
    /// # Errors
    /// [`SelectorError::TooManySegments`] if the paths of both have too many segments for one
    /// matcher.
    pub fn union(&self, other: &Self) -> Result<Self, SelectorError> {
        let mut both = Self { ignore_case: self.ignore_case || other.ignore_case, ..Self::default() };
        for set in [self, other] {
            for name in &set.names {
                both.add_name(name);
            }
            both.add_segments(set.starts, set.segments.clone())?;
        }
        Ok(both)
    }

    /// Whether every selector is a path of plain names, so that it leads to one place in a
    /// document.
    pub fn is_exact(&self) -> bool {
        self.names.is_empty()
            && self.segments.iter().all(|segment| !segment.descend && segment.selector != SegmentSelector::Wildcard)
    }

    /// Whether a member of the top-level object can be selected.
    pub fn may_select_top_level(&self) -> bool {
        let may_start = |bit: usize| self.starts >> bit & 1 == 1;
        !self.names.is_empty() || self.segments.iter().enumerate().any(|(bit, segment)| may_start(bit) && segment.last)
    }

    /// Whether any selector is a path.
    pub(crate) fn has_paths(&self) -> bool {
        !self.segments.is_empty()
    }

    /// Returns the names in all selectors, folded to lower case if case is ignored.
    pub(crate) fn all_names(&self) -> impl Iterator<Item = &[u8]> {
        let in_paths = self.segments.iter().filter_map(|segment| match &segment.selector {
            SegmentSelector::Name(name) => Some(&**name),
            SegmentSelector::Wildcard => None,
        });
        self.names.iter().map(|name| &**name).chain(in_paths)
    }

    /// Whether names ignore letter case.
    pub(crate) fn ignores_case(&self) -> bool {
        self.ignore_case
    }

    /// Returns the length in bytes of the longest unescaped key that can match a name.
    pub(crate) fn longest_name(&self) -> usize {
        self.longest_name
    }

    /// Returns the matcher's state at the document's root.
    pub(crate) fn root(&self) -> StateSet {
        self.starts
    }

    /// Steps from an object in state `from` to its member `key` (unescaped). Returns whether the
    /// member is selected, and the matcher's state inside it.
    pub(crate) fn member(&self, from: StateSet, key: MemberKey<'_>) -> (bool, StateSet) {
        let folded;
        let key = match key {
            MemberKey::Known(bytes) if self.ignore_case => {
                folded = fold_case(bytes);
                Some(folded.as_slice())
            }
            MemberKey::Known(bytes) => Some(bytes),
            MemberKey::Other => None,
        };
        let by_name = key.is_some_and(|key| self.names.iter().any(|name| **name == *key));
        let (by_path, state) = self.advance(from, |segment| match &segment.selector {
            SegmentSelector::Wildcard => true,
            SegmentSelector::Name(name) => key.is_some_and(|key| **name == *key),
        });
        (by_name || by_path, state)
    }

    /// Steps from an array in state `from` to an element. Returns whether the element is selected,
    /// and the matcher's state inside it.
    pub(crate) fn element(&self, from: StateSet) -> (bool, StateSet) {
        self.advance(from, |segment| matches!(segment.selector, SegmentSelector::Wildcard))
    }

    fn advance(&self, from: StateSet, matches: impl Fn(&PathSegment) -> bool) -> (bool, StateSet) {
        let (mut selected, mut state) = (false, 0);
        let mut left = from;
        while left != 0 {
            let bit = left.trailing_zeros() as usize;
            left &= left - 1;
            let Some(segment) = self.segments.get(bit) else { break };
            if segment.descend {
                state |= 1 << bit;
            }
            if matches(segment) {
                if segment.last {
                    selected = true;
                } else {
                    state |= 2 << bit;
                }
            }
        }
        (selected, state)
    }

    fn add(&mut self, selector: &str) -> Result<(), SelectorError> {
        if selector.is_empty() {
            return Err(SelectorError::Empty);
        }
        match selector.strip_prefix('$') {
            Some(path) => self.add_segments(1, parse_path(path)?),
            None => {
                self.add_name(selector.as_bytes());
                Ok(())
            }
        }
    }

    fn add_name(&mut self, name: &[u8]) {
        let name = self.fold(name);
        if !self.names.contains(&name) {
            self.names.push(name);
        }
    }

    fn add_segments(&mut self, starts: StateSet, mut segments: Vec<PathSegment>) -> Result<(), SelectorError> {
        let offset = self.segments.len();
        if offset + segments.len() > MAX_PATH_SEGMENTS {
            return Err(SelectorError::TooManySegments);
        }
        for segment in &mut segments {
            if let SegmentSelector::Name(name) = &mut segment.selector {
                *name = self.fold(name);
            }
        }
        self.starts |= starts.checked_shl(offset as u32).unwrap_or(0);
        self.segments.append(&mut segments);
        Ok(())
    }

    fn fold(&mut self, name: &[u8]) -> Box<[u8]> {
        let name = if self.ignore_case { fold_case(name) } else { name.to_vec() };
        // A key may be longer than its folded name: the Kelvin sign has three bytes, but its fold,
        // `k`, has one.
        let longest_key = if self.ignore_case { name.len() * 3 } else { name.len() };
        self.longest_name = self.longest_name.max(longest_key);
        name.into_boxed_slice()
    }
}

/// The state of a nondeterministic automaton. Bit *i* means that segment *i* may match the next
/// member or element.
pub(crate) type StateSet = u64;

/// A member's name, unescaped.
#[derive(Clone, Copy)]
pub(crate) enum MemberKey<'a> {
    /// The name's bytes.
    Known(&'a [u8]),
    /// A name that is not in the rules.
    Other,
}

/// Folds letter case as the most lenient clients do, through upper case: U+017F becomes `s`, and
/// U+212A becomes `k`. In a name that is not UTF-8, only ASCII letters are folded.
fn fold_case(bytes: &[u8]) -> Vec<u8> {
    match std::str::from_utf8(bytes) {
        Ok(text) if !text.is_ascii() => {
            text.chars().flat_map(char::to_uppercase).flat_map(char::to_lowercase).collect::<String>().into_bytes()
        }
        _ => bytes.to_ascii_lowercase(),
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    fn selected(selectors: &Selectors, path: &[&str]) -> bool {
        let mut state = selectors.root();
        let mut hit = false;
        for segment in path {
            (hit, state) = match *segment {
                "[]" => selectors.element(state),
                name => selectors.member(state, MemberKey::Known(name.as_bytes())),
            };
        }
        hit
    }

    #[test]
    fn a_name_is_selected_at_any_depth() {
        let selectors = Selectors::compile(["token"], false).unwrap();
        assert!(selected(&selectors, &["token"]));
        assert!(selected(&selectors, &["data", "[]", "x", "token"]));
        assert!(!selected(&selectors, &["data", "[]", "Token"]));
    }

    #[test]
    fn a_path_is_selected_only_where_it_leads() {
        let selectors = Selectors::compile(["$.data[*].token", "$..secret.value", "$['a.b'].*"], false).unwrap();
        assert!(selected(&selectors, &["data", "[]", "token"]));
        assert!(selected(&selectors, &["data", "x", "token"]));
        assert!(!selected(&selectors, &["token"]));
        assert!(!selected(&selectors, &["data", "token"]));
        assert!(selected(&selectors, &["a", "[]", "secret", "value"]));
        assert!(selected(&selectors, &["secret", "secret", "value"]));
        assert!(!selected(&selectors, &["secret", "x", "value"]));
        assert!(selected(&selectors, &["a.b", "anything"]));
        assert!(selected(&selectors, &["a.b", "[]"]));
    }

    #[test]
    fn descending_wildcards_select_everything() {
        let selectors = Selectors::compile(["$..*"], false).unwrap();
        assert!(selected(&selectors, &["a"]));
        assert!(selected(&selectors, &["a", "[]", "b", "[]"]));
    }

    #[test]
    fn case_folds_like_the_most_lenient_clients() {
        let selectors = Selectors::compile(["Token", "$.Secret.K"], true).unwrap();
        assert!(selected(&selectors, &["tOKEN"]));
        assert!(selected(&selectors, &["to\u{212a}en"]));
        assert!(selected(&selectors, &["\u{17f}ecret", "k"]));
    }

    #[test]
    fn a_union_selects_what_either_does() {
        let one = Selectors::compile(["token", "$.a.b"], false).unwrap();
        let other = Selectors::compile(["KEY", "$.c[*].d"], true).unwrap();
        let both = one.union(&other).unwrap();
        for path in [&["token"][..], &["key"], &["a", "b"], &["c", "[]", "d"]] {
            assert!(selected(&both, path), "{path:?}");
        }
        assert!(!selected(&both, &["c", "b"]));
    }

    #[test]
    fn what_cannot_be_matched_while_streaming_is_refused_with_its_reason() {
        let refused = |text: &str| Selectors::compile([text], false).unwrap_err().remove(0).1;
        assert_eq!(refused(""), SelectorError::Empty);
        assert_eq!(refused("$"), SelectorError::Root);
        assert!(matches!(refused("$.data[0].token"), SelectorError::Unsupported { .. }));
        assert!(matches!(refused("$.data[?(@.x)].token"), SelectorError::Unsupported { .. }));
        for text in ["$data", "$.", "$..", "$.a..", "$['a", "$['a'", "$.a b", "$.['a']", "$.1a"] {
            assert!(matches!(refused(text), SelectorError::Syntax { .. }), "{text}");
        }
        let long = format!("${}", ".a".repeat(MAX_PATH_SEGMENTS + 1));
        assert_eq!(refused(&long), SelectorError::TooManySegments);
    }
}
