//! Undoes content codings in constant memory.

mod error;
mod library;
mod stage;

use super::coding::Codings;
use bytes::{Buf, Bytes};
pub use error::DecodeError;
use stage::{Allowance, DecodeStage};
use std::collections::VecDeque;
use std::{fmt, mem};

/// Undoes a stack of codings, piece by piece.
///
/// Feed it a piece of the encoded body, then call [`next`](Self::next) until it needs input. The
/// decoded bytes do not depend on how the body was cut. Memory depends on the codings alone, not on
/// the size of the decoded body. It is allocated when the first byte arrives. Without codings, none
/// is allocated.
///
/// An empty body decodes to an empty body, with any codings. gzip members and Zstandard frames may
/// follow one another. Any other byte after the end of a stream is an error.
pub struct Decoder {
    body: EncodedBody,
    /// In the order of decoding: the first undoes the coding that was applied last.
    stages: Vec<DecodeStage>,
    plain: Allowance,
    /// The number of bytes that the last call of [`Self::next`] returned. The next call discards
    /// them.
    returned: usize,
    failed: Option<DecodeError>,
}

/// The result of [`Decoder::next`].
#[derive(PartialEq, Eq)]
pub enum Progress<'a> {
    /// The next decoded bytes, at most 16 KiB. Without codings, this is a piece of any size, as it
    /// was fed.
    ///
    /// May be empty: a call takes at most one step of each coding, and a step may decode nothing.
    Data(&'a [u8]),
    /// All input so far is decoded, but the body has not ended.
    NeedInput,
    /// The body has ended and was complete.
    End,
}

/// Shows the number of bytes, never the bytes.
impl fmt::Debug for Progress<'_> {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        match self {
            Self::Data(bytes) => write!(f, "Data({} bytes)", bytes.len()),
            Self::NeedInput => f.write_str("NeedInput"),
            Self::End => f.write_str("End"),
        }
    }
}

impl Decoder {
    /// Returns a decoder for a body in these codings.
    ///
    /// No coding of the stack may decode to more than `max_decoded` bytes. Without codings, the
    /// body itself may have at most this many. `None` is no limit.
    pub fn new(codings: &Codings, max_decoded: Option<u64>) -> Self {
        let allowance = Allowance::new(max_decoded);
        Self {
            body: EncodedBody { pieces: VecDeque::new(), complete: false },
            stages: codings.iter().rev().map(|coding| DecodeStage::new(coding, allowance)).collect(),
            plain: allowance,
            returned: 0,
            failed: None,
        }
    }

    /// Queues the next piece of the encoded body.
    ///
    /// Memory stays constant only if the caller waits for [`Progress::NeedInput`] before each call.
    pub fn feed(&mut self, input: Bytes) {
        if !input.is_empty() {
            self.body.pieces.push_back(input);
        }
    }

    /// Marks the end of the input.
    pub fn finish(&mut self) {
        self.body.complete = true;
    }

    /// Decodes at most one step of each coding.
    ///
    /// # Errors
    /// The body cannot be decoded. Every later call fails with the same error. The bytes that were
    /// returned before are not the whole body.
    #[expect(clippy::should_implement_trait, reason = "the bytes borrow from the decoder, so it cannot be an iterator")]
    pub fn next(&mut self) -> Result<Progress<'_>, DecodeError> {
        if let Some(error) = self.failed {
            return Err(error);
        }
        consume(&mut self.stages, &mut self.body, mem::take(&mut self.returned));
        let uncoded = self.stages.is_empty();
        let progress = poll(&mut self.stages, &mut self.body).and_then(|progress| {
            if let Progress::Data(data) = progress {
                self.returned = data.len();
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

/// Returns the output of the last stage. It returns the same bytes again until they are consumed.
fn poll<'a>(stages: &'a mut [DecodeStage], body: &'a mut EncodedBody) -> Result<Progress<'a>, DecodeError> {
    let Some((stage, earlier)) = stages.split_last_mut() else {
        return Ok(body.poll());
    };
    if stage.unread().is_empty() {
        let input = match poll(earlier, body)? {
            Progress::Data(input) => input,
            Progress::NeedInput | Progress::End if !stage.is_drained() => &[],
            Progress::NeedInput => return Ok(Progress::NeedInput),
            Progress::End => return stage.end().map(|()| Progress::End),
        };
        let consumed = stage.step(input)?;
        consume(earlier, body, consumed);
    }
    Ok(Progress::Data(stage.unread()))
}

/// Discards bytes that [`poll`] returned.
fn consume(stages: &mut [DecodeStage], body: &mut EncodedBody, count: usize) {
    match stages.last_mut() {
        Some(stage) => stage.consume(count),
        None => body.consume(count),
    }
}

/// The part of the encoded body that is not yet decoded.
struct EncodedBody {
    /// Never holds an empty piece.
    pieces: VecDeque<Bytes>,
    complete: bool,
}

impl EncodedBody {
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
