//! Why an answer is withheld: the stable codes of problem documents, logs and metrics.

use std::fmt;

/// Why a request was refused or an answer withheld. The codes are stable and say nothing about content.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Hash)]
#[non_exhaustive]
pub enum Reason {
    /// The request's path can be read in ways that cannot be bounded.
    AmbiguousPath,
    /// Text in another charset than UTF-8.
    Charset,
    /// The body does not decode as its content coding says.
    DecodeFailed,
    /// The upstream ended before its body did.
    Incomplete,
    /// A JSON media type over a body that is not JSON.
    InvalidJson,
    /// Neither a JSON media type nor a JSON body.
    NotJson,
    /// A part of a body, which cannot be read on its own.
    PartialContent,
    /// Nested more deeply than allowed.
    TooDeep,
    /// More decoded bytes than allowed.
    TooLarge,
    /// A content coding that last4 cannot undo.
    UnknownEncoding,
    /// A tunnel, which cannot be looked into.
    Upgrade,
}

impl Reason {
    /// All of them, in the order of their numbers (`reason as usize`).
    pub const ALL: [Self; Self::Upgrade as usize + 1] = [
        Self::AmbiguousPath,
        Self::Charset,
        Self::DecodeFailed,
        Self::Incomplete,
        Self::InvalidJson,
        Self::NotJson,
        Self::PartialContent,
        Self::TooDeep,
        Self::TooLarge,
        Self::UnknownEncoding,
        Self::Upgrade,
    ];

    /// The stable code.
    pub fn as_str(self) -> &'static str {
        match self {
            Self::AmbiguousPath => "ambiguous-path",
            Self::Charset => "charset",
            Self::DecodeFailed => "decode-failed",
            Self::Incomplete => "incomplete",
            Self::InvalidJson => "invalid-json",
            Self::NotJson => "not-json",
            Self::PartialContent => "partial-content",
            Self::TooDeep => "too-deep",
            Self::TooLarge => "too-large",
            Self::UnknownEncoding => "unknown-encoding",
            Self::Upgrade => "upgrade",
        }
    }

    /// What happened, in a sentence for the person who reads the problem document.
    pub fn detail(self) -> &'static str {
        match self {
            Self::AmbiguousPath => "The path can be read in different ways by different servers.",
            Self::Charset => "The answer is in a charset other than UTF-8 and was withheld.",
            Self::DecodeFailed => "The answer does not decode as its Content-Encoding says and was withheld.",
            Self::Incomplete => "The answer ended too early and was withheld.",
            Self::InvalidJson => "The answer is not valid JSON and was withheld.",
            Self::NotJson => "The answer is not JSON and was withheld.",
            Self::PartialContent => "The answer is a part of a body and was withheld.",
            Self::TooDeep => "The answer is nested too deeply and was withheld.",
            Self::TooLarge => "The answer is too large and was withheld.",
            Self::UnknownEncoding => "The answer is in a content coding that cannot be undone and was withheld.",
            Self::Upgrade => "The upstream tried to open a tunnel, which was refused.",
        }
    }
}

impl fmt::Display for Reason {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str(self.as_str())
    }
}
