//! The open objects and arrays, and the treatment of the values inside them.

use super::treatment::Treatment;

/// The open objects and arrays, outermost first: a bit for each of them, and an entry only where
/// the treatment changes.
#[derive(Clone, Default)]
pub(crate) struct Nesting {
    /// The innermost objects and arrays. Empty only if nothing is open.
    inner: KindStack,
    /// All others, 63 in each word.
    outer: Vec<u64>,
    scopes: Vec<Scope>,
}

/// A stack of up to 63 bits, one for each open object (1) or array (0). Bit 0 is the innermost. The
/// topmost set bit marks the end of the stack.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(crate) struct KindStack(u64);

/// From `depth` on, values have this treatment, except for members that the rules name.
#[derive(Clone, Copy)]
struct Scope {
    depth: usize,
    inside: Treatment,
}

impl KindStack {
    /// The most bits that fit.
    const MOST: usize = 63;

    fn len(self) -> usize {
        Self::MOST - self.0.leading_zeros() as usize
    }

    #[inline(always)]
    pub(crate) fn is_empty(self) -> bool {
        self.0 == 1
    }

    /// Returns the stack with its end mark.
    #[inline(always)]
    pub(crate) fn bits(self) -> u64 {
        self.0
    }

    /// Returns all ones inside an object, 0 inside an array.
    #[inline(always)]
    pub(crate) fn innermost(self) -> u64 {
        (self.0 & 1).wrapping_neg()
    }

    fn is_full(self) -> bool {
        self.0 >> Self::MOST == 1
    }

    /// Pushes a bit: 1 for an object. There must be room.
    #[inline(always)]
    pub(crate) fn opened(self, object: u64) -> Self {
        Self(self.0 << 1 | object)
    }

    /// Pops a bit. There must be one.
    #[inline(always)]
    pub(crate) fn closed(self) -> Self {
        Self(self.0 >> 1)
    }
}

impl Default for KindStack {
    fn default() -> Self {
        Self(1)
    }
}

impl Nesting {
    /// Returns how many objects and arrays are open.
    pub(crate) fn depth(&self) -> usize {
        self.outer.len() * KindStack::MOST + self.inner.len()
    }

    /// Whether more is open than [`Self::inner`] holds.
    #[inline(always)]
    pub(crate) fn is_deep(&self) -> bool {
        !self.outer.is_empty()
    }

    /// Returns the innermost objects and arrays.
    pub(crate) fn inner(&self) -> KindStack {
        self.inner
    }

    /// Whether the innermost is an object. `None` if nothing is open.
    pub(crate) fn is_object(&self) -> Option<bool> {
        (!self.inner.is_empty()).then_some(self.inner.0 & 1 == 1)
    }

    /// Returns the treatment inside the innermost object or array.
    pub(crate) fn inside(&self) -> Treatment {
        self.scopes.last().map(|scope| scope.inside).unwrap_or_default()
    }

    pub(crate) fn open(&mut self, object: bool, inside: Treatment) {
        let inside = Treatment { revealed: false, ..inside };
        if self.inner.is_full() {
            self.outer.push(self.inner.0);
            self.inner = KindStack::default();
        }
        self.inner = self.inner.opened(u64::from(object));
        if inside != self.inside() {
            self.scopes.push(Scope { depth: self.depth(), inside });
        }
    }

    /// Closes the innermost. Returns `false`, and changes nothing, if that is of the other kind.
    pub(crate) fn close(&mut self, object: bool) -> bool {
        if self.is_object() != Some(object) {
            return false;
        }
        let inner = self.inner.closed();
        if self.scopes.last().is_some_and(|scope| scope.depth == self.depth()) {
            self.scopes.pop();
        }
        self.inner = inner;
        if inner.is_empty()
            && let Some(bits) = self.outer.pop()
        {
            self.inner = KindStack(bits);
        }
        true
    }

    /// Returns the bits that [`Self::inner`] must not have after a push: with one of them, more
    /// than `max_depth` would be open, or there would be no room.
    pub(crate) fn too_deep(&self, max_depth: usize) -> u64 {
        let most = max_depth.saturating_sub(self.outer.len() * KindStack::MOST).min(KindStack::MOST - 1);
        u64::MAX << (most + 1)
    }

    /// Replaces [`Self::inner`] after pushes and pops that did not change the treatment.
    pub(crate) fn set_inner(&mut self, inner: KindStack) {
        debug_assert!(!inner.is_empty());
        self.inner = inner;
    }
}
