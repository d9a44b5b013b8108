//! The mark: a member that the engine adds to every object with a masked value. Without it, clients
//! would have to guess from an ellipsis whether a value is masked.

use super::policy::Filler;

/// The member that marks an object.
#[derive(Clone, Debug, PartialEq, Eq)]
pub(crate) struct Mark {
    name: Box<str>,
    json: Box<[u8]>,
}

impl Mark {
    pub(crate) fn new(name: &str) -> Self {
        let json = [b",\"", &*Filler::new(name).json, b"\":true"].concat();
        Self { name: name.into(), json: json.into() }
    }

    /// Whether the unescaped `key` is the mark's name.
    pub(crate) fn has_name(&self, key: &[u8]) -> bool {
        self.name.as_bytes() == key
    }

    /// Returns the length of the name in bytes.
    pub(crate) fn name_len(&self) -> usize {
        self.name.len()
    }

    /// Returns the member as JSON, after the comma that separates it from the previous member.
    pub(crate) fn json(&self) -> &[u8] {
        &self.json
    }
}
