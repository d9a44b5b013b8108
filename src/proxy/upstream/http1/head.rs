//! Repairs the head of an upstream's response. hyper refuses a whole response for a line that most
//! readers of HTTP skip.

use http::HeaderMap;
use http::header::{CONTENT_LENGTH, TRANSFER_ENCODING};
use thiserror::Error;

/// A malformed line that some readers could take for one of the [`BODY_FIELDS`].
#[derive(Clone, Copy, Debug, Error, PartialEq, Eq)]
#[error("a malformed line could say how the body is read")]
pub(crate) struct AmbiguousHead;

/// The names of fields that say where a body ends and what its bytes mean, in lower case and
/// without `-`.
const BODY_FIELDS: [&str; 4] = ["contentlength", "transferencoding", "contenttype", "contentencoding"];

/// The line that a folded line (RFC 9112 5.2) continues.
#[derive(Clone, Copy, PartialEq, Eq)]
enum PreviousLine {
    /// The status line, or a field that must not be continued.
    Fixed,
    Kept,
    Removed,
}

/// Returns the position after the empty line that ends the first head, or `None` if that head is
/// incomplete. The search starts at `from`.
pub(crate) fn end_of_head(bytes: &[u8], from: usize) -> Option<usize> {
    let ends = memchr::memchr_iter(b'\n', bytes.get(from..)?).map(|at| from + at + 1);
    ends.filter_map(|at| match bytes.get(at..)? {
        [b'\n', ..] => Some(at + 1),
        [b'\r', b'\n', ..] => Some(at + 2),
        _ => None,
    })
    .next()
}

/// Returns the same position as [`end_of_head`], or `None` if the head is incomplete or needs
/// repair. Nearly all heads need none.
pub(crate) fn end_of_valid_head(bytes: &[u8]) -> Option<usize> {
    let mut at = memchr::memchr(b'\n', bytes)? + 1;
    loop {
        let rest = bytes.get(at..)?;
        match rest {
            [b'\r', b'\n', ..] => return Some(at + 2),
            [b'\n', ..] => return Some(at + 1),
            _ => {}
        }
        let length = memchr::memchr(b'\n', rest)? + 1;
        let line = field(rest.get(..length)?)?;
        if is_identity_coding(line) {
            return None;
        }
        at += length;
    }
}

/// Returns whether these bytes start a head, or could start one once more bytes come.
pub(crate) fn starts_head(bytes: &[u8]) -> bool {
    const START: &[u8] = b"HTTP/1.";
    bytes.starts_with(START) || START.starts_with(bytes)
}

/// Returns the status of a response. After a status that begins with `1`, except 101, another head
/// follows (RFC 9110 15.2).
pub(crate) fn status(head: &[u8]) -> &[u8] {
    let rest = head.split(|&byte| byte == b' ').nth(1).unwrap_or_default();
    rest.get(..3).unwrap_or(rest)
}

/// Returns the head without its malformed lines, or `None` if no line is malformed.
///
/// # Errors
/// A malformed line could say how the body is read.
pub(crate) fn remove_malformed_lines(head: &[u8]) -> Result<Option<Vec<u8>>, AmbiguousHead> {
    let mut lines = head.split_inclusive(|&byte| byte == b'\n');
    let status_line = lines.next().unwrap_or_default();
    if lines.clone().all(|line| field(line).is_some_and(|field| !is_identity_coding(field))) {
        return Ok(None);
    }
    let mut kept = status_line.to_vec();
    let mut previous = PreviousLine::Fixed;
    for line in lines {
        match field(line) {
            // `identity` means that there is no coding, which is the default. Drop the line.
            Some(field) if is_identity_coding(field) => previous = PreviousLine::Fixed,
            Some((name, _)) => {
                kept.extend_from_slice(line);
                previous = if resembles_body_field(name) { PreviousLine::Fixed } else { PreviousLine::Kept };
            }
            None if is_ambiguous(line) => return Err(AmbiguousHead),
            None if line.starts_with(b" ") || line.starts_with(b"\t") => match previous {
                PreviousLine::Fixed => return Err(AmbiguousHead),
                PreviousLine::Kept if is_value(text(line)) => unfold(&mut kept, line),
                PreviousLine::Kept | PreviousLine::Removed => {}
            },
            None => previous = PreviousLine::Removed,
        }
    }
    Ok(Some(kept))
}

/// Appends a folded line to the previous line (RFC 9112 5.2).
fn unfold(kept: &mut Vec<u8>, line: &[u8]) {
    kept.truncate(kept.trim_ascii_end().len());
    kept.push(b' ');
    kept.extend_from_slice(text(line).trim_ascii());
    kept.extend_from_slice(b"\r\n");
}

/// Splits a field line into name and value (RFC 9112 5). Both are empty for the line that ends a
/// head. `None` for a malformed line.
fn field(line: &[u8]) -> Option<(&[u8], &[u8])> {
    let text = text(line);
    if text.is_empty() {
        return Some((text, text));
    }
    let (name, rest) = text.split_at(text.iter().position(|&byte| !is_token(byte))?);
    let [b':', value @ ..] = rest else { return None };
    (!name.is_empty() && is_value(value)).then_some((name, value))
}

/// Returns a line without its line break.
fn text(line: &[u8]) -> &[u8] {
    let line = line.strip_suffix(b"\n").unwrap_or(line);
    line.strip_suffix(b"\r").unwrap_or(line)
}

/// The bytes that a field name may have (RFC 9110 5.6.2).
const TOKEN: [bool; 256] = {
    let mut token = [false; 256];
    let mut byte = 0_u8;
    while byte < 0x80 {
        token[byte as usize] = byte.is_ascii_alphanumeric()
            || matches!(byte, b'!' | b'#'..=b'\'' | b'*' | b'+' | b'-' | b'.' | b'^'..=b'`' | b'|' | b'~');
        byte += 1;
    }
    token
};

fn is_token(byte: u8) -> bool {
    TOKEN[usize::from(byte)]
}

fn is_value(bytes: &[u8]) -> bool {
    // Without an early exit, so that the compiler can check many bytes at once.
    !bytes.iter().fold(false, |odd, &byte| odd | (byte < b' ' && byte != b'\t') | (byte == 0x7f))
}

/// Returns whether this is `Transfer-Encoding: identity`, which RFC 7230 removed and some servers
/// still send.
fn is_identity_coding((name, value): (&[u8], &[u8])) -> bool {
    name.eq_ignore_ascii_case(b"transfer-encoding") && value.trim_ascii().eq_ignore_ascii_case(b"identity")
}

/// Returns whether some reader could take a malformed line for a body field.
fn is_ambiguous(line: &[u8]) -> bool {
    let text = text(line);
    // Some readers end a line at CR, or a head at NUL.
    memchr::memchr2(b'\r', 0, text).is_some()
        || text.split(|&byte| byte == b':').next().is_some_and(resembles_body_field)
}

/// Returns whether a name contains the letters of a body field, ignoring all other bytes.
fn resembles_body_field(name: &[u8]) -> bool {
    let letters: String = name
        .iter()
        .filter(|byte| byte.is_ascii_alphabetic())
        .map(|byte| char::from(byte.to_ascii_lowercase()))
        .collect();
    BODY_FIELDS.iter().any(|field| letters.contains(field))
}

/// Reduces the fields that give the length of a body to one (RFC 9112 6.3).
///
/// Returns `None` for a response with both a length and a transfer coding, with different lengths,
/// or with a coding other than `chunked`: two readers could disagree about its end.
pub(crate) fn keep_one_length(headers: &mut HeaderMap) -> Option<()> {
    let mut codings = headers.get_all(TRANSFER_ENCODING).iter();
    let coding = codings.next();
    let chunked = coding.is_none_or(|coding| coding.as_bytes().trim_ascii().eq_ignore_ascii_case(b"chunked"));
    if !chunked || codings.next().is_some() {
        return None;
    }
    let lengths = headers.get_all(CONTENT_LENGTH);
    let Some(length) = lengths.iter().next() else { return Some(()) };
    let is_number = length.as_bytes().iter().all(u8::is_ascii_digit);
    if coding.is_some() || !is_number || lengths.iter().any(|other| other != length) {
        return None;
    }
    if lengths.iter().nth(1).is_some() {
        let length = length.clone();
        headers.insert(CONTENT_LENGTH, length);
    }
    Some(())
}

#[cfg(test)]
mod tests {
    use super::*;

    fn cleaned(fields: &str) -> Result<Option<String>, AmbiguousHead> {
        let head = format!("HTTP/1.1 200 OK\r\n{fields}\r\n");
        assert_eq!(end_of_head(head.as_bytes(), 0), Some(head.len()));
        let kept = remove_malformed_lines(head.as_bytes())?;
        let fields = |kept: Vec<u8>| {
            let kept = String::from_utf8(kept).unwrap();
            kept.strip_prefix("HTTP/1.1 200 OK\r\n").unwrap().strip_suffix("\r\n").unwrap().to_owned()
        };
        Ok(kept.map(fields))
    }

    #[test]
    fn lines_that_are_fields_stay_as_they_are() {
        for fields in ["", "A: 1\r\nb:\r\nC:\t\"\u{e9}\" \r\n", "Content-Length: 5\r\nX: a:b\r\n", "A: 1\nB: 2\n"] {
            assert_eq!(cleaned(fields), Ok(None), "{fields:?}");
        }
    }

    #[test]
    fn lines_that_are_none_are_dropped_and_all_others_stay() {
        for odd in [
            "X/A: 1", "(", "@", "n\u{e4}me: 1", "no colon", ": no name", "X : 1", "X: a\u{1}b", "X: \u{7f}",
            "Transfer-Encoding: identity", "transfer-encoding:\tIdentity ", "X/A: Content-Length", "\"X\": 1",
        ] {
            assert_eq!(
                cleaned(&format!("A: 1\r\n{odd}\r\nB: 2\r\n")),
                Ok(Some("A: 1\r\nB: 2\r\n".to_owned())),
                "{odd:?}"
            );
        }
    }

    #[test]
    fn a_folded_line_continues_its_field() {
        assert_eq!(cleaned("A: 1\r\n  2 \r\n\t3\r\n \r\nB: 4\r\n"), Ok(Some("A: 1 2 3 \r\nB: 4\r\n".to_owned())));
        assert_eq!(cleaned("X/A: 1\r\n 2\r\nB: 4\r\n"), Ok(Some("B: 4\r\n".to_owned())), "of a line that is dropped");
    }

    #[test]
    fn an_odd_line_about_how_the_body_is_read_refuses_the_answer() {
        for odd in [
            "Transfer-Encoding : chunked",
            "Transfer-Encoding\t: chunked",
            " Transfer-Encoding: chunked",
            "(Transfer-Encoding): chunked",
            "Transfer-Encoding chunked",
            "Transfer\u{2010}Encoding: chunked",
            "Transfer-Encoding: chunked\u{1}",
            "Transfer-Encoding: chunked\r",
            "Transfer-\0Encoding: chunked",
            "X: a\rb",
            "\r",
            "X\0: 1",
            "X: 1\rTransfer-Encoding: chunked",
            "X: 1\0Content-Length: 3",
            "Content-Length\u{1}: 5",
            "CONTENT LENGTH: 5",
            "Content-Length: 5\r\n 0",
            "Transfer-Encoding:\r\n chunked",
            "Transfer-Encoding: identity\r\n , chunked",
            "X: 1\r\n Content-Length: 5",
            "Content-Type: text/plain; charset=utf-7\u{1}",
            "Content-Encoding : gzip",
        ] {
            assert_eq!(cleaned(&format!("A: 1\r\n{odd}\r\n")), Err(AmbiguousHead), "{odd:?}");
        }
        assert_eq!(cleaned(" folded: 1\r\n"), Err(AmbiguousHead), "the status line is no field");
    }

    #[test]
    fn the_end_of_a_head_is_an_empty_line() {
        for (text, at) in
            [("a\r\n\r\nb", Some(5)), ("a\n\nb", Some(3)), ("a\n\r\n", Some(4)), ("a\r\nb\r\n", None), ("a\n\r", None)]
        {
            assert_eq!(end_of_head(text.as_bytes(), 0), at, "{text:?}");
        }
        assert_eq!(status(b"HTTP/1.1 103 Early Hints\n"), b"103");
        assert_eq!(status(b"HTTP/1.1\n"), b"");
        assert!(starts_head(b"HT") && starts_head(b"HTTP/1.1 200") && !starts_head(b"{}") && !starts_head(b"HTTP/2"));
    }
}
