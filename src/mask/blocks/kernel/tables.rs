//! Tables for instructions that look up 16 entries at once, by the low half of each byte.
//!
//! An entry holds the byte that is looked for and has this low half. Entries without such a byte hold
//! a byte with another low half. So a byte equals its entry if and only if it is looked for.

/// By the low half of a byte: the one white space with that half. Entry 0 is the space; the others hold what no byte with that
/// half is, so that a comparison with the byte itself finds white space and nothing else.
pub(super) const SPACE: [u8; 16] = [b' ', 0, 0, 0, 0, 0, 0, 0, 0, b'\t', b'\n', 0, 0, b'\r', 0, 0];

/// By the low half of a byte: the quote or backslash with that half, made like [`SPACE`].
pub(super) const MARKS: [u8; 16] = [0xff, 0, b'"', 0, 0, 0, 0, 0, 0, 0, 0, 0, b'\\', 0, 0, 0];

/// By the low half of a byte: what makes an escape behind a backslash, made like [`SPACE`]. Of three with one half only the quote is
/// there; `b` and `r` differ in [`B_OR_R`] alone.
pub(super) const ESCAPES: [u8; 16] = [0xff, 0, b'"', 0, b't', b'u', b'f', 0, 0, 0, 0, 0, b'\\', 0, b'n', b'/'];

/// The one bit in which `b` and `r` differ.
pub(super) const B_OR_R: u8 = b'b' ^ b'r';
