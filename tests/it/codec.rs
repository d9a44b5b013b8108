//! The content codings from outside: what decodes, what must not, and how much memory a bomb gets.

use std::io::Write;

use bytes::{Bytes, BytesMut};
use flate2::Compression;
use flate2::write::{DeflateEncoder, GzEncoder};
use last4::codec::{Codings, DecodeError, Decoder, Encoder, Progress};

const EACH: [&str; 4] = ["br", "deflate", "gzip", "zstd"];
const STACKS: [&str; 5] = ["gzip, gzip", "br, gzip", "zstd, deflate", "gzip, zstd, br", "br, deflate, gzip, zstd"];
const PIECE: usize = 16 * 1024;

fn codings(value: &str) -> Codings {
    Codings::parse([value.as_bytes()]).unwrap()
}

/// The codings that may wrap a body in `inner`: not Brotli twice, whose window is too large.
fn around(inner: &str) -> impl Iterator<Item = &'static str> {
    EACH.into_iter().filter(move |outer| (inner, *outer) != ("br", "br"))
}

fn sample() -> Vec<u8> {
    let keys: Vec<String> =
        (0..40).map(|n: u32| format!(r#"{{"id":{n},"token":"app-{:08x}"}}"#, n.wrapping_mul(2_654_435_761))).collect();
    format!(r#"{{"data":[{}]}}"#, keys.join(",")).into_bytes()
}

/// Bytes that no coding makes shorter.
fn noise(length: usize) -> Vec<u8> {
    let mut state = 1_u64;
    let mut next = || {
        state ^= state << 13;
        state ^= state >> 7;
        state ^= state << 17;
        state as u8
    };
    (0..length).map(|_| next()).collect()
}

fn encode(value: &str, plain: &[u8]) -> Vec<u8> {
    encode_pieces(value, [plain])
}

fn encode_pieces<'a>(value: &str, pieces: impl IntoIterator<Item = &'a [u8]>) -> Vec<u8> {
    let mut encoder = Encoder::new(&codings(value)).unwrap();
    let mut out = BytesMut::new();
    for piece in pieces {
        encoder.write(piece, &mut out).unwrap();
    }
    encoder.finish(&mut out).unwrap();
    out.to_vec()
}

/// Drains what the decoder can give; whether that was the end.
fn drain(decoder: &mut Decoder, plain: &mut Vec<u8>) -> Result<bool, DecodeError> {
    loop {
        match decoder.next()? {
            Progress::Data(data) => {
                assert!(data.len() <= PIECE);
                plain.extend_from_slice(data);
            }
            Progress::NeedInput => return Ok(false),
            Progress::End => return Ok(true),
        }
    }
}

fn decode_pieces<'a>(value: &str, pieces: impl IntoIterator<Item = &'a [u8]>) -> Result<Vec<u8>, DecodeError> {
    let mut decoder = Decoder::new(&codings(value), None);
    let mut plain = Vec::new();
    for piece in pieces {
        decoder.feed(Bytes::copy_from_slice(piece));
        assert!(!drain(&mut decoder, &mut plain)?, "the end was seen before it was announced");
    }
    decoder.finish();
    assert!(drain(&mut decoder, &mut plain)?, "input was asked for after the end");
    assert_eq!(decoder.next(), Ok(Progress::End));
    Ok(plain)
}

fn decode(value: &str, encoded: &[u8]) -> Result<Vec<u8>, DecodeError> {
    decode_pieces(value, [encoded])
}

fn gzip_member(plain: &[u8]) -> Vec<u8> {
    let mut member = GzEncoder::new(Vec::new(), Compression::fast());
    member.write_all(plain).unwrap();
    member.finish().unwrap()
}

fn raw_deflate(plain: &[u8], level: u32) -> Vec<u8> {
    let mut raw = DeflateEncoder::new(Vec::new(), Compression::new(level));
    raw.write_all(plain).unwrap();
    raw.finish().unwrap()
}

#[test]
fn each_coding_and_stack_returns_what_went_in() {
    for value in EACH.into_iter().chain(STACKS) {
        for plain in [Vec::new(), b"{}".to_vec(), sample(), noise(200_000), sample().repeat(300)] {
            let encoded = encode(value, &plain);
            assert!(decode(value, &encoded).as_deref() == Ok(&plain[..]), "{value}, {} bytes", plain.len());
            let encoded = encode_pieces(value, plain.chunks(777));
            let pieces = encoded.chunks(1000);
            assert!(decode_pieces(value, pieces).as_deref() == Ok(&plain[..]), "{value}, {} bytes", plain.len());
        }
    }
}

#[test]
fn any_split_decodes_alike() {
    let plain = sample();
    for value in EACH.into_iter().chain(STACKS) {
        let encoded = encode(value, &plain);
        for at in 0..=encoded.len() {
            let (before, after) = encoded.split_at(at);
            assert_eq!(decode_pieces(value, [before, after]).as_deref(), Ok(&plain[..]), "{value} split at {at}");
        }
        assert_eq!(decode_pieces(value, encoded.chunks(1)).as_deref(), Ok(&plain[..]), "{value} byte by byte");
    }
}

#[test]
fn pieces_fed_ahead_are_queued() {
    for value in ["", "gzip", "br, zstd"] {
        let plain = sample();
        let mut decoder = Decoder::new(&codings(value), None);
        for piece in encode(value, &plain).chunks(7) {
            decoder.feed(Bytes::copy_from_slice(piece));
        }
        decoder.finish();
        let mut decoded = Vec::new();
        assert_eq!(drain(&mut decoder, &mut decoded), Ok(true));
        assert_eq!(decoded, plain, "{value}");
    }
}

#[test]
fn a_body_without_codings_passes_without_a_copy() {
    let body = Bytes::from(noise(100_000));
    let mut decoder = Decoder::new(&Codings::default(), None);
    assert_eq!(decoder.next(), Ok(Progress::NeedInput));
    decoder.feed(body.clone());
    let Ok(Progress::Data(data)) = decoder.next() else { panic!("no data") };
    assert_eq!(data.as_ptr_range(), body.as_ptr_range());
    assert_eq!(decoder.next(), Ok(Progress::NeedInput));
    decoder.finish();
    assert_eq!(decoder.next(), Ok(Progress::End));
}

#[test]
fn a_body_cut_anywhere_is_incomplete() {
    let plain = sample();
    for value in EACH.into_iter().chain(STACKS) {
        let encoded = encode(value, &plain);
        for length in 1..encoded.len() {
            assert_eq!(decode(value, &encoded[..length]), Err(DecodeError::Incomplete), "{value} cut to {length}");
        }
    }
    let raw = raw_deflate(&plain, 6);
    for length in 1..raw.len() {
        assert_eq!(decode("deflate", &raw[..length]), Err(DecodeError::Incomplete), "raw deflate cut to {length}");
    }
}

#[test]
fn an_inner_stream_cut_inside_a_whole_outer_one_is_incomplete() {
    for inner in EACH {
        let mut cut = encode(inner, &sample());
        cut.pop();
        for outer in around(inner) {
            assert_eq!(decode(&format!("{inner}, {outer}"), &encode(outer, &cut)), Err(DecodeError::Incomplete));
        }
    }
}

#[test]
fn a_body_of_no_bytes_is_empty_in_every_coding() {
    for value in EACH.into_iter().chain(STACKS).chain([""]) {
        assert_eq!(decode_pieces(value, []), Ok(Vec::new()), "{value}");
        assert_eq!(decode(value, b""), Ok(Vec::new()), "{value}");
    }
}

#[test]
fn bytes_after_the_end_are_never_dropped() {
    for value in EACH.into_iter().chain(STACKS) {
        for plain in [sample(), sample().repeat(300)] {
            let encoded = encode(value, &plain);
            for junk in [&b"\0\0\0\0\0\0\0\0"[..], b"{\"token\":\"app-\"}", b"\n\n\n\n\n"] {
                let spoilt = [&encoded, junk].concat();
                assert_eq!(decode(value, &spoilt), Err(DecodeError::Corrupt), "{value}");
                assert_eq!(decode_pieces(value, [&encoded[..], junk]), Err(DecodeError::Corrupt), "{value}");
                assert_eq!(decode_pieces(value, spoilt.chunks(1)), Err(DecodeError::Corrupt), "{value}");
            }
            // If another member or frame may follow, one byte could be its start.
            assert!(decode(value, &[&encoded[..], b"{"].concat()).is_err(), "{value}");
        }
    }
}

#[test]
fn bytes_after_an_inner_stream_are_never_dropped() {
    for inner in EACH {
        let spoilt = [&encode(inner, &sample())[..], b"{\"token\":\"app-\"}"].concat();
        for outer in around(inner) {
            let value = format!("{inner}, {outer}");
            assert_eq!(decode(&value, &encode(outer, &spoilt)), Err(DecodeError::Corrupt), "{value}");
        }
    }
}

#[test]
fn a_second_stream_follows_only_where_the_format_has_it() {
    let plain = sample();
    for value in EACH {
        let twice = encode(value, &plain).repeat(2);
        let expected = match value {
            "gzip" | "zstd" => Ok(plain.repeat(2)),
            _ => Err(DecodeError::Corrupt),
        };
        assert_eq!(decode(value, &twice), expected, "{value}");
        assert_eq!(decode_pieces(value, twice.chunks(1)), expected, "{value}");
    }
}

#[test]
fn gzip_members_follow_one_another_at_any_split() {
    let body = [gzip_member(b"{\"a\":"), gzip_member(b""), gzip_member(b"1}")].concat();
    for at in 0..=body.len() {
        let (before, after) = body.split_at(at);
        assert_eq!(decode_pieces("gzip", [before, after]).as_deref(), Ok(&b"{\"a\":1}"[..]));
    }
    let cut = &body[..body.len() - 1];
    assert_eq!(decode("gzip", cut), Err(DecodeError::Incomplete));
}

#[test]
fn the_optional_fields_of_a_gzip_header_are_skipped() {
    let plain = sample();
    // FHCRC, FEXTRA, FNAME and FCOMMENT, all of RFC 1952, section 2.3.
    let mut header = vec![0x1f, 0x8b, 8, 0x1e, 1, 2, 3, 4, 0, 3];
    header.extend_from_slice(b"\x04\0ab\0\0name\0comment\0");
    let mut check = flate2::Crc::new();
    check.update(&header);
    header.extend_from_slice(&(check.sum() as u16).to_le_bytes());
    let member = gzip_member(&plain);
    let body = [&header, &member[10..]].concat();
    for at in 0..=body.len() {
        let (before, after) = body.split_at(at);
        assert_eq!(decode_pieces("gzip", [before, after]).as_deref(), Ok(&plain[..]), "split at {at}");
    }
    let mut spoilt = body.clone();
    spoilt[header.len() - 1] ^= 1;
    assert_eq!(decode("gzip", &spoilt), Err(DecodeError::Corrupt));
}

#[test]
fn deflate_is_read_with_and_without_its_wrapping() {
    for plain in [Vec::new(), sample(), noise(100_000)] {
        assert_eq!(encode("deflate", &plain)[0], 0x78, "the wrapped form is the one to send");
        for level in [0, 1, 6, 9] {
            let raw = raw_deflate(&plain, level);
            assert!(decode("deflate", &raw).as_deref() == Ok(&plain[..]), "level {level}");
            assert!(decode_pieces("deflate", raw.chunks(1)).as_deref() == Ok(&plain[..]), "level {level}");
            assert_eq!(decode("deflate", &[&raw[..], b"\0"].concat()), Err(DecodeError::Corrupt));
        }
    }
    assert_eq!(decode("deflate", &gzip_member(b"{}")), Err(DecodeError::Corrupt));
}

#[test]
fn a_wrong_checksum_or_length_is_corrupt() {
    let plain = sample();
    let mut checked_frame = zstd::stream::Encoder::new(Vec::new(), 3).unwrap();
    checked_frame.include_checksum(true).unwrap();
    checked_frame.write_all(&plain).unwrap();
    let checked_frame = checked_frame.finish().unwrap();
    for (value, encoded, trailer) in
        [("gzip", encode("gzip", &plain), 8), ("deflate", encode("deflate", &plain), 4), ("zstd", checked_frame, 4)]
    {
        assert_eq!(decode(value, &encoded).as_deref(), Ok(&plain[..]));
        for at in encoded.len() - trailer..encoded.len() {
            for bit in 0..8 {
                let mut spoilt = encoded.clone();
                spoilt[at] ^= 1 << bit;
                assert_eq!(decode(value, &spoilt), Err(DecodeError::Corrupt), "{value} at {at}");
            }
        }
    }
}

#[test]
fn a_flipped_bit_in_a_checked_body_never_changes_what_is_decoded() {
    let plain = sample();
    for value in ["gzip", "deflate"] {
        let encoded = encode(value, &plain);
        for at in 0..encoded.len() {
            for bit in 0..8 {
                let mut spoilt = encoded.clone();
                spoilt[at] ^= 1 << bit;
                // The time, system and hints of a gzip header may be anything.
                let decoded = decode(value, &spoilt);
                assert!(decoded.is_err() || decoded.as_deref() == Ok(&plain[..]), "{value} at {at}");
            }
        }
    }
}

#[test]
fn noise_never_panics_nor_passes() {
    for value in EACH {
        for seed in 1..300 {
            let body = &noise(4 * seed)[seed..];
            assert!(decode(value, body).is_err(), "{value} {seed}");
        }
    }
}

#[test]
fn a_spoilt_body_never_panics() {
    let plain = sample();
    for value in ["br", "zstd", "br, zstd"] {
        let encoded = encode(value, &plain);
        for at in 0..encoded.len() {
            let mut spoilt = encoded.clone();
            spoilt[at] ^= 0x55;
            let _ = decode(value, &spoilt);
        }
    }
}

#[test]
fn the_wrong_coding_is_corrupt() {
    for value in EACH {
        for other in EACH.into_iter().filter(|other| *other != value) {
            let result = decode(value, &encode(other, &sample()));
            assert!(result.is_err(), "{other} as {value}");
        }
        assert!(decode(value, b"{\"token\":\"app-Zk8QwN3xRv7LmP2sTy9BcD4f\"}").is_err(), "plain as {value}");
    }
}

#[test]
fn a_dictionary_is_refused() {
    // A frame of three bytes as they are, without and with a dictionary's name (RFC 8878, section 3.1.1).
    assert_eq!(decode("zstd", b"\x28\xb5\x2f\xfd\x20\x03\x19\0\0abc").as_deref(), Ok(&b"abc"[..]));
    assert_eq!(decode("zstd", b"\x28\xb5\x2f\xfd\x21\x05\x03\x19\0\0abc"), Err(DecodeError::Corrupt));
    // FDICT of RFC 1950, section 2.2.
    assert_eq!(decode("deflate", b"\x78\x20\0\0\0\x01\x03\0\0\0\0\x01"), Err(DecodeError::Corrupt));
}

#[test]
fn windows_larger_than_http_allows_are_refused() {
    // The window descriptor says 8 MiB, then 16 MiB (RFC 8878, section 3.1.1.1.2).
    assert_eq!(decode("zstd", b"\x28\xb5\x2f\xfd\0\x68\x19\0\0abc").as_deref(), Ok(&b"abc"[..]));
    assert_eq!(decode("zstd", b"\x28\xb5\x2f\xfd\0\x70\x19\0\0abc"), Err(DecodeError::Corrupt));
    // An empty stream with the largest window of RFC 7932, and one of the large-window format.
    assert_eq!(decode("br", b"\x3f").as_deref(), Ok(&b""[..]));
    assert_eq!(decode("br", b"\x11\xd8"), Err(DecodeError::Corrupt));
}

#[test]
fn skippable_frames_are_skipped() {
    let skippable = b"\x50\x2a\x4d\x18\x03\0\0\0xyz";
    let frame = encode("zstd", b"{}");
    for body in [[&skippable[..], &frame].concat(), [&frame[..], skippable].concat()] {
        assert_eq!(decode("zstd", &body).as_deref(), Ok(&b"{}"[..]));
        assert_eq!(decode_pieces("zstd", body.chunks(1)).as_deref(), Ok(&b"{}"[..]));
        assert_eq!(decode("zstd", &body[..body.len() - 1]), Err(DecodeError::Incomplete));
    }
}

/// Decodes 512 MiB of zeros, encoded as they are needed, until the limit stops it.
fn explode(value: &str, limit: u64) -> Result<(), DecodeError> {
    let mut encoder = Encoder::new(&codings(value)).unwrap();
    let mut decoder = Decoder::new(&codings(value), Some(limit));
    let mut decoded = 0;
    let mut light = |encoded: BytesMut| {
        decoder.feed(encoded.freeze());
        loop {
            match decoder.next() {
                Ok(Progress::Data(data)) => {
                    assert!(data.len() <= PIECE);
                    decoded += data.len() as u64;
                    assert!(decoded <= limit);
                }
                Ok(Progress::NeedInput | Progress::End) => return Ok(()),
                Err(error) => {
                    assert_eq!(decoder.next(), Err(error), "an error stays");
                    return Err(error);
                }
            }
        }
    };
    for _ in 0..512 {
        let mut encoded = BytesMut::new();
        encoder.write(&[0; 1024 * 1024], &mut encoded).unwrap();
        // A stack would otherwise keep what hundreds of mebibytes of zeros come to.
        encoder.flush(&mut encoded).unwrap();
        light(encoded)?;
    }
    let mut encoded = BytesMut::new();
    encoder.finish(&mut encoded).unwrap();
    light(encoded)
}

#[test]
fn a_bomb_ends_at_the_limit() {
    let limit = 8 * 1024 * 1024 + 1;
    for value in EACH.into_iter().chain(STACKS) {
        assert_eq!(explode(value, limit), Err(DecodeError::TooLarge), "{value}");
    }
}

#[test]
fn a_stage_that_unfolds_to_nothing_is_bounded_too() {
    // Empty DEFLATE blocks: the inner stage reads megabytes of them and writes nothing.
    let empty_blocks = b"\0\0\0\xff\xff".repeat(1024 * 1024);
    for outer in EACH {
        let bomb = encode(outer, &empty_blocks);
        let value = format!("deflate, {outer}");
        let mut decoder = Decoder::new(&codings(&value), Some(1024 * 1024));
        decoder.feed(bomb.into());
        assert_eq!(drain(&mut decoder, &mut Vec::new()), Err(DecodeError::TooLarge), "{value}");
    }
}

#[test]
fn the_limit_is_exact_and_counts_plain_bodies_too() {
    let plain = noise(100_000);
    for value in EACH.into_iter().chain([""]) {
        let body = Bytes::from(encode(value, &plain));
        for (limit, expected) in [(100_000, Ok(true)), (99_999, Err(DecodeError::TooLarge))] {
            let mut decoder = Decoder::new(&codings(value), Some(limit));
            body.chunks(PIECE).for_each(|piece| decoder.feed(Bytes::copy_from_slice(piece)));
            decoder.finish();
            assert_eq!(drain(&mut decoder, &mut Vec::new()), expected, "{value:?} with {limit}");
        }
    }
}

#[test]
fn what_was_flushed_can_be_read_at_once() {
    for value in EACH.into_iter().chain(STACKS).chain([""]) {
        let codings = codings(value);
        let mut encoder = Encoder::new(&codings).unwrap();
        let mut decoder = Decoder::new(&codings, None);
        for piece in [sample(), b"x".to_vec(), noise(100_000), Vec::new(), sample()] {
            let mut encoded = BytesMut::new();
            encoder.write(&piece, &mut encoded).unwrap();
            encoder.flush(&mut encoded).unwrap();
            encoded.chunks(PIECE).for_each(|piece| decoder.feed(Bytes::copy_from_slice(piece)));
            let mut decoded = Vec::new();
            assert_eq!(drain(&mut decoder, &mut decoded), Ok(false));
            assert!(decoded == piece, "{value}");
        }
        let mut encoded = BytesMut::new();
        encoder.finish(&mut encoded).unwrap();
        decoder.feed(encoded.freeze());
        decoder.finish();
        assert_eq!(drain(&mut decoder, &mut Vec::new()), Ok(true), "{value}");
    }
}

#[test]
fn an_encoder_only_appends() {
    for value in EACH.into_iter().chain([""]) {
        let mut encoder = Encoder::new(&codings(value)).unwrap();
        let mut out = BytesMut::from(&b"head"[..]);
        encoder.write(b"{}", &mut out).unwrap();
        encoder.flush(&mut out).unwrap();
        encoder.finish(&mut out).unwrap();
        assert_eq!(&out[..4], b"head");
        assert_eq!(decode(value, &out[4..]).as_deref(), Ok(&b"{}"[..]), "{value}");
    }
}

#[test]
fn a_gzip_body_is_one_member() {
    let plain = sample();
    let mut encoder = Encoder::new(&codings("gzip")).unwrap();
    let mut out = BytesMut::new();
    for piece in plain.chunks(10) {
        encoder.write(piece, &mut out).unwrap();
        encoder.flush(&mut out).unwrap();
    }
    encoder.finish(&mut out).unwrap();
    let mut decoded = Vec::new();
    std::io::Read::read_to_end(&mut flate2::read::GzDecoder::new(&out[..]), &mut decoded).unwrap();
    assert_eq!(decoded, plain);
}

#[test]
fn nothing_shown_for_debugging_holds_bytes_of_the_body() {
    let mut decoder = Decoder::new(&codings("gzip"), None);
    decoder.feed(Bytes::from_static(b"app-supersecret"));
    let before = format!("{decoder:?}");
    let error = decoder.next().unwrap_err();
    let encoder = Encoder::new(&codings("")).unwrap();
    assert!(!format!("{before} {decoder:?} {error:?} {error} {encoder:?}").contains("supersecret"));
}

#[test]
fn decoders_and_encoders_can_move_between_threads() {
    fn sent<T: Send + 'static>() {}
    sent::<Decoder>();
    sent::<Encoder>();
}
