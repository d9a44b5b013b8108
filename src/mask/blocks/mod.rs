//! The block scanner: reads a text in blocks of 64 bytes.
//!
//! The [byte machine](super::machine) can read every text, but most parts of most texts do not need
//! its care. The scanner proves a block grammatical with a few dozen operations on words that hold
//! one bit for each byte. simdjson finds strings this way, and this module extends it to the rest
//! of the grammar. Within a proved block, only keys that are names in the rules need more work. A
//! plain string after such a key is masked on the spot.
//!
//! The machine reads anything unusual: a fault, a key with escapes, a value that is not plain. So
//! the scanner reports no fault and accepts nothing that the machine would refuse.
//!
//! # The parts
//! - [`handover`]: when the scanner may start, and how it gives the text back to the machine.
//! - [`kernel`]: finds bytes in a block with vector instructions. The only `unsafe` code.
//! - [`grammar`]: proves a block from the kernel's bits and a [`Carry`](grammar::Carry) from the
//!   block before.
//! - [`filter`]: finds the keys that may be one of the names.
//! - [`scan`]: the loop over blocks. Masks values and tracks the nesting.
//! - [`shape_tree`]: remembers the shapes of proved blocks. [`follow`] reads blocks of a known
//!   shape without a proof, and most of a list this way. [`shape_cache`] keeps trees for the next
//!   text.
//! - [`text`]: passes over long strings, in which only the end matters.
//! - [`program`]: the rules, compiled for the scanner.
//!
//! # One block, worked out
//! The first 64 bytes of a list. The first byte is bit 0, drawn on the left; a dot is 0.
//!
//! ```text
//! block         [{"id":"7,{x","n":-1.5,"ok":true , "token":"app-8fK2mQ7vXz31LtPq
//! quotes        ..1..1.1....1.1.1......1..1........1.....1.1....................
//! strings       ..111..11111..11.......111.........111111..111111111111111111111
//! ```
//!
//! *Strings.* Bit *i* of `strings` is the parity of the quotes up to *i*, by one carry-less
//! multiplication: ones from each opening quote to the byte before its closing quote. Escaped
//! quotes are removed first. The comma and the brace in `"7,{x"` are inside a string, so all later
//! steps ignore them.
//!
//! ```text
//! block         [{"id":"7,{x","n":-1.5,"ok":true , "token":"app-8fK2mQ7vXz31LtPq
//! comma         .............1........1..........1..............................
//! colon         ......1..........1.........1..............1.....................
//! open          11..............................................................
//! space         ................................1.1.............................
//! scalars       ..................1111......1111................................
//! ```
//!
//! *Tokens.* Every byte outside strings must be punctuation, white space, or part of a number or
//! literal: `scalars` are all the bytes that remain. Those of them that are neither digit nor minus
//! (`.`, `true`) are checked one by one.
//!
//! ```text
//! block         [{"id":"7,{x","n":-1.5,"ok":true , "token":"app-8fK2mQ7vXz31LtPq
//! before_value  111....1......1...1....1....1......1.......1....................
//! before_key    ..1...........1........1...........1............................
//! after_key     ......1..........1.........1..............1.....................
//! ```
//!
//! *Places.* `before_value` is the first token after each `[ { , :`. To find it, each bit moves by
//! one place and then past white space, which the carry of an addition does: `space + (space &
//! moved)`. `before_key` is the same after `{` and after the commas inside objects. The few
//! brackets are followed one by one to find out which commas are inside objects. `after_key` is
//! found with a carry as well: the opening quote of a key is added to `strings`, and the carry
//! comes out at the closing quote.
//!
//! *Proof.* The block is grammatical if all of these hold:
//! - strings, scalars and opening brackets are only at a `before_value`;
//! - no comma or colon is at a `before_value`, and a closing bracket only if it ends an empty
//!   object or array;
//! - only strings and closing brackets are at a `before_key`;
//! - a colon is at each `after_key`, and nowhere else.
//!
//! *Carry.* The last string does not end in this block, so the next block starts inside a string.
//! The carry holds this, and the kind of the last token.
//!
//! *Keys.* The keys are the strings at a `before_key`. The name `token` needs a closing quote six
//! bytes after the opening one, and only `"token"` has one. Its bytes are compared, and its value
//! is masked. The value ends in the next block, and the search for its end reads on into that
//! block. The next block to be proved starts right after the value, not at byte 64. So blocks are
//! cut alike in all items of a list. From the second item on, most blocks are recognised by their
//! shape, without a proof.

mod filter;
mod follow;
mod grammar;
mod handover;
mod kernel;
mod program;
mod scan;
mod shape_cache;
mod shape_tree;
mod text;

pub(crate) use handover::{Backoff, can_scan};
pub use kernel::Instructions;
pub use program::Program;
pub(crate) use scan::Scan;
pub(crate) use shape_tree::ShapeTree;
