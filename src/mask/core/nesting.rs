//! The objects and arrays that are open, and what is to happen inside them.

use super::treatment::Treatment;

/// What is open, outermost first: a bit for each object or array, and an entry only where the treatment changes.
#[derive(Clone, Default)]
pub(crate) struct Nesting {
    /// The innermost; empty only if nothing is open.
    inner: KindStack,
    /// All further out, as many to a word as there is room for.
    outer: Vec<u64>,
    scopes: Vec<Scope>,
}

/// Up to 63 objects and arrays within one another, behind the topmost set bit: bit 0 is the innermost and set if that is an object.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(crate) struct KindStack(u64);

/// From `depth` on the values have this treatment, but for selected ones.
#[derive(Clone, Copy)]
struct Scope {
    depth: usize,
    inside: Treatment,
}

impl KindStack {
    /// How many there may be.
    const MOST: usize = 63;

    fn len(self) -> usize {
        Self::MOST - self.0.leading_zeros() as usize
    }

    #[inline(always)]
    pub(crate) fn is_empty(self) -> bool {
        self.0 == 1
    }

    /// The topmost set bit stands for nothing.
    #[inline(always)]
    pub(crate) fn bits(self) -> u64 {
        self.0
    }

    /// All bits set inside an object, none inside an array.
    #[inline(always)]
    pub(crate) fn innermost(self) -> u64 {
        (self.0 & 1).wrapping_neg()
    }

    fn is_full(self) -> bool {
        self.0 >> Self::MOST == 1
    }

    /// With one more inside, which is an object if the bit is set. There must be room.
    #[inline(always)]
    pub(crate) fn opened(self, object: u64) -> Self {
        Self(self.0 << 1 | object)
    }

    /// Without the innermost. There must be one.
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
    /// How many objects and arrays are open.
    pub(crate) fn depth(&self) -> usize {
        self.outer.len() * KindStack::MOST + self.inner.len()
    }

    /// Whether [`Self::inner`] does not hold all that is open.
    #[inline(always)]
    pub(crate) fn is_deep(&self) -> bool {
        !self.outer.is_empty()
    }

    /// The kinds of the innermost ones.
    pub(crate) fn inner(&self) -> KindStack {
        self.inner
    }

    /// Whether the innermost is an object; `None` if nothing is open.
    pub(crate) fn is_object(&self) -> Option<bool> {
        (!self.inner.is_empty()).then_some(self.inner.0 & 1 == 1)
    }

    /// The treatment inside the innermost.
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

    /// Closes the innermost; `false`, and nothing is changed, if that is of the other kind.
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

    /// Bits that [`Self::inner`] has none of while at most `max_depth` are open, and there is room for one more.
    pub(crate) fn too_deep(&self, max_depth: usize) -> u64 {
        let most = max_depth.saturating_sub(self.outer.len() * KindStack::MOST).min(KindStack::MOST - 1);
        u64::MAX << (most + 1)
    }

    /// Takes over kinds that came of [`Self::inner`] by opening and closing, none of which changed the treatment.
    pub(crate) fn set_inner(&mut self, inner: KindStack) {
        debug_assert!(!inner.is_empty());
        self.inner = inner;
    }
}
