//! The libraries that decode one stream, gzip member or Zstandard frame.

use super::error::DecodeError;
use crate::codec::coding::Coding;
use brotli::enc::StandardAlloc;
use brotli::{BrotliDecompressStream, BrotliResult, BrotliState};
use flate2::{Decompress, FlushDecompress, Status};
use zstd::stream::raw::{DParameter, Decoder as ZstdDecoder, Operation};

/// The base-two logarithm of the largest DEFLATE window, 32 KiB. A gzip body does not announce the
/// window that it needs.
const DEFLATE_WINDOW_LOG: u8 = 15;

/// The base-two logarithm of the largest Zstandard window that HTTP allows, 8 MiB
/// (RFC 9659, section 3).
const ZSTD_WINDOW_LOG: u32 = 23;

/// The state of a library within a stream, gzip member or Zstandard frame.
pub(super) enum LibraryDecoder {
    Brotli(Box<BrotliState<StandardAlloc, StandardAlloc, StandardAlloc>>),
    Flate(Decompress),
    Zstd(ZstdDecoder<'static>),
}

/// The result of a step.
pub(super) struct DecodeStep {
    /// Bytes read from the input.
    pub(super) consumed: usize,
    /// Bytes written to the output.
    pub(super) produced: usize,
    /// Whether the stream, member or frame has ended. Then its checks passed and all its bytes are
    /// in the output.
    pub(super) ended: bool,
}

impl LibraryDecoder {
    /// Starts a stream. `first` is its first byte, which the caller still passes to [`Self::step`].
    pub(super) fn open(coding: Coding, first: u8) -> Result<Self, DecodeError> {
        Ok(match coding {
            // Not `new`, which also accepts the large-window format, with windows of up to 1 GiB.
            Coding::Brotli => Self::Brotli(Box::new(BrotliState::new_strict(
                StandardAlloc::default(),
                StandardAlloc::default(),
                StandardAlloc::default(),
            ))),
            Coding::Deflate => Self::Flate(Decompress::new(starts_zlib(first))),
            Coding::Gzip => Self::Flate(Decompress::new_gzip(DEFLATE_WINDOW_LOG)),
            Coding::Zstd => {
                let mut decoder = ZstdDecoder::new().map_err(|_| DecodeError::Corrupt)?;
                decoder.set_parameter(DParameter::WindowLogMax(ZSTD_WINDOW_LOG)).map_err(|_| DecodeError::Corrupt)?;
                Self::Zstd(decoder)
            }
        })
    }

    /// Prepares for the next gzip member or Zstandard frame.
    pub(super) fn restart(&mut self) {
        match self {
            Self::Flate(inflate) => inflate.reset(true),
            // A Zstandard context starts the next frame by itself. Nothing may follow a Brotli
            // stream.
            Self::Brotli(_) | Self::Zstd(_) => {}
        }
    }

    /// Decodes some of `input` into some of `output`.
    pub(super) fn step(&mut self, input: &[u8], output: &mut [u8]) -> Result<DecodeStep, DecodeError> {
        match self {
            Self::Brotli(state) => brotli(state, input, output),
            Self::Flate(inflate) => flate(inflate, input, output),
            Self::Zstd(decoder) => {
                let status = decoder.run_on_buffers(input, output).map_err(|_| DecodeError::Corrupt)?;
                Ok(DecodeStep {
                    consumed: status.bytes_read,
                    produced: status.bytes_written,
                    ended: status.remaining == 0,
                })
            }
        }
    }
}

fn brotli(
    state: &mut BrotliState<StandardAlloc, StandardAlloc, StandardAlloc>,
    input: &[u8],
    output: &mut [u8],
) -> Result<DecodeStep, DecodeError> {
    let (mut input_left, mut consumed) = (input.len(), 0);
    let (mut output_left, mut produced) = (output.len(), 0);
    let result = BrotliDecompressStream(
        &mut input_left, &mut consumed, input, &mut output_left, &mut produced, output, &mut 0, state,
    );
    match result {
        BrotliResult::ResultFailure => Err(DecodeError::Corrupt),
        BrotliResult::ResultSuccess => Ok(DecodeStep { consumed, produced, ended: true }),
        BrotliResult::NeedsMoreInput | BrotliResult::NeedsMoreOutput => {
            Ok(DecodeStep { consumed, produced, ended: false })
        }
    }
}

fn flate(inflate: &mut Decompress, input: &[u8], output: &mut [u8]) -> Result<DecodeStep, DecodeError> {
    let (read, written) = (inflate.total_in(), inflate.total_out());
    let status = inflate.decompress(input, output, FlushDecompress::None).map_err(|_| DecodeError::Corrupt)?;
    Ok(DecodeStep {
        // Both are at most the length of a slice, so the casts lose nothing.
        consumed: (inflate.total_in() - read) as usize,
        produced: (inflate.total_out() - written) as usize,
        ended: status == Status::StreamEnd,
    })
}

/// Whether a `deflate` body starts with the zlib header that the standard requires (RFC 1950,
/// section 2.2). Some servers send a bare DEFLATE stream instead.
///
/// The method and window fields of the first byte decide. A bare stream can start with such a byte
/// only if its first block is a stored block with padding bits that are not zero. No known encoder
/// writes that. Such a body is read as zlib and refused.
fn starts_zlib(first: u8) -> bool {
    let (method, window_log) = (first & 0x0f, 8 + (first >> 4));
    method == 8 && window_log <= DEFLATE_WINDOW_LOG
}
