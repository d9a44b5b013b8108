//! The chain of encoders that a body runs through.

use std::io::{self, Write};

use brotli::CompressorWriter;
use bytes::BytesMut;
use flate2::Compression;
use flate2::write::{GzEncoder, ZlibEncoder};
use zstd::stream::write::Encoder as ZstdEncoder;

use crate::codec::coding::Coding;

/// nginx's default of 1 means zlib's `deflate_fast`, which the library used here has at 2 (its 1 is a quicker and far
/// weaker one).
const DEFLATE_LEVEL: u32 = 2;

/// A guess at the balance of time and size, in the range that servers choose for answers made on the fly.
const BROTLI_QUALITY: u32 = 4;

const ZSTD_LEVEL: i32 = 3;

/// The base-two logarithm of the window of Brotli and Zstandard, 256 KiB: larger ones pay off for larger bodies than
/// lists of keys and cost memory for each response in flight.
const WINDOW_LOG: u32 = 18;

/// The output space of the Brotli encoder, in bytes.
const BROTLI_OUTPUT: usize = 4096;

/// Where bytes are written: a coding that hands what it makes to the next sink, or the last of the chain, which keeps
/// them.
pub(super) enum Sink {
    Brotli(Box<CompressorWriter<Box<Sink>>>),
    Deflate(ZlibEncoder<Box<Sink>>),
    Gzip(GzEncoder<Box<Sink>>),
    Output(BytesMut),
    Zstd(ZstdEncoder<'static, Box<Sink>>),
}

impl Sink {
    /// Puts a coding in front of a chain.
    pub(super) fn before(coding: Coding, next: Sink) -> io::Result<Sink> {
        let next = Box::new(next);
        Ok(match coding {
            Coding::Brotli => {
                Sink::Brotli(Box::new(CompressorWriter::new(next, BROTLI_OUTPUT, BROTLI_QUALITY, WINDOW_LOG)))
            }
            Coding::Deflate => Sink::Deflate(ZlibEncoder::new(next, Compression::new(DEFLATE_LEVEL))),
            Coding::Gzip => Sink::Gzip(GzEncoder::new(next, Compression::new(DEFLATE_LEVEL))),
            Coding::Zstd => {
                let mut encoder = ZstdEncoder::new(next, ZSTD_LEVEL)?;
                encoder.window_log(WINDOW_LOG)?;
                Sink::Zstd(encoder)
            }
        })
    }

    /// The bytes that have come out of the whole chain.
    pub(super) fn output(&mut self) -> &mut BytesMut {
        match self {
            Sink::Brotli(writer) => writer.get_mut().output(),
            Sink::Deflate(writer) => writer.get_mut().output(),
            Sink::Gzip(writer) => writer.get_mut().output(),
            Sink::Output(bytes) => bytes,
            Sink::Zstd(writer) => writer.get_mut().output(),
        }
    }

    /// Ends each coding in its turn and returns the bytes that have come out.
    pub(super) fn finish(self) -> io::Result<BytesMut> {
        match self {
            Sink::Brotli(mut writer) => {
                // `into_inner` ends the stream but keeps quiet about errors, so let them show before.
                writer.flush()?;
                writer.into_inner().finish()
            }
            Sink::Deflate(writer) => writer.finish()?.finish(),
            Sink::Gzip(writer) => writer.finish()?.finish(),
            Sink::Output(bytes) => Ok(bytes),
            Sink::Zstd(writer) => writer.finish()?.finish(),
        }
    }
}

impl Write for Sink {
    fn write(&mut self, bytes: &[u8]) -> io::Result<usize> {
        match self {
            Sink::Brotli(writer) => writer.write(bytes),
            Sink::Deflate(writer) => writer.write(bytes),
            Sink::Gzip(writer) => writer.write(bytes),
            Sink::Output(output) => {
                output.extend_from_slice(bytes);
                Ok(bytes.len())
            }
            Sink::Zstd(writer) => writer.write(bytes),
        }
    }

    fn flush(&mut self) -> io::Result<()> {
        match self {
            Sink::Brotli(writer) => writer.flush(),
            Sink::Deflate(writer) => writer.flush(),
            Sink::Gzip(writer) => writer.flush(),
            Sink::Output(_) => Ok(()),
            Sink::Zstd(writer) => writer.flush(),
        }
    }
}
