//! The engine's entry point: masks one text with two readers that take turns.

use super::blocks::{Backoff, Instructions, Program, Scan, ShapeTree, can_scan};
use super::core::{Cursor, Error, ErrorKind, ParseState, Sink, Summary, TextState};
use super::machine::{ByteReader, Unfinished};
use std::sync::Arc;

/// Masks one text, chunk by chunk.
///
/// See the [module](super) for the contract and an example. Deliberately not `Debug`: it may hold a
/// piece of a secret.
#[derive(Clone)]
pub struct Masker {
    program: Arc<Program>,
    instructions: Instructions,
    state: TextState,
    unfinished: Unfinished,
    shapes: ShapeTree,
    offset: u64,
    failed: Option<Error>,
}

impl Masker {
    /// Returns a masker for one text. Compile a [`Program`] once and share it: the program
    /// remembers layouts of earlier texts, which makes later ones faster.
    pub fn new(program: Arc<Program>) -> Self {
        Self {
            instructions: Instructions::default(),
            state: TextState::new(program.rules()),
            unfinished: Unfinished::new(program.rules()),
            shapes: program.shapes.take(),
            offset: 0,
            failed: None,
            program,
        }
    }

    /// Sets the processor instructions, for tests and benchmarks. The output is the same with all
    /// of them.
    #[must_use]
    pub fn with_instructions(self, instructions: Instructions) -> Self {
        Self { instructions, ..self }
    }

    /// Reads the next chunk of the text, of any size, and passes the output so far to the sink.
    ///
    /// # Errors
    /// The text is not valid, or nested too deeply. All output before the error is masked. Withhold
    /// the rest of the text and do not end the output cleanly. Every later call fails with the same
    /// error.
    pub fn write<S: Sink>(&mut self, chunk: &[u8], sink: &mut S) -> Result<(), Error> {
        if let Some(error) = self.failed {
            return Err(error);
        }
        let mut cursor = Cursor::new(chunk, sink);
        let read = self.read(&mut cursor);
        // Also after an error: the unmasked bytes before the fault are output, so that the output
        // does not depend on how the text was cut.
        if !self.state.is_hidden() {
            cursor.hide();
        }
        if let Err(kind) = read {
            return self.fail(kind, self.offset + cursor.at as u64);
        }
        self.offset += chunk.len() as u64;
        Ok(())
    }

    /// Ends the text and returns the counts.
    ///
    /// # Errors
    /// [`ErrorKind::Incomplete`] if the text ends inside a value or has no value, or the error of
    /// an earlier call.
    pub fn finish(&mut self) -> Result<Summary, Error> {
        if let Some(error) = self.failed {
            return Err(error);
        }
        // A number at the top level can end with the text.
        if let (ParseState::Number { .. }, None) = (self.state.parse, self.state.nesting.is_object()) {
            self.state.end_value();
        }
        if self.state.parse != ParseState::End {
            return self.fail(ErrorKind::Incomplete, self.offset);
        }
        self.program.shapes.keep(std::mem::take(&mut self.shapes));
        Ok(self.state.summary)
    }

    /// Returns the counts so far.
    pub fn summary(&self) -> Summary {
        self.state.summary
    }

    fn fail<T>(&mut self, kind: ErrorKind, offset: u64) -> Result<T, Error> {
        let error = Error::new(kind, offset);
        self.failed = Some(error);
        Err(error)
    }

    /// Reads the chunk: in blocks where the block scanner can, byte by byte elsewhere. The contract
    /// between the two is in `blocks/handover.rs`.
    fn read<S: Sink>(&mut self, cursor: &mut Cursor<'_, S>) -> Result<(), ErrorKind> {
        let Self { program, instructions, state, unfinished, shapes, .. } = self;
        // The block scanner does not write marks.
        let scans = instructions.read_blocks() && program.rules().mark.is_none();
        let mut backoff = Backoff::default();
        let mut until = if scans { cursor.at } else { usize::MAX };
        loop {
            if scans && can_scan(state) {
                let start = cursor.at;
                until = instructions.run(Scan::new(program, state, shapes, cursor));
                until += backoff.after(cursor.at > start);
            }
            ByteReader { rules: program.rules(), state, unfinished, cursor }.read(until)?;
            if cursor.peek().is_none() {
                return Ok(());
            }
            until = cursor.at;
        }
    }
}
