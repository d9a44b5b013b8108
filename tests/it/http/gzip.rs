//! The content coding gzip, by flate2.

use flate2::Compression;
use flate2::read::{GzDecoder, GzEncoder};
use std::io::Read;

pub(crate) fn gzip(bytes: &[u8]) -> Vec<u8> {
    let mut coded = Vec::new();
    GzEncoder::new(bytes, Compression::fast()).read_to_end(&mut coded).unwrap();
    coded
}

pub(crate) fn gunzip(bytes: &[u8]) -> Vec<u8> {
    let mut plain = Vec::new();
    GzDecoder::new(bytes).read_to_end(&mut plain).unwrap();
    plain
}
