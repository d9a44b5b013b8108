//! The open objects that may have to be marked
//! ([`Rules::with_mark`](crate::mask::Rules::with_mark)).

/// An entry for each open object that has a masked value or a member with the mark's name.
#[derive(Clone, Default)]
pub(crate) struct OpenMarks(Vec<MarkedObject>);

#[derive(Clone, Copy)]
struct MarkedObject {
    /// Objects and arrays that are open, this object included. Depths increase from entry to entry.
    depth: usize,
    masked: bool,
    /// Whether the object already has a member with the mark's name. last4 then adds none: that
    /// member is the upstream's.
    named: bool,
}

impl OpenMarks {
    /// Notes that a value of the object at this depth is masked.
    pub(crate) fn note_masked(&mut self, depth: usize) {
        if let Some(entry) = self.at(depth) {
            entry.masked = true;
        }
    }

    /// Notes that the object at this depth has a member with the mark's name.
    pub(crate) fn note_named(&mut self, depth: usize) {
        if let Some(entry) = self.at(depth) {
            entry.named = true;
        }
    }

    /// Closes the object at this depth. Returns whether it must be marked.
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
