//! The head of an upstream's answer, made one that the HTTP library takes: it refuses a whole answer for a line that readers of HTTP
//! pass over.

use http::HeaderMap;
use http::header::{CONTENT_LENGTH, TRANSFER_ENCODING};
use thiserror::Error;

/// There is a line that some reader could take for one that says how the body is read, and another not.
#[derive(Clone, Copy, Debug, Error, PartialEq, Eq)]
#[error("a malformed line could say how the body is read")]
pub(crate) struct Ambiguous;

/// Fields that say where a body ends, and what its bytes mean. Written as [`letters`] gives them.
const DECISIVE: [&str; 4] = ["contentlength", "transferencoding", "contenttype", "contentencoding"];

/// What became of the field before.
#[derive(Clone, Copy, PartialEq, Eq)]
enum Before {
    /// There is none, or it may not be continued.
    Fixed,
    Kept,
    Dropped,
}

/// Where the first head in these bytes ends, the empty line included; those before `from` hold no end.
pub(crate) fn end(bytes: &[u8], from: usize) -> Option<usize> {
    let ends = memchr::memchr_iter(b'\n', bytes.get(from..)?).map(|at| from + at + 1);
    ends.filter_map(|at| match bytes.get(at..)? {
        [b'\n', ..] => Some(at + 1),
        [b'\r', b'\n', ..] => Some(at + 2),
        _ => None,
    })
    .next()
}

/// Where the first head in these bytes ends, if it is whole and all of its lines are fields, as nearly every one is.
pub(crate) fn end_of_fine(bytes: &[u8]) -> Option<usize> {
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
        if is_no_coding(line) {
            return None;
        }
        at += length;
    }
}

/// Whether these bytes begin a head, as far as they go.
pub(crate) fn is_begun(bytes: &[u8]) -> bool {
    const BEGINNING: &[u8] = b"HTTP/1.";
    bytes.starts_with(BEGINNING) || BEGINNING.starts_with(bytes)
}

/// The status of an answer; another head follows one that begins with `1`, but 101 (RFC 9110 15.2).
pub(crate) fn status(head: &[u8]) -> &[u8] {
    let rest = head.split(|&byte| byte == b' ').nth(1).unwrap_or_default();
    rest.get(..3).unwrap_or(rest)
}

/// The head without the lines that are no fields; `None` if it has none of those.
///
/// # Errors
/// One of them is about how the body is read.
pub(crate) fn without_odd_lines(head: &[u8]) -> Result<Option<Vec<u8>>, Ambiguous> {
    let mut lines = head.split_inclusive(|&byte| byte == b'\n');
    let status_line = lines.next().unwrap_or_default();
    if lines.clone().all(|line| field(line).is_some_and(|field| !is_no_coding(field))) {
        return Ok(None);
    }
    let mut kept = status_line.to_vec();
    let mut before = Before::Fixed;
    for line in lines {
        match field(line) {
            // It says that there is no coding, which goes without saying.
            Some(field) if is_no_coding(field) => before = Before::Fixed,
            Some((name, _)) => {
                kept.extend_from_slice(line);
                before = if is_decisive(name) { Before::Fixed } else { Before::Kept };
            }
            None if is_doubtful(line) => return Err(Ambiguous),
            None if line.starts_with(b" ") || line.starts_with(b"\t") => match before {
                Before::Fixed => return Err(Ambiguous),
                Before::Kept if is_value(text(line)) => unfold(&mut kept, line),
                Before::Kept | Before::Dropped => {}
            },
            None => before = Before::Dropped,
        }
    }
    Ok(Some(kept))
}

/// Continues the last line by one that is folded (RFC 9112 5.2).
fn unfold(kept: &mut Vec<u8>, line: &[u8]) {
    kept.truncate(kept.trim_ascii_end().len());
    kept.push(b' ');
    kept.extend_from_slice(text(line).trim_ascii());
    kept.extend_from_slice(b"\r\n");
}

/// The name and value of a line that is a field (RFC 9112 5); both empty for the line that ends a head.
fn field(line: &[u8]) -> Option<(&[u8], &[u8])> {
    let text = text(line);
    if text.is_empty() {
        return Some((text, text));
    }
    let (name, rest) = text.split_at(text.iter().position(|&byte| !is_token(byte))?);
    let [b':', value @ ..] = rest else { return None };
    (!name.is_empty() && is_value(value)).then_some((name, value))
}

/// A line without its end.
fn text(line: &[u8]) -> &[u8] {
    let line = line.strip_suffix(b"\n").unwrap_or(line);
    line.strip_suffix(b"\r").unwrap_or(line)
}

/// Which bytes may stand in a name (RFC 9110 5.6.2).
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
    // All of them looked at, for that takes many at once.
    !bytes.iter().fold(false, |odd, &byte| odd | (byte < b' ' && byte != b'\t') | (byte == 0x7f))
}

/// Whether this is `Transfer-Encoding: identity`, which RFC 7230 took away and some servers still say.
fn is_no_coding((name, value): (&[u8], &[u8])) -> bool {
    name.eq_ignore_ascii_case(b"transfer-encoding") && value.trim_ascii().eq_ignore_ascii_case(b"identity")
}

/// Whether some reader could take an odd line for one that says how the body is read.
fn is_doubtful(line: &[u8]) -> bool {
    let text = text(line);
    // To some readers these end a line, or a head.
    memchr::memchr2(b'\r', 0, text).is_some() || text.split(|&byte| byte == b':').next().is_some_and(is_decisive)
}

/// Whether letters that say how the body is read stand in a name, whatever is between them.
fn is_decisive(name: &[u8]) -> bool {
    let letters: String = name
        .iter()
        .filter(|byte| byte.is_ascii_alphabetic())
        .map(|byte| char::from(byte.to_ascii_lowercase()))
        .collect();
    DECISIVE.iter().any(|field| letters.contains(field))
}

/// Sees to it that an answer says in one way only how long its body is (RFC 9112 6.3). `None` if it does not: one that has both a
/// length and a transfer coding, or lengths that differ, may have been built to be read differently by two readers.
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

    fn cleaned(fields: &str) -> Result<Option<String>, Ambiguous> {
        let head = format!("HTTP/1.1 200 OK\r\n{fields}\r\n");
        assert_eq!(end(head.as_bytes(), 0), Some(head.len()));
        let kept = without_odd_lines(head.as_bytes())?;
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
            "X/A: 1",
            "(",
            "@",
            "n\u{e4}me: 1",
            "no colon",
            ": no name",
            "X : 1",
            "X: a\u{1}b",
            "X: \u{7f}",
            "Transfer-Encoding: identity",
            "transfer-encoding:\tIdentity ",
            "X/A: Content-Length",
            "\"X\": 1",
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
            assert_eq!(cleaned(&format!("A: 1\r\n{odd}\r\n")), Err(Ambiguous), "{odd:?}");
        }
        assert_eq!(cleaned(" folded: 1\r\n"), Err(Ambiguous), "the status line is no field");
    }

    #[test]
    fn the_end_of_a_head_is_an_empty_line() {
        for (text, at) in
            [("a\r\n\r\nb", Some(5)), ("a\n\nb", Some(3)), ("a\n\r\n", Some(4)), ("a\r\nb\r\n", None), ("a\n\r", None)]
        {
            assert_eq!(end(text.as_bytes(), 0), at, "{text:?}");
        }
        assert_eq!(
            (
                status(
                    b"HTTP/1.1 103 Early Hints
"
                ),
                status(
                    b"HTTP/1.1
"
                )
            ),
            (&b"103"[..], &b""[..])
        );
        assert!(is_begun(b"HT") && is_begun(b"HTTP/1.1 200") && !is_begun(b"{}") && !is_begun(b"HTTP/2"));
    }
}
