//! Values other than objects and arrays: strings, numbers and literals.

use super::{ByteReader, Unfinished};
use crate::mask::core::{ErrorKind, EscapeState, ParseState, Sink};

impl<S: Sink> ByteReader<'_, '_, '_, S> {
    /// Reads the first byte of a value. For a literal it only sets the state, and [`Self::literal`]
    /// reads the byte.
    pub(super) fn begin_value(&mut self, byte: u8) -> Result<(), ErrorKind> {
        let literal = |word, number| ParseState::Literal { word, at: 0, number };
        match byte {
            b'"' => {
                self.note_revealed();
                self.step(ParseState::PlainString { escape: EscapeState::None });
                if self.state.next.mask {
                    self.begin_masked_string();
                }
            }
            b'{' => return self.open(true),
            b'[' => return self.open(false),
            b'-' | b'0'..=b'9' => {
                self.begin_number();
                self.step(ParseState::Number { minus: byte == b'-' });
            }
            b't' => self.state.parse = literal(b"true", false),
            b'f' => self.state.parse = literal(b"false", false),
            b'n' => self.state.parse = literal(b"null", false),
            // Python writes `NaN` and `Infinity`, which JSON does not have.
            b'N' => {
                self.begin_number();
                self.state.parse = literal(b"NaN", true);
            }
            b'I' => {
                self.begin_number();
                self.state.parse = literal(b"Infinity", true);
            }
            _ => return Err(ErrorKind::Syntax),
        }
        Ok(())
    }

    /// If the number at the cursor is to be masked, hides it and outputs the short form as a
    /// string.
    fn begin_number(&mut self) {
        self.note_revealed();
        if self.state.next.mask {
            self.cursor.hide();
            self.cursor.sink.replacement(b"\"");
            self.cursor.sink.replacement(&self.rules.policy.short.json);
            self.cursor.sink.replacement(b"\"");
            self.state.summary.masked += 1;
            self.note_masked();
        }
    }

    fn note_revealed(&mut self) {
        if self.state.next.revealed {
            self.state.summary.revealed += 1;
        }
    }

    pub(super) fn plain_string(&mut self, escape: EscapeState) -> Result<(), ErrorKind> {
        let byte = match escape {
            EscapeState::None => self.cursor.skip_plain()?,
            _ => self.cursor.peek(),
        };
        let Some(byte) = byte else { return Ok(()) };
        let escape = match (escape, byte) {
            (EscapeState::None, b'"') => {
                self.cursor.at += 1;
                self.state.end_value();
                return Ok(());
            }
            (EscapeState::None, _) => EscapeState::Backslash,
            (EscapeState::Backslash, b'u') => EscapeState::Hex { left: 4 },
            (EscapeState::Backslash, b'"' | b'\\' | b'/' | b'b' | b'f' | b'n' | b'r' | b't')
            | (EscapeState::Hex { left: 1 }, b'0'..=b'9' | b'a'..=b'f' | b'A'..=b'F') => EscapeState::None,
            (EscapeState::Hex { left }, b'0'..=b'9' | b'a'..=b'f' | b'A'..=b'F') => EscapeState::Hex { left: left - 1 },
            _ => return Err(ErrorKind::Syntax),
        };
        self.step(ParseState::PlainString { escape });
        Ok(())
    }

    fn begin_masked_string(&mut self) {
        if let Some(secret) = self.cursor.plain_string_ahead().filter(|inside| inside.is_ascii()) {
            self.cursor.mask_plain(self.cursor.at, secret, &self.rules.policy, &mut self.state.summary);
            self.cursor.at += secret.len() + 1;
            if !secret.is_empty() {
                self.note_masked();
            }
            self.state.end_value();
        } else {
            self.cursor.hide();
            self.unfinished.secret.clear();
            self.state.parse = ParseState::MaskedString;
        }
    }

    pub(super) fn masked_string(&mut self) -> Result<(), ErrorKind> {
        let (Unfinished { secret, units, .. }, policy) = (&mut *self.unfinished, &self.rules.policy);
        while let Some(byte) = self.cursor.peek() {
            if byte == b'"' && units.at_boundary() {
                units.finish(|unit| secret.push(unit, policy));
                self.state.summary.show(secret.shown(policy), self.cursor.sink);
                let is_empty = secret.is_empty();
                self.cursor.show();
                self.cursor.at += 1;
                if !is_empty {
                    self.note_masked();
                }
                self.state.end_value();
                return Ok(());
            }
            units.push(byte, |unit| secret.push(unit, policy))?;
            self.cursor.at += 1;
        }
        Ok(())
    }

    pub(super) fn number(&mut self, minus: bool, byte: u8) {
        match byte {
            b'I' if minus => self.state.parse = ParseState::Literal { word: b"Infinity", at: 0, number: true },
            b'0'..=b'9' | b'.' | b'e' | b'E' | b'+' | b'-' => self.step(ParseState::Number { minus: false }),
            _ => self.end_scalar(true),
        }
    }

    pub(super) fn literal(&mut self, word: &'static [u8], at: usize, byte: u8) -> Result<(), ErrorKind> {
        if word.get(at) != Some(&byte) {
            return Err(ErrorKind::Syntax);
        }
        self.cursor.at += 1;
        let number = matches!(self.state.parse, ParseState::Literal { number: true, .. });
        if at + 1 < word.len() {
            self.state.parse = ParseState::Literal { word, at: at + 1, number };
        } else {
            self.end_scalar(number);
        }
        Ok(())
    }

    /// Ends a number or literal. The cursor is at the byte after it.
    fn end_scalar(&mut self, number: bool) {
        if number && self.state.next.mask {
            self.cursor.show();
        }
        self.state.end_value();
    }
}
