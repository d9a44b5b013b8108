//! Proves that a block is grammatical.

mod brackets;
mod carry;
mod check;
mod spelling;

pub(crate) use brackets::{Brackets, OpenBefore};
pub(crate) use carry::Carry;
pub(crate) use check::{Proof, Scanned, Window, check};
#[cfg(test)]
pub(crate) use spelling::escape_len;
pub(crate) use spelling::{digits, unescaped};
