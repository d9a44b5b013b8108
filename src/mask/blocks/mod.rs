//! The block scanner: reads a text in blocks of 64 bytes.
//!
//! The [byte machine](super::machine) can read every text and has the last word. Most of most texts
//! needs none of its care. Here a block is proved grammatical with a few dozen operations on words
//! that hold one bit for each byte: simdjson finds strings this way, and this module extends it to
//! all of the grammar. Within a proved block only the keys matter that the rules name. A plain
//! string after such a key is masked on the spot.
//!
//! Anything unusual (a fault, a key with escapes, a value that is not plain) is left to the
//! machine. So the scanner reports no fault and accepts nothing that the machine would refuse.
//!
//! # The parts
//! - [`handover`]: when the scanner may start, and how it gives the text back to the machine.
//! - [`kernel`]: finds bytes in a block with vector instructions. The only `unsafe` code.
//! - [`grammar`]: proves a block from what the kernel found and a [`Carry`](grammar::Carry) from
//!   the block before.
//! - [`filter`]: finds the keys that may be one of the names.
//! - [`scan`]: goes from block to block, masks values, tracks the nesting.
//! - [`shape_tree`]: remembers proved blocks. [`follow`] goes along blocks that look like them
//!   without a proof, which is how most of a list is read. [`shape_cache`] keeps trees for the next
//!   text.
//! - [`text`]: passes over long strings, where nothing but their end matters.
//! - [`program`]: the rules, compiled for all of this.
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
//! *Strings.* Bit *i* of `strings` is the parity of the quotes up to *i* (one carry-less
//! multiplication): 1 from each opening quote to before its closing quote. Escaped quotes are
//! removed first. The comma and the brace in `"7,{x"` are inside a string and count for nothing
//! from here on.
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
//! literal: `scalars` are all the bytes that remain. Their bytes other than digits and the minus
//! (`.`, `true`) are looked at one by one.
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
//! moved)`. `before_key` is the same after `{` and after the commas inside objects. Which commas
//! those are is found by following the brackets one by one, since there are few. `after_key` is
//! found with a carry as well: added to `strings`, the opening quote of a key runs through the key
//! and comes out at its closing quote.
//!
//! *Proof.* The block is grammatical if everything is exactly where it may be:
//! - strings, scalars and opening brackets only at a `before_value`;
//! - no comma or colon there, and a closing bracket only if it ends an empty object or array;
//! - only strings and closing brackets at a `before_key`;
//! - a colon at each `after_key`, and nowhere else.
//!
//! *Carry.* The last string does not end in this block, so the next block starts inside a string.
//! The carry says so, and which token was the last.
//!
//! *Keys.* The keys are the strings at a `before_key`. Only `"token"` has a quote six bytes
//! further, as the name `token` needs. Its bytes are compared, and its value is masked. The value
//! ends in the next block: the search for its end, 64 bytes at a time, goes on into it. The next
//! block to be proved begins right after the value, not at byte 64. So the blocks of all items of a
//! list are cut alike, and from the second item on most of them are recognised by their shape,
//! without a proof.

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
