//! The decoder for one coding of a stack, for all gzip members or Zstandard frames of a body.

use super::error::DecodeError;
use super::library::LibraryDecoder;
use crate::codec::coding::Coding;

/// The most bytes that a stage decodes at a time.
const OUTPUT_LEN: usize = 16 * 1024;

pub(super) struct DecodeStage {
    coding: Coding,
    phase: StagePhase,
    /// `None` before the first byte, and after the end of a Brotli or Deflate stream. Kept from one
    /// gzip member or Zstandard frame to the next.
    library: Option<LibraryDecoder>,
    /// Whether the library has returned all bytes that it can decode from its input so far.
    drained: bool,
    allowance: Allowance,
    /// Empty before the first byte, then [`OUTPUT_LEN`] bytes. Those in `read..written` are unread.
    output: Vec<u8>,
    read: usize,
    written: usize,
}

#[derive(Clone, Copy, PartialEq, Eq)]
enum StagePhase {
    /// Before a stream, or between gzip members or Zstandard frames: the body may end, or the next
    /// may start.
    Between,
    Inside,
    /// After the stream: only the end of the body may follow.
    Over,
}

impl DecodeStage {
    pub(super) fn new(coding: Coding, allowance: Allowance) -> Self {
        Self {
            coding,
            phase: StagePhase::Between,
            library: None,
            drained: true,
            allowance,
            output: Vec::new(),
            read: 0,
            written: 0,
        }
    }

    pub(super) fn unread(&self) -> &[u8] {
        self.output.get(self.read..self.written).unwrap_or_default()
    }

    pub(super) fn consume(&mut self, count: usize) {
        self.read += count;
    }

    pub(super) fn is_drained(&self) -> bool {
        self.drained
    }

    /// Checks that the input may end here.
    pub(super) fn end(&self) -> Result<(), DecodeError> {
        match self.phase {
            StagePhase::Between | StagePhase::Over => Ok(()),
            StagePhase::Inside => Err(DecodeError::Incomplete),
        }
    }

    /// Decodes into `output`, all of which must have been read. Returns how many bytes of `input`
    /// were consumed.
    pub(super) fn step(&mut self, input: &[u8]) -> Result<usize, DecodeError> {
        // The input is empty if the earlier stage has produced nothing in its step. Zstandard fails
        // if it is called repeatedly without input.
        if input.is_empty() && self.drained {
            return Ok(0);
        }
        if let Some(&first) = input.first() {
            self.enter(first)?;
        }
        let Some(library) = &mut self.library else {
            return Err(DecodeError::Corrupt);
        };
        let step = library.step(input, &mut self.output)?;
        if step.consumed == 0 && step.produced == 0 && !step.ended && !input.is_empty() {
            // No library does this, but if one did, it would be called forever.
            return Err(DecodeError::Corrupt);
        }
        self.allowance.spend(step.produced)?;
        (self.read, self.written) = (0, step.produced);
        self.drained = step.ended || (step.consumed == input.len() && step.produced < self.output.len());
        if step.ended {
            self.leave();
        }
        Ok(step.consumed)
    }

    /// Prepares for input whose first byte is `first`.
    fn enter(&mut self, first: u8) -> Result<(), DecodeError> {
        match (self.phase, &mut self.library) {
            (StagePhase::Over, _) => return Err(DecodeError::Corrupt),
            (StagePhase::Inside, _) => {}
            (StagePhase::Between, Some(library)) => library.restart(),
            (StagePhase::Between, None) => {
                self.library = Some(LibraryDecoder::open(self.coding, first)?);
                self.output.resize(OUTPUT_LEN, 0);
            }
        }
        self.phase = StagePhase::Inside;
        Ok(())
    }

    /// Sets the phase after the end of a stream, member or frame.
    fn leave(&mut self) {
        self.phase = match self.coding {
            Coding::Gzip | Coding::Zstd => StagePhase::Between,
            Coding::Brotli | Coding::Deflate => {
                self.library = None;
                StagePhase::Over
            }
        };
    }
}

/// How many more bytes may be decoded.
#[derive(Clone, Copy)]
pub(super) struct Allowance(u64);

impl Allowance {
    pub(super) fn new(max: Option<u64>) -> Self {
        Self(max.unwrap_or(u64::MAX))
    }

    pub(super) fn spend(&mut self, count: usize) -> Result<(), DecodeError> {
        self.0 = self.0.checked_sub(count as u64).ok_or(DecodeError::TooLarge)?;
        Ok(())
    }
}
