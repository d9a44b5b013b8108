//! Why a text was refused: the kind and the offset, never the content.

use thiserror::Error;

/// A fault in a text, and its offset.
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

    /// Returns the kind of fault.
    pub fn kind(&self) -> ErrorKind {
        self.kind
    }

    /// Returns the offset of the byte at which the fault was found.
    pub fn offset(&self) -> u64 {
        self.offset
    }
}

/// The kinds of faults.
#[derive(Clone, Copy, Debug, Error, PartialEq, Eq)]
#[non_exhaustive]
pub enum ErrorKind {
    /// The text ends inside a value, or has no value.
    #[error("the text ends too early")]
    Incomplete,
    /// JSON does not allow the byte at this position.
    #[error("not JSON")]
    Syntax,
    /// More objects and arrays are open than the rules allow.
    #[error("nested too deeply")]
    TooDeep,
    /// A key or a value to be masked is not UTF-8.
    #[error("not UTF-8")]
    Utf8,
}
