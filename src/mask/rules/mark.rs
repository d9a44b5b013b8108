//! A member that is added to every object with a masked value, so that clients need not guess from
//! dots whether a value is masked.

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

    /// Whether `key`, unescaped, is the mark's name.
    pub(crate) fn has_name(&self, key: &[u8]) -> bool {
        self.name.as_bytes() == key
    }

    /// The length of the name in bytes.
    pub(crate) fn name_len(&self) -> usize {
        self.name.len()
    }

    /// The member as JSON, with the comma that separates it from the member before.
    pub(crate) fn json(&self) -> &[u8] {
        &self.json
    }
}
