//! Paths of keys, such as `route[2].fields[0]`.

use std::fmt;

/// The path of a value: the keys and indexes that lead from the top-level table to it.
#[derive(Clone, Debug, Default, PartialEq, Eq)]
pub(super) struct KeyPath(Vec<KeySegment>);

#[derive(Clone, Debug, PartialEq, Eq)]
pub(super) enum KeySegment {
    Index(usize),
    Key(String),
}

impl KeyPath {
    pub(super) fn key(&self, key: &str) -> Self {
        self.with(KeySegment::Key(key.to_owned()))
    }

    pub(super) fn index(&self, index: usize) -> Self {
        self.with(KeySegment::Index(index))
    }

    pub(super) fn segments(&self) -> &[KeySegment] {
        &self.0
    }

    fn with(&self, segment: KeySegment) -> Self {
        let mut segments = self.0.clone();
        segments.push(segment);
        Self(segments)
    }
}

impl fmt::Display for KeyPath {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        for (position, segment) in self.0.iter().enumerate() {
            let dot = if position == 0 { "" } else { "." };
            match segment {
                KeySegment::Index(index) => write!(f, "[{index}]")?,
                KeySegment::Key(key) if is_bare(key) => write!(f, "{dot}{key}")?,
                KeySegment::Key(key) => write!(f, "{dot}{key:?}")?,
            }
        }
        Ok(())
    }
}

/// Returns whether TOML allows the key without quotes.
fn is_bare(key: &str) -> bool {
    !key.is_empty() && key.bytes().all(|byte| byte.is_ascii_alphanumeric() || matches!(byte, b'_' | b'-'))
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_key_path_reads_like_toml() {
        let path = KeyPath::default().key("route").index(2).key("fields").index(0);
        assert_eq!(path.to_string(), "route[2].fields[0]");
        assert_eq!(KeyPath::default().key("a b").key("c").to_string(), "\"a b\".c");
    }
}
