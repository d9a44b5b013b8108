//! The chain of encoders that a body runs through.

use crate::codec::coding::Coding;
use brotli::CompressorWriter;
use bytes::BytesMut;
use flate2::Compression;
use flate2::write::{GzEncoder, ZlibEncoder};
use std::io::{self, Write};
use zstd::stream::write::Encoder as ZstdEncoder;

/// Level 2 of the library used here matches nginx's default, which is level 1 of zlib
/// (`deflate_fast`). The library's own level 1 is faster, but compresses far less.
const DEFLATE_LEVEL: u32 = 2;

/// A balance of time and size, not measured, in the range that servers use for dynamic responses.
const BROTLI_QUALITY: u32 = 4;

const ZSTD_LEVEL: i32 = 3;

/// The base-two logarithm of the window of Brotli and Zstandard, 256 KiB. Larger windows help only
/// bodies larger than lists of keys, and cost memory for each response in progress.
const WINDOW_LOG: u32 = 18;

/// The output space of the Brotli encoder, in bytes.
const BROTLI_OUTPUT: usize = 4096;

/// An encoder that writes into the rest of the chain, or `Output`, the end of the chain, which
/// collects the bytes.
pub(super) enum EncoderChain {
    Brotli(Box<CompressorWriter<Box<EncoderChain>>>),
    Deflate(ZlibEncoder<Box<EncoderChain>>),
    Gzip(GzEncoder<Box<EncoderChain>>),
    Output(BytesMut),
    Zstd(ZstdEncoder<'static, Box<EncoderChain>>),
}

impl EncoderChain {
    /// Puts a coding in front of a chain.
    pub(super) fn before(coding: Coding, next: Self) -> io::Result<Self> {
        let next = Box::new(next);
        Ok(match coding {
            Coding::Brotli => {
                Self::Brotli(Box::new(CompressorWriter::new(next, BROTLI_OUTPUT, BROTLI_QUALITY, WINDOW_LOG)))
            }
            Coding::Deflate => Self::Deflate(ZlibEncoder::new(next, Compression::new(DEFLATE_LEVEL))),
            Coding::Gzip => Self::Gzip(GzEncoder::new(next, Compression::new(DEFLATE_LEVEL))),
            Coding::Zstd => {
                let mut encoder = ZstdEncoder::new(next, ZSTD_LEVEL)?;
                encoder.window_log(WINDOW_LOG)?;
                Self::Zstd(encoder)
            }
        })
    }

    /// Returns the buffer at the end of the chain.
    pub(super) fn output(&mut self) -> &mut BytesMut {
        match self {
            Self::Brotli(writer) => writer.get_mut().output(),
            Self::Deflate(writer) => writer.get_mut().output(),
            Self::Gzip(writer) => writer.get_mut().output(),
            Self::Output(bytes) => bytes,
            Self::Zstd(writer) => writer.get_mut().output(),
        }
    }

    /// Ends each coding in turn and returns the buffer at the end of the chain.
    pub(super) fn finish(self) -> io::Result<BytesMut> {
        match self {
            Self::Brotli(mut writer) => {
                // `into_inner` ends the stream but hides errors. `flush` reports them.
                writer.flush()?;
                writer.into_inner().finish()
            }
            Self::Deflate(writer) => writer.finish()?.finish(),
            Self::Gzip(writer) => writer.finish()?.finish(),
            Self::Output(bytes) => Ok(bytes),
            Self::Zstd(writer) => writer.finish()?.finish(),
        }
    }
}

impl Write for EncoderChain {
    fn write(&mut self, bytes: &[u8]) -> io::Result<usize> {
        match self {
            Self::Brotli(writer) => writer.write(bytes),
            Self::Deflate(writer) => writer.write(bytes),
            Self::Gzip(writer) => writer.write(bytes),
            Self::Output(output) => {
                output.extend_from_slice(bytes);
                Ok(bytes.len())
            }
            Self::Zstd(writer) => writer.write(bytes),
        }
    }

    fn flush(&mut self) -> io::Result<()> {
        match self {
            Self::Brotli(writer) => writer.flush(),
            Self::Deflate(writer) => writer.flush(),
            Self::Gzip(writer) => writer.flush(),
            Self::Output(_) => Ok(()),
            Self::Zstd(writer) => writer.flush(),
        }
    }
}
