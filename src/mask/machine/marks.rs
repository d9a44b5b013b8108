//! Tracks which open objects must be marked ([`Rules::with_mark`](crate::mask::Rules::with_mark)).

/// An entry for each open object that has a masked value or a member with the mark's name.
#[derive(Clone, Default)]
pub(crate) struct OpenMarks(Vec<MarkedObject>);

#[derive(Clone, Copy)]
struct MarkedObject {
    /// The number of open objects and arrays, this object included. Depths increase from entry to
    /// entry.
    depth: usize,
    masked: bool,
    /// Whether the upstream's object already has a member with the mark's name. Then it is not
    /// marked.
    named: bool,
}

impl OpenMarks {
    /// Records that the object at this depth has a masked value.
    pub(crate) fn note_masked(&mut self, depth: usize) {
        if let Some(entry) = self.at(depth) {
            entry.masked = true;
        }
    }

    /// Records that the object at this depth has a member with the mark's name.
    pub(crate) fn note_named(&mut self, depth: usize) {
        if let Some(entry) = self.at(depth) {
            entry.named = true;
        }
    }

    /// Removes the entry of the object at this depth. Returns whether the object must be marked.
    pub(crate) fn close(&mut self, depth: usize) -> bool {
        let closing = self.0.pop_if(|entry| entry.depth == depth);
        closing.is_some_and(|entry| entry.masked && !entry.named)
    }

    fn at(&mut self, depth: usize) -> Option<&mut MarkedObject> {
        if self.0.last().is_none_or(|entry| entry.depth != depth) {
            self.0.push(MarkedObject { depth, masked: false, named: false });
        }
        self.0.last_mut()
    }
}
