//! The open objects and arrays, and the treatment of the values inside them.

use super::treatment::Treatment;

/// The open objects and arrays: a bit for each, and a [`Scope`] only where the treatment changes.
#[derive(Clone, Default)]
pub(crate) struct Nesting {
    /// The innermost objects and arrays. Empty only if none is open.
    inner: KindStack,
    /// The objects and arrays around `inner`, 63 in each word.
    outer: Vec<u64>,
    scopes: Vec<Scope>,
}

/// A stack of up to 63 bits, one for each open object (1) or array (0). The innermost is bit 0. The
/// topmost set bit is not an entry: it marks the end of the stack.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(crate) struct KindStack(u64);

/// The treatment of values at `depth` and deeper, except for members that the rules name.
#[derive(Clone, Copy)]
struct Scope {
    depth: usize,
    inside: Treatment,
}

impl KindStack {
    /// The most entries of a stack.
    const MOST: usize = 63;

    fn len(self) -> usize {
        Self::MOST - self.0.leading_zeros() as usize
    }

    #[inline(always)]
    pub(crate) fn is_empty(self) -> bool {
        self.0 == 1
    }

    /// Returns the stack's bits, with the end mark.
    #[inline(always)]
    pub(crate) fn bits(self) -> u64 {
        self.0
    }

    /// Returns all ones if the innermost is an object, 0 if it is an array.
    #[inline(always)]
    pub(crate) fn innermost(self) -> u64 {
        (self.0 & 1).wrapping_neg()
    }

    fn is_full(self) -> bool {
        self.0 >> Self::MOST == 1
    }

    /// Returns the stack with one more entry: 1 for an object, 0 for an array. There must be room.
    #[inline(always)]
    pub(crate) fn opened(self, object: u64) -> Self {
        Self(self.0 << 1 | object)
    }

    /// Returns the stack without its innermost entry. It must not be empty.
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

    /// Whether more objects and arrays are open than [`Self::inner`] holds.
    #[inline(always)]
    pub(crate) fn is_deep(&self) -> bool {
        !self.outer.is_empty()
    }

    /// Returns the innermost objects and arrays.
    pub(crate) fn inner(&self) -> KindStack {
        self.inner
    }

    /// Whether the innermost container is an object. `None` if no object or array is open.
    pub(crate) fn is_object(&self) -> Option<bool> {
        (!self.inner.is_empty()).then_some(self.inner.0 & 1 == 1)
    }

    /// Returns the treatment inside the innermost object or array: the default if none is open.
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

    /// Closes the innermost object or array. Returns `false`, and changes nothing, if it is of the
    /// other kind or none is open.
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

    /// Returns a mask for the bits of [`Self::inner`] after a push. If one of these bits is set,
    /// more than `max_depth` objects and arrays are open, or the stack is full.
    pub(crate) fn too_deep(&self, max_depth: usize) -> u64 {
        let most = max_depth.saturating_sub(self.outer.len() * KindStack::MOST).min(KindStack::MOST - 1);
        u64::MAX << (most + 1)
    }

    /// Sets [`Self::inner`] after pushes and pops that did not change the treatment.
    pub(crate) fn set_inner(&mut self, inner: KindStack) {
        debug_assert!(!inner.is_empty());
        self.inner = inner;
    }
}
