//! Tables for instructions that look up 16 entries at once, by the low half of each byte.
//!
//! Each table is for a set of bytes. An entry holds the byte of the set with this low half. An
//! entry without one holds a byte with another low half. So a byte equals its entry if and only if
//! it is in the set.

/// JSON's white space.
pub(super) const SPACE: [u8; 16] = [b' ', 0, 0, 0, 0, 0, 0, 0, 0, b'\t', b'\n', 0, 0, b'\r', 0, 0];

/// The quote and the backslash.
pub(super) const MARKS: [u8; 16] = [0xff, 0, b'"', 0, 0, 0, 0, 0, 0, 0, 0, 0, b'\\', 0, 0, 0];

/// The bytes that are valid after a backslash. Three of them have the low half 2: only the quote is
/// in the table, and `b` and `r`, which differ in [`B_OR_R`] alone, are found by a comparison.
pub(super) const ESCAPES: [u8; 16] = [0xff, 0, b'"', 0, b't', b'u', b'f', 0, 0, 0, 0, 0, b'\\', 0, b'n', b'/'];

/// The one bit in which `b` and `r` differ.
pub(super) const B_OR_R: u8 = b'b' ^ b'r';
