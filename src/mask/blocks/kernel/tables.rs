//! Tables for instructions that look up 16 entries at once, by the low four bits of each byte.
//!
//! Each table is for a set of bytes. Each byte of the set is at the index of its low four bits. All
//! other entries hold a byte with other low bits. So a byte equals its entry if and only if it is
//! in the set.

/// JSON's white space.
pub(super) const SPACE: [u8; 16] = [b' ', 0, 0, 0, 0, 0, 0, 0, 0, b'\t', b'\n', 0, 0, b'\r', 0, 0];

/// The quote and the backslash.
pub(super) const MARKS: [u8; 16] = [0xff, 0, b'"', 0, 0, 0, 0, 0, 0, 0, 0, 0, b'\\', 0, 0, 0];

/// The bytes that are valid after a backslash, except `b` and `r`. These have the same low four
/// bits as the quote, so the kernels find them by a comparison with [`B_OR_R`] set.
pub(super) const ESCAPES: [u8; 16] = [0xff, 0, b'"', 0, b't', b'u', b'f', 0, 0, 0, 0, 0, b'\\', 0, b'n', b'/'];

/// The one bit in which `b` and `r` differ.
pub(super) const B_OR_R: u8 = b'b' ^ b'r';
