//! The engine that all this is about.

use super::{Engine, Gives, OURS, Output, STREAMED};
use last4::mask::{Instructions, Masker, Program, Rules, Selectors};
use std::sync::Arc;

const BLOCK: usize = 64 * 1024;

fn program() -> Arc<Program> {
    Rules::new(Selectors::compile(["token"], false).expect("a selector")).into()
}

/// A row for each kernel that this machine can run. The first one is the engine's own choice.
pub(super) fn kernels() -> Vec<Kernel> {
    let named = |instructions: Instructions| match instructions.name() {
        "avx512" => "last4, avx512",
        "avx2" => "last4, avx2",
        "neon" => "last4, neon",
        _ => "last4, scalar",
    };
    let chosen = Kernel { name: OURS, program: program(), instructions: Instructions::default() };
    let each = Instructions::available().map(|instructions| Kernel {
        name: named(instructions),
        program: program(),
        instructions,
    });
    std::iter::once(chosen).chain(each).collect()
}

/// The whole text at once. Setting the masker up is a part of it; compiling the rules is not, for a proxy does that once.
pub(super) struct Kernel {
    name: &'static str,
    program: Arc<Program>,
    instructions: Instructions,
}

impl Engine for Kernel {
    fn name(&self) -> &'static str {
        self.name
    }

    fn gives(&self) -> Gives {
        Gives::Exact
    }

    fn run(&mut self, text: &[u8], output: &mut Output) -> usize {
        let mut masker = Masker::new(Arc::clone(&self.program)).with_instructions(self.instructions);
        masker.write(text, &mut output.bytes).expect("a JSON text");
        masker.finish().expect("a whole JSON text");
        0
    }
}

/// In blocks as they come from a socket and go to another.
pub(super) struct Flushed {
    program: Arc<Program>,
}

impl Flushed {
    pub(super) fn new() -> Self {
        Self { program: program() }
    }
}

impl Engine for Flushed {
    fn name(&self) -> &'static str {
        STREAMED
    }

    fn gives(&self) -> Gives {
        Gives::Exact
    }

    fn run(&mut self, text: &[u8], output: &mut Output) -> usize {
        let mut masker = Masker::new(Arc::clone(&self.program));
        for block in text.chunks(BLOCK) {
            output.flush();
            masker.write(block, &mut output.bytes).expect("a JSON text");
        }
        masker.finish().expect("a whole JSON text");
        0
    }
}
