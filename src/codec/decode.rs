//! Undoing content codings in constant memory.

mod stream;

use std::collections::VecDeque;
use std::{fmt, mem};

use bytes::{Buf, Bytes};

use self::stream::Stream;
use super::coding::{Coding, Codings};

/// The most bytes that one stage decodes at a time.
const PIECE: usize = 16 * 1024;

/// Undoes a stack of codings, piece by piece.
///
/// Feed it a piece of the encoded body, then call [`next`](Decoder::next) until it asks for more. What it decodes is
/// the same however the body was cut up. Memory is bounded by the codings alone, not by what the body unfolds to, and
/// none is taken before the first byte arrives; without codings, none at all.
///
/// A body of no bytes decodes to nothing, whatever its codings. gzip members and Zstandard frames may follow one
/// another. Any other byte after the end of a stream is an error.
pub struct Decoder {
    body: Body,
    /// In the order they work: the first undoes the coding that was applied last.
    stages: Vec<Stage>,
    plain: Allowance,
    /// How many bytes the last call handed out, which are done with when the next one starts.
    handed: usize,
    failed: Option<DecodeError>,
}

/// What [`Decoder::next`] has to say.
#[derive(PartialEq, Eq)]
pub enum Progress<'a> {
    /// The next decoded bytes, at most 16 KiB; without codings, a piece as it was fed.
    ///
    /// They may be none: each call does one step of each coding at most, and a step may well write nothing.
    Data(&'a [u8]),
    /// All that was fed is decoded, and the body is not over.
    NeedInput,
    /// The body is over and was complete.
    End,
}

/// Tells how many bytes there are, never which.
impl fmt::Debug for Progress<'_> {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        match self {
            Self::Data(bytes) => write!(f, "Data({} bytes)", bytes.len()),
            Self::NeedInput => f.write_str("NeedInput"),
            Self::End => f.write_str("End"),
        }
    }
}

/// Why a body cannot be decoded.
#[derive(Clone, Copy, Debug, PartialEq, Eq, thiserror::Error)]
pub enum DecodeError {
    /// The body is not what its codings say, fails their checks, has bytes left over, or needs a dictionary or a window
    /// larger than HTTP allows.
    #[error("the body does not decode")]
    Corrupt,
    /// The body ended before its codings did.
    #[error("the encoded body ends early")]
    Incomplete,
    /// The body, or a stage on the way to it, is larger than allowed.
    #[error("the decoded body is too large")]
    TooLarge,
}

impl Decoder {
    /// Makes a decoder for a body in these codings.
    ///
    /// No coding of the stack may decode to more than `max_decoded` bytes; without codings, that is the length of the
    /// body itself.
    pub fn new(codings: &Codings, max_decoded: Option<u64>) -> Decoder {
        let allowance = Allowance(max_decoded.unwrap_or(u64::MAX));
        Decoder {
            body: Body { pieces: VecDeque::new(), complete: false },
            stages: codings.iter().rev().map(|coding| Stage::new(coding, allowance)).collect(),
            plain: allowance,
            handed: 0,
            failed: None,
        }
    }

    /// Takes the next piece of the encoded body.
    ///
    /// It is queued behind what was not read yet, so memory stays constant only if the caller waits for
    /// [`Progress::NeedInput`].
    pub fn feed(&mut self, input: Bytes) {
        if !input.is_empty() {
            self.body.pieces.push_back(input);
        }
    }

    /// Says that no more input follows.
    pub fn finish(&mut self) {
        self.body.complete = true;
    }

    /// Decodes a little more.
    ///
    /// # Errors
    ///
    /// [`DecodeError`], and from then on the same one with each call. What was handed out before is then worth nothing.
    #[expect(
        clippy::should_implement_trait,
        reason = "what it hands out borrows from the decoder, so it cannot be an iterator"
    )]
    pub fn next(&mut self) -> Result<Progress<'_>, DecodeError> {
        if let Some(error) = self.failed {
            return Err(error);
        }
        consume(&mut self.stages, &mut self.body, mem::take(&mut self.handed));
        let uncoded = self.stages.is_empty();
        let progress = poll(&mut self.stages, &mut self.body).and_then(|progress| {
            if let Progress::Data(data) = progress {
                self.handed = data.len();
                if uncoded {
                    self.plain.spend(data.len())?;
                }
            }
            Ok(progress)
        });
        self.failed = progress.as_ref().err().copied();
        progress
    }
}

impl fmt::Debug for Decoder {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.debug_struct("Decoder").field("failed", &self.failed).finish_non_exhaustive()
    }
}

/// What the last of the stages has to give; the same bytes again until they are consumed.
fn poll<'a>(stages: &'a mut [Stage], body: &'a mut Body) -> Result<Progress<'a>, DecodeError> {
    let Some((stage, earlier)) = stages.split_last_mut() else {
        return Ok(body.poll());
    };
    if stage.unread().is_empty() {
        let input = match poll(earlier, body)? {
            Progress::Data(input) => input,
            Progress::NeedInput | Progress::End if !stage.drained => &[],
            Progress::NeedInput => return Ok(Progress::NeedInput),
            Progress::End => return stage.end(),
        };
        let consumed = stage.step(input)?;
        consume(earlier, body, consumed);
    }
    Ok(Progress::Data(stage.unread()))
}

/// Marks bytes as read that [`poll`] returned.
fn consume(stages: &mut [Stage], body: &mut Body, count: usize) {
    match stages.last_mut() {
        Some(stage) => stage.read += count,
        None => body.consume(count),
    }
}

/// The encoded body as far as it was fed and not read.
struct Body {
    /// None of them is empty.
    pieces: VecDeque<Bytes>,
    complete: bool,
}

impl Body {
    fn poll(&self) -> Progress<'_> {
        match self.pieces.front() {
            Some(piece) => Progress::Data(piece),
            None if self.complete => Progress::End,
            None => Progress::NeedInput,
        }
    }

    fn consume(&mut self, count: usize) {
        if let Some(piece) = self.pieces.front_mut() {
            piece.advance(count.min(piece.len()));
            if piece.is_empty() {
                self.pieces.pop_front();
            }
        }
    }
}

/// One coding being undone.
struct Stage {
    coding: Coding,
    phase: Phase,
    /// Made when the first byte arrives, and kept from one member or frame to the next.
    stream: Option<Stream>,
    /// Whether the library gave out all it could make of what it has read.
    drained: bool,
    allowance: Allowance,
    /// Empty before the first byte, then [`PIECE`] bytes, of which those from `read` to `written` wait to be read.
    output: Vec<u8>,
    read: usize,
    written: usize,
}

#[derive(Clone, Copy, PartialEq, Eq)]
enum Phase {
    /// Where the body may end and a stream, member or frame may start.
    Between,
    Inside,
    /// Where only the end may follow.
    Over,
}

impl Stage {
    fn new(coding: Coding, allowance: Allowance) -> Stage {
        Stage {
            coding,
            phase: Phase::Between,
            stream: None,
            drained: true,
            allowance,
            output: Vec::new(),
            read: 0,
            written: 0,
        }
    }

    fn unread(&self) -> &[u8] {
        self.output.get(self.read..self.written).unwrap_or_default()
    }

    /// What the end of its input means to this stage.
    fn end(&self) -> Result<Progress<'static>, DecodeError> {
        match self.phase {
            Phase::Between | Phase::Over => Ok(Progress::End),
            Phase::Inside => Err(DecodeError::Incomplete),
        }
    }

    /// Fills the output, all of which was read, and returns how much of the input that took.
    fn step(&mut self, input: &[u8]) -> Result<usize, DecodeError> {
        // An earlier stage made a step that gave no bytes. Zstandard takes being called again and again for nothing as
        // an error.
        if input.is_empty() && self.drained {
            return Ok(0);
        }
        if let Some(&first) = input.first() {
            self.enter(first)?;
        }
        let Some(stream) = &mut self.stream else {
            return Err(DecodeError::Corrupt);
        };
        let step = stream.step(input, &mut self.output)?;
        if step.consumed == 0 && step.produced == 0 && !step.ended && !input.is_empty() {
            // No library does this, but one that did would be called forever.
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

    /// Makes ready for input that starts with this byte.
    fn enter(&mut self, first: u8) -> Result<(), DecodeError> {
        match (self.phase, &mut self.stream) {
            (Phase::Over, _) => return Err(DecodeError::Corrupt),
            (Phase::Inside, _) => {}
            (Phase::Between, Some(stream)) => stream.restart(),
            (Phase::Between, None) => {
                self.stream = Some(Stream::open(self.coding, first)?);
                self.output.resize(PIECE, 0);
            }
        }
        self.phase = Phase::Inside;
        Ok(())
    }

    /// Notes that the stream, member or frame is over.
    fn leave(&mut self) {
        self.phase = match self.coding {
            Coding::Gzip | Coding::Zstd => Phase::Between,
            Coding::Brotli | Coding::Deflate => {
                self.stream = None;
                Phase::Over
            }
        };
    }
}

/// How many bytes may yet be decoded.
#[derive(Clone, Copy)]
struct Allowance(u64);

impl Allowance {
    fn spend(&mut self, count: usize) -> Result<(), DecodeError> {
        self.0 = self.0.checked_sub(count as u64).ok_or(DecodeError::TooLarge)?;
        Ok(())
    }
}
