//! Why a body cannot be decoded.

/// Why a body cannot be decoded.
#[derive(Clone, Copy, Debug, PartialEq, Eq, thiserror::Error)]
pub enum DecodeError {
    /// The body is not valid in its codings, fails a checksum, has bytes after its end, or needs a
    /// dictionary or a window larger than HTTP allows.
    #[error("the body does not decode")]
    Corrupt,
    /// The body ended before its codings did.
    #[error("the encoded body ends early")]
    Incomplete,
    /// The body, decoded by one or all of its codings, is larger than allowed.
    #[error("the decoded body is too large")]
    TooLarge,
}
