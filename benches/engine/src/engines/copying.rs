//! Copying memory: what a masker that had nothing to look for would do.

use super::{COPY, Engine, Gives, Output};
use std::hint::black_box;

const BLOCK: usize = 64 * 1024;

pub(super) struct Whole;

impl Engine for Whole {
    fn name(&self) -> &'static str {
        COPY
    }

    fn gives(&self) -> Gives {
        Gives::Copy
    }

    fn run(&mut self, text: &[u8], output: &mut Output) -> usize {
        output.bytes.extend_from_slice(text);
        0
    }
}

/// Copies into one block again and again, as a proxy does that hands each block to a socket.
pub(super) struct Blocks;

impl Engine for Blocks {
    fn name(&self) -> &'static str {
        "memcpy, blocks of 64 KiB"
    }

    fn gives(&self) -> Gives {
        Gives::Copy
    }

    fn run(&mut self, text: &[u8], output: &mut Output) -> usize {
        for block in text.chunks(BLOCK) {
            output.flush();
            output.bytes.extend_from_slice(block);
            black_box(&mut output.bytes);
        }
        0
    }
}
