//! Finds where an HTTP/1.1 answer ends. The body's bytes are counted, not kept.

use std::io::{Error, ErrorKind, Result};

/// The longest head or chunk line to take.
const MAX_LINE: usize = 16 * 1024;

#[derive(Default)]
pub(crate) struct Answer {
    place: Place,
    /// The head, or a line about a chunk, as far as it has come.
    line: Vec<u8>,
}

#[derive(Clone, Copy, Default)]
enum Place {
    #[default]
    Head,
    Length(usize),
    ChunkLine,
    /// What is left of a chunk, with the line end behind it.
    Chunk(usize),
    /// The empty line behind the last chunk.
    LastLine,
}

impl Answer {
    /// Takes bytes of the answer, and says whether it is whole. Then the next one may come.
    pub(crate) fn take(&mut self, mut bytes: &[u8]) -> Result<bool> {
        while !bytes.is_empty() {
            let ended = match self.place {
                Place::Head => self.line_until(b"\r\n\r\n", &mut bytes)? && self.head()?,
                Place::Length(left) => {
                    let size = left.min(bytes.len());
                    bytes = &bytes[size..];
                    self.place = Place::Length(left - size);
                    left == size
                }
                Place::ChunkLine => {
                    if self.line_until(b"\r\n", &mut bytes)? {
                        self.place = match self.chunk_size()? {
                            0 => Place::LastLine,
                            size => Place::Chunk(size + 2),
                        };
                        self.line.clear();
                    }
                    false
                }
                Place::Chunk(left) => {
                    let size = left.min(bytes.len());
                    bytes = &bytes[size..];
                    self.place = if left == size { Place::ChunkLine } else { Place::Chunk(left - size) };
                    false
                }
                Place::LastLine => self.line_until(b"\r\n", &mut bytes)?,
            };
            if ended {
                *self = Self { line: std::mem::take(&mut self.line), place: Place::Head };
                self.line.clear();
                return if bytes.is_empty() { Ok(true) } else { Err(wrong("bytes behind the answer")) };
            }
        }
        Ok(false)
    }

    /// Moves bytes to the line up to its end, and says whether that has come.
    fn line_until(&mut self, end: &[u8], bytes: &mut &[u8]) -> Result<bool> {
        while let [first, rest @ ..] = *bytes {
            self.line.push(*first);
            *bytes = rest;
            if self.line.ends_with(end) {
                return Ok(true);
            }
        }
        if self.line.len() > MAX_LINE { Err(wrong("an endless head")) } else { Ok(false) }
    }

    /// Reads the head, and says whether the answer ends with it.
    fn head(&mut self) -> Result<bool> {
        let head = std::str::from_utf8(&self.line).map_err(|_| wrong("a head that is not text"))?.to_ascii_lowercase();
        if !head.starts_with("http/1.1 200 ") {
            return Err(wrong(head.lines().next().unwrap_or_default()));
        }
        let field = |name: &str| head.lines().filter_map(|line| line.split_once(": ")).find(|field| field.0 == name);
        self.line.clear();
        self.place = match (field("content-length"), field("transfer-encoding")) {
            (Some((_, length)), None) => Place::Length(length.trim().parse().map_err(|_| wrong("a length"))?),
            (None, Some((_, "chunked"))) => Place::ChunkLine,
            _ => return Err(wrong("an answer that only a closed connection ends")),
        };
        Ok(matches!(self.place, Place::Length(0)))
    }

    fn chunk_size(&self) -> Result<usize> {
        let line = std::str::from_utf8(&self.line).map_err(|_| wrong("a chunk"))?;
        usize::from_str_radix(line.trim_end(), 16).map_err(|_| wrong("a chunk"))
    }
}

fn wrong(what: &str) -> Error {
    Error::new(ErrorKind::InvalidData, format!("got {what}"))
}

#[cfg(test)]
mod tests {
    use super::*;

    /// Where the answer was whole, by how it was cut.
    fn ends(answer: &[u8]) {
        for size in 1..=answer.len() {
            let mut reader = Answer::default();
            // Twice, since an answer must leave the reader fit for the next.
            for _ in 0..2 {
                let mut pieces = answer.chunks(size).peekable();
                while let Some(piece) = pieces.next() {
                    assert_eq!(reader.take(piece).expect("an answer"), pieces.peek().is_none());
                }
            }
        }
    }

    #[test]
    fn an_answer_ends_where_its_length_says() {
        ends(b"HTTP/1.1 200 OK\r\nContent-Length: 3\r\n\r\nabc");
        ends(b"HTTP/1.1 200 OK\r\nContent-Length: 0\r\n\r\n");
    }

    #[test]
    fn an_answer_ends_behind_its_last_chunk() {
        ends(b"HTTP/1.1 200 OK\r\nTransfer-Encoding: chunked\r\n\r\n3\r\nabc\r\n1\r\n\r\r\n0\r\n\r\n");
    }

    #[test]
    fn another_status_is_no_answer() {
        assert!(Answer::default().take(b"HTTP/1.1 502 Bad Gateway\r\nContent-Length: 0\r\n\r\n").is_err());
    }
}
