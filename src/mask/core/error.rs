//! Why a text was refused: kind and place, never content.

use thiserror::Error;

/// A text that cannot be trusted, and where.
#[derive(Clone, Copy, Debug, Error, PartialEq, Eq)]
#[error("{kind} at byte {offset}")]
pub struct Error {
    kind: ErrorKind,
    offset: u64,
}

impl Error {
    pub(crate) fn new(kind: ErrorKind, offset: u64) -> Self {
        Self { kind, offset }
    }

    /// What is wrong.
    pub fn kind(&self) -> ErrorKind {
        self.kind
    }

    /// Bytes before the one at which the fault was seen.
    pub fn offset(&self) -> u64 {
        self.offset
    }
}

/// What is wrong with a text.
#[derive(Clone, Copy, Debug, Error, PartialEq, Eq)]
#[non_exhaustive]
pub enum ErrorKind {
    /// The text ends inside a value, or holds none.
    #[error("the text ends too early")]
    Incomplete,
    /// A byte that JSON does not allow there.
    #[error("not JSON")]
    Syntax,
    /// Deeper nesting than the rules allow.
    #[error("nested too deeply")]
    TooDeep,
    /// A key, or a value to be masked, that is not UTF-8.
    #[error("not UTF-8")]
    Utf8,
}
