//! A member that is added to every object in which a value is masked, for a client that wants to know without guessing from dots.

use super::policy::Filler;

/// The member: its name, and how it is written.
#[derive(Clone, Debug, PartialEq, Eq)]
pub(super) struct Mark {
    name: Box<str>,
    json: Box<[u8]>,
}

impl Mark {
    pub(super) fn new(name: &str) -> Self {
        let json = [b",\"", &*Filler::new(name).json, b"\":true"].concat();
        Self { name: name.into(), json: json.into() }
    }

    /// Whether an object that has this key, unescaped, has the member already.
    pub(super) fn is(&self, key: &[u8]) -> bool {
        self.name.as_bytes() == key
    }

    pub(super) fn len(&self) -> usize {
        self.name.len()
    }

    /// The member as it stands behind another.
    pub(super) fn json(&self) -> &[u8] {
        &self.json
    }
}

/// What is known of the open objects: an entry for each in which a value is masked or that has a key of the mark's name.
#[derive(Clone, Default)]
pub(super) struct Marks(Vec<Entry>);

#[derive(Clone, Copy)]
struct Entry {
    /// How many objects and arrays are open up to the object, which grows from entry to entry.
    depth: usize,
    masked: bool,
    /// Whether the object has a member of the name. It stays the only one, and what it says is the upstream's word.
    named: bool,
}

impl Marks {
    /// A value of the object at this depth is masked.
    pub(super) fn note_masked(&mut self, depth: usize) {
        if let Some(entry) = self.at(depth) {
            entry.masked = true;
        }
    }

    /// The object at this depth has a key of the mark's name.
    pub(super) fn note_named(&mut self, depth: usize) {
        if let Some(entry) = self.at(depth) {
            entry.named = true;
        }
    }

    /// The object at this depth ends. Whether it is to be marked.
    pub(super) fn close(&mut self, depth: usize) -> bool {
        let closing = self.0.pop_if(|entry| entry.depth == depth);
        closing.is_some_and(|entry| entry.masked && !entry.named)
    }

    fn at(&mut self, depth: usize) -> Option<&mut Entry> {
        if self.0.last().is_none_or(|entry| entry.depth != depth) {
            self.0.push(Entry { depth, masked: false, named: false });
        }
        self.0.last_mut()
    }
}
