//! One coding undone by its library, step by step.

use brotli::enc::StandardAlloc;
use brotli::{BrotliDecompressStream, BrotliResult, BrotliState};
use flate2::{Decompress, FlushDecompress, Status};
use zstd::stream::raw::{DParameter, Decoder as ZstdDecoder, Operation};

use super::DecodeError;
use crate::codec::coding::Coding;

/// The base-two logarithm of the largest DEFLATE window, 32 KiB: nothing in a body says which one it needs beforehand.
const DEFLATE_WINDOW_LOG: u8 = 15;

/// The base-two logarithm of the largest Zstandard window that HTTP allows, 8 MiB (RFC 9659, section 3).
const ZSTD_WINDOW_LOG: u32 = 23;

/// The state of a library in the middle of a stream, a gzip member or a Zstandard frame.
pub(super) enum Stream {
    Brotli(Box<BrotliState<StandardAlloc, StandardAlloc, StandardAlloc>>),
    Flate(Decompress),
    Zstd(ZstdDecoder<'static>),
}

/// What one step did.
pub(super) struct Step {
    /// Bytes read from the input.
    pub(super) consumed: usize,
    /// Bytes written to the output.
    pub(super) produced: usize,
    /// Whether the stream, member or frame is over, its checks have passed and all of its bytes are out.
    pub(super) ended: bool,
}

impl Stream {
    /// Starts on a stream whose first byte is known but not yet consumed.
    pub(super) fn open(coding: Coding, first: u8) -> Result<Stream, DecodeError> {
        Ok(match coding {
            // The plain constructor, `new`, would take the large-window format too, with windows of up to 1 GiB.
            Coding::Brotli => Stream::Brotli(Box::new(BrotliState::new_strict(
                StandardAlloc::default(),
                StandardAlloc::default(),
                StandardAlloc::default(),
            ))),
            Coding::Deflate => Stream::Flate(Decompress::new(starts_zlib(first))),
            Coding::Gzip => Stream::Flate(Decompress::new_gzip(DEFLATE_WINDOW_LOG)),
            Coding::Zstd => {
                let mut decoder = ZstdDecoder::new().map_err(|_| DecodeError::Corrupt)?;
                decoder.set_parameter(DParameter::WindowLogMax(ZSTD_WINDOW_LOG)).map_err(|_| DecodeError::Corrupt)?;
                Stream::Zstd(decoder)
            }
        })
    }

    /// Makes ready for the next gzip member or Zstandard frame.
    pub(super) fn restart(&mut self) {
        match self {
            Stream::Flate(inflate) => inflate.reset(true),
            // A Zstandard context goes on to the next frame by itself, and a Brotli stream has no successor.
            Stream::Brotli(_) | Stream::Zstd(_) => {}
        }
    }

    /// Decodes some of `input` into some of `output`.
    pub(super) fn step(&mut self, input: &[u8], output: &mut [u8]) -> Result<Step, DecodeError> {
        match self {
            Stream::Brotli(state) => brotli(state, input, output),
            Stream::Flate(inflate) => flate(inflate, input, output),
            Stream::Zstd(decoder) => {
                let status = decoder.run_on_buffers(input, output).map_err(|_| DecodeError::Corrupt)?;
                Ok(Step { consumed: status.bytes_read, produced: status.bytes_written, ended: status.remaining == 0 })
            }
        }
    }
}

fn brotli(
    state: &mut BrotliState<StandardAlloc, StandardAlloc, StandardAlloc>,
    input: &[u8],
    output: &mut [u8],
) -> Result<Step, DecodeError> {
    let (mut input_left, mut consumed) = (input.len(), 0);
    let (mut output_left, mut produced) = (output.len(), 0);
    let result = BrotliDecompressStream(
        &mut input_left,
        &mut consumed,
        input,
        &mut output_left,
        &mut produced,
        output,
        &mut 0,
        state,
    );
    match result {
        BrotliResult::ResultFailure => Err(DecodeError::Corrupt),
        BrotliResult::ResultSuccess => Ok(Step { consumed, produced, ended: true }),
        BrotliResult::NeedsMoreInput | BrotliResult::NeedsMoreOutput => Ok(Step { consumed, produced, ended: false }),
    }
}

fn flate(inflate: &mut Decompress, input: &[u8], output: &mut [u8]) -> Result<Step, DecodeError> {
    let (read, written) = (inflate.total_in(), inflate.total_out());
    let status = inflate.decompress(input, output, FlushDecompress::None).map_err(|_| DecodeError::Corrupt)?;
    Ok(Step {
        // No more than the lengths of the two slices, so nothing is cut off.
        consumed: (inflate.total_in() - read) as usize,
        produced: (inflate.total_out() - written) as usize,
        ended: status == Status::StreamEnd,
    })
}

/// Whether a `deflate` body starts with the zlib header it should have (RFC 1950, section 2.2), or is a bare DEFLATE
/// stream, as some servers send.
///
/// The method and window fields of the first byte tell. A bare stream can start with such a byte only if its first
/// block is a stored one with padding bits that are not zero, which no known encoder writes; that is then a zlib header
/// which is refused.
fn starts_zlib(first: u8) -> bool {
    let (method, window_log) = (first & 0x0f, 8 + (first >> 4));
    method == 8 && window_log <= DEFLATE_WINDOW_LOG
}
