//! Reads the inside of a JSON string character by character.

use super::error::ErrorKind;

/// The longest spelling of one character: a surrogate pair as two `\u` escapes.
pub(crate) const MAX_SPELLING: usize = 12;

/// One character of a string: a Unicode scalar value, or a lone surrogate. Only an escape can spell
/// a lone surrogate.
#[derive(Clone, Copy)]
pub(crate) struct Unit<'a> {
    /// The scalar value. `None` for a lone surrogate, which equals no character.
    pub(crate) value: Option<char>,
    /// The bytes that spell the character in the text.
    pub(crate) spelling: &'a [u8],
}

/// Turns a string's bytes, one at a time, into characters. Keeps the bytes of a character until it
/// is complete, across chunks.
///
/// Deliberately not `Debug`: it may hold a piece of a secret.
#[derive(Clone, Default)]
pub(crate) struct UnitReader {
    pending: [u8; MAX_SPELLING],
    len: usize,
    /// Index in `pending` at which the current escape or UTF-8 sequence begins: 6 after a high
    /// surrogate that waits for its low surrogate, else 0.
    start: usize,
    /// The value of the high surrogate in `pending[..6]`. `None` if none waits.
    high: Option<u32>,
}

impl UnitReader {
    /// Reads the next byte, which must not be the closing quote (see [`Self::at_boundary`]).
    ///
    /// # Errors
    /// A control byte, an unknown escape or a sequence that is not UTF-8.
    pub(crate) fn push(&mut self, byte: u8, mut each: impl FnMut(Unit<'_>)) -> Result<(), ErrorKind> {
        let begins = self.len == self.start;
        if begins && self.high.is_some() && byte != b'\\' {
            self.release_high(&mut each);
        }
        if begins && (0x20..0x80).contains(&byte) && byte != b'\\' {
            each(Unit { value: Some(char::from(byte)), spelling: &[byte] });
            return Ok(());
        }
        if let Some(slot) = self.pending.get_mut(self.len) {
            *slot = byte;
            self.len += 1;
        }
        match self.pending.get(self.start..self.len) {
            Some([b'\\', escape @ ..]) => self.escape(escape.len(), &mut each),
            Some(sequence) => {
                let Some(value) = scalar(sequence)? else { return Ok(()) };
                each(Unit { value: Some(value), spelling: sequence });
                self.clear();
                Ok(())
            }
            None => Err(ErrorKind::Syntax),
        }
    }

    /// Whether the string may end here: outside escapes and UTF-8 sequences.
    pub(crate) fn at_boundary(&self) -> bool {
        self.len == self.start
    }

    /// Emits a high surrogate that still waits at the string's end, and prepares for the next
    /// string.
    pub(crate) fn finish(&mut self, mut each: impl FnMut(Unit<'_>)) {
        self.release_high(&mut each);
        self.clear();
    }

    /// Checks an escape, complete or not, of which `len` bytes after the backslash were read.
    fn escape(&mut self, len: usize, each: &mut impl FnMut(Unit<'_>)) -> Result<(), ErrorKind> {
        let Some(escape) = self.pending.get(self.start + 1..self.start + 1 + len) else {
            return Err(ErrorKind::Syntax);
        };
        match *escape {
            [] => Ok(()),
            [b'u', ref digits @ ..] => {
                if !digits.iter().all(u8::is_ascii_hexdigit) {
                    return Err(ErrorKind::Syntax);
                }
                if digits.len() < 4 {
                    return Ok(());
                }
                let value = digits.iter().fold(0, |value, &digit| value << 4 | hex(digit));
                self.code_unit(value, each);
                Ok(())
            }
            [short] => {
                let value = match short {
                    b'"' | b'\\' | b'/' => char::from(short),
                    b'b' => '\x08',
                    b'f' => '\x0c',
                    b'n' => '\n',
                    b'r' => '\r',
                    b't' => '\t',
                    _ => return Err(ErrorKind::Syntax),
                };
                self.complete(Some(value), each);
                Ok(())
            }
            _ => Err(ErrorKind::Syntax),
        }
    }

    /// Handles a complete `\uXXXX`. It is a scalar value, a high surrogate that now waits, or a low
    /// surrogate that may end a pair.
    fn code_unit(&mut self, value: u32, each: &mut impl FnMut(Unit<'_>)) {
        match (value, self.high) {
            (0xdc00..=0xdfff, Some(high)) => {
                let scalar = 0x1_0000 + ((high - 0xd800) << 10) + (value - 0xdc00);
                self.start = 0;
                self.high = None;
                self.complete(char::from_u32(scalar), each);
            }
            (0xd800..=0xdbff, _) => {
                self.release_high(each);
                self.high = Some(value);
                self.start = self.len;
            }
            _ => self.complete(char::from_u32(value), each),
        }
    }

    /// Emits the character that is now complete. If a high surrogate still waits, emits that first.
    fn complete(&mut self, value: Option<char>, each: &mut impl FnMut(Unit<'_>)) {
        self.release_high(each);
        if let Some(spelling) = self.pending.get(..self.len) {
            each(Unit { value, spelling });
        }
        self.clear();
    }

    /// Emits the waiting high surrogate on its own. The bytes read after it move to the front of
    /// `pending`.
    fn release_high(&mut self, each: &mut impl FnMut(Unit<'_>)) {
        if self.high.take().is_some() {
            if let Some(spelling) = self.pending.get(..self.start) {
                each(Unit { value: None, spelling });
            }
            self.pending.copy_within(self.start.., 0);
            self.len -= self.start;
            self.start = 0;
        }
    }

    fn clear(&mut self) {
        (self.len, self.start, self.high) = (0, 0, None);
    }
}

/// Returns the character that the UTF-8 `sequence` encodes, or `None` while the sequence is
/// incomplete.
fn scalar(sequence: &[u8]) -> Result<Option<char>, ErrorKind> {
    match std::str::from_utf8(sequence) {
        Ok(text) => match text.chars().next() {
            Some('\0'..='\x1f') | None => Err(ErrorKind::Syntax),
            Some(value) => Ok(Some(value)),
        },
        Err(error) if error.error_len().is_none() => Ok(None),
        Err(_) => Err(ErrorKind::Utf8),
    }
}

fn hex(digit: u8) -> u32 {
    char::from(digit).to_digit(16).unwrap_or(0)
}

#[cfg(test)]
mod tests {
    use super::*;

    fn read(text: &[u8]) -> Result<Vec<(Option<char>, String)>, ErrorKind> {
        let mut reader = UnitReader::default();
        let mut units = Vec::new();
        let mut each = |unit: Unit<'_>| units.push((unit.value, String::from_utf8_lossy(unit.spelling).into_owned()));
        for &byte in text {
            reader.push(byte, &mut each)?;
        }
        if !reader.at_boundary() {
            return Err(ErrorKind::Incomplete);
        }
        reader.finish(&mut each);
        Ok(units)
    }

    fn units(expected: &[(Option<char>, &str)]) -> Result<Vec<(Option<char>, String)>, ErrorKind> {
        Ok(expected.iter().map(|(value, spelling)| (*value, (*spelling).to_owned())).collect())
    }

    #[test]
    fn characters_keep_their_own_spelling() {
        assert_eq!(
            read(r#"aé\u00E9\n\"🔑\ud83d\udd11"#.as_bytes()),
            units(&[
                (Some('a'), "a"),
                (Some('é'), "é"),
                (Some('é'), r"\u00E9"),
                (Some('\n'), r"\n"),
                (Some('"'), r#"\""#),
                (Some('🔑'), "🔑"),
                (Some('🔑'), r"\ud83d\udd11"),
            ])
        );
    }

    #[test]
    fn a_surrogate_without_its_half_is_a_character_of_its_own() {
        assert_eq!(read(br"\ud83d"), units(&[(None, r"\ud83d")]));
        assert_eq!(read(br"\ud83dx"), units(&[(None, r"\ud83d"), (Some('x'), "x")]));
        assert_eq!(read(br"\ud83d\n"), units(&[(None, r"\ud83d"), (Some('\n'), r"\n")]));
        assert_eq!(read(br"\ud83d\u0041"), units(&[(None, r"\ud83d"), (Some('A'), r"\u0041")]));
        assert_eq!(read(br"\udd11\ud83d"), units(&[(None, r"\udd11"), (None, r"\ud83d")]));
        assert_eq!(read(br"\ud83d\ud83d\udd11"), units(&[(None, r"\ud83d"), (Some('🔑'), r"\ud83d\udd11")]));
        assert_eq!(read("\\ud83dé".as_bytes()), units(&[(None, r"\ud83d"), (Some('é'), "é")]));
    }

    #[test]
    fn what_is_not_a_character_is_refused() {
        for text in [&b"\x1f"[..], b"\\x", b"\\u12g4", b"\\U0041", b"\\'", b"\0"] {
            assert_eq!(read(text), Err(ErrorKind::Syntax), "{text:?}");
        }
        for text in [&b"\xc0\xa2"[..], b"\xff", b"\x80", b"\xed\xa0\x80", b"\xe2\x82x", b"\xf4\x90\x80\x80"] {
            assert_eq!(read(text), Err(ErrorKind::Utf8), "{text:?}");
        }
        for text in [&b"\\"[..], b"\\u", b"\\u123", b"\xe2\x82", b"\\ud83d\\", b"\\ud83d\\udd1"] {
            assert_eq!(read(text), Err(ErrorKind::Incomplete), "{text:?}");
        }
    }
}
