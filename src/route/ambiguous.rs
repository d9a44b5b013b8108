//! Why a request target is refused as ambiguous, and the limits of its readings.

use thiserror::Error;

/// The most readings of one target. An ordinary path has one, and a strange path a handful. A
/// target with more was built so that servers read it differently, and is refused.
pub const MAX_READINGS: usize = 128;

/// The most bytes of a path that has more than one reading, so that no target costs much. Common
/// servers refuse request lines of this length altogether.
pub const MAX_UNUSUAL_PATH: usize = 8 * 1024;

/// Why a target was refused.
#[derive(Clone, Copy, Debug, Error, PartialEq, Eq)]
#[non_exhaustive]
pub enum AmbiguousPath {
    /// The path holds a NUL, which ends a path for some servers.
    #[error("the path holds a NUL")]
    Nul,
    /// The path has more than one reading, and more than [`MAX_UNUSUAL_PATH`] bytes.
    #[error("the path is unusual and too long")]
    TooLong,
    /// The target has more than [`MAX_READINGS`] readings, or they are too large together.
    #[error("the path can be read in too many ways")]
    TooManyReadings,
    /// The path holds a percent sign that does not start an escape.
    #[error("the path holds an escape that cannot be decoded")]
    Undecodable,
}
