//! Targets that servers could read in too many ways, and the limits.

use thiserror::Error;

/// The most readings of one target. An ordinary path has one, and a strange path a handful. A
/// target with more is made to be read differently by different servers, and is refused.
pub const MAX_READINGS: usize = 128;

/// The most bytes of a path that has more than one reading, so that no target costs much. Common
/// servers refuse request lines of this length altogether.
pub const MAX_UNUSUAL_PATH: usize = 8 * 1024;

/// Why a target was refused.
#[derive(Clone, Copy, Debug, Error, PartialEq, Eq)]
#[non_exhaustive]
pub enum AmbiguousPath {
    /// A NUL, which ends a path for some servers.
    #[error("the path holds a NUL")]
    Nul,
    /// More than [`MAX_UNUSUAL_PATH`].
    #[error("the path is unusual and too long")]
    TooLong,
    /// More than [`MAX_READINGS`].
    #[error("the path can be read in too many ways")]
    TooManyReadings,
    /// A percent sign that does not start an escape.
    #[error("the path holds an escape that cannot be decoded")]
    Undecodable,
}
