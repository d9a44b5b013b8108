//! Reads a text block by block, 64 bytes at once, where there is nothing to mask.
//!
//! The [machine](super::machine) reads a text byte by byte and has the last word about it. Most of most texts needs none of its
//! care: here a block is proved grammatical by a few dozen operations on words that have a bit for each of its bytes, as simdjson
//! does to find strings, carried on to all of the grammar. Within a proved block only the keys asked for are of interest, and a
//! plain string behind such a key is masked on the spot.
//!
//! Whatever is unusual, a fault or a key with escapes, is left to the machine from the start of its block. So nothing here reports
//! a fault, and nothing passes here that the machine would refuse.

mod bits;
mod brackets;
mod carry;
mod check;
mod filter;
mod follow;
mod kernel;
mod learned;
mod scan;
mod shapes;
mod spelling;
mod text;

pub(super) use filter::KeyFilter;
pub use kernel::Instructions;
pub(super) use learned::Learned;
pub(super) use scan::{Scan, can_scan};
pub(super) use shapes::Shapes;
