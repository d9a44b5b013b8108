//! Why a body cannot be decoded.

/// Why a body cannot be decoded.
#[derive(Clone, Copy, Debug, PartialEq, Eq, thiserror::Error)]
pub enum DecodeError {
    /// The body is not in its codings, fails their checksums, has bytes after its end, or needs a
    /// dictionary or a window larger than HTTP allows.
    #[error("the body does not decode")]
    Corrupt,
    /// The body ended before its codings did.
    #[error("the encoded body ends early")]
    Incomplete,
    /// The body is larger than allowed, decoded in whole or in part.
    #[error("the decoded body is too large")]
    TooLarge,
}
