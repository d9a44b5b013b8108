//! The scanner: one `match` over the places in a JSON text.

use super::blocks::{Instructions, Scan, Shapes, can_scan};
use super::cursor::Cursor;
use super::key::KeyText;
use super::mark::Marks;
use super::nesting::Nesting;
use super::place::{Escape, Place};
use super::secret::Secret;
use super::selector::Key;
use super::state::State;
use super::treatment::Treatment;
use super::unit::UnitReader;
use super::{Error, ErrorKind, Rules, Sink, Summary};
use std::sync::Arc;

macro_rules! whitespace {
    () => {
        b' ' | b'\t' | b'\n' | b'\r'
    };
}

/// Bytes that are read one by one at most before a block is tried again.
const MAX_PATIENCE: usize = 4096;

/// Masks one text, chunk by chunk.
///
/// See the [module](super) for the contract and an example. Deliberately not `Debug`: it may hold a piece of a secret.
#[derive(Clone)]
pub struct Masker {
    rules: Arc<Rules>,
    instructions: Instructions,
    state: State,
    shapes: Shapes,
    key: KeyText,
    units: UnitReader,
    secret: Secret,
    marks: Marks,
    offset: u64,
    failed: Option<Error>,
}

impl Masker {
    /// A masker for one text.
    pub fn new(rules: Arc<Rules>) -> Self {
        let state = State {
            place: Place::Bom { seen: 0 },
            nesting: Nesting::default(),
            next: rules.root(),
            summary: Summary::default(),
        };
        Self {
            instructions: Instructions::default(),
            state,
            shapes: rules.learned.take(),
            key: KeyText::new(&rules),
            units: UnitReader::default(),
            secret: Secret::default(),
            marks: Marks::default(),
            offset: 0,
            failed: None,
            rules,
        }
    }

    /// The same masker with other processor instructions. The output is the same: this is for tests and benchmarks.
    #[must_use]
    pub fn with_instructions(self, instructions: Instructions) -> Self {
        Self { instructions, ..self }
    }

    /// Takes the next chunk of the text, of any size, and gives the sink what can be given out so far.
    ///
    /// # Errors
    /// The text cannot be trusted. Nothing more may be given out: what the sink got before is masked, but the rest of the
    /// text, and a clean end, must be withheld. Every later call fails with the same error.
    pub fn write<S: Sink>(&mut self, chunk: &[u8], sink: &mut S) -> Result<(), Error> {
        if let Some(error) = self.failed {
            return Err(error);
        }
        let mut cursor = Cursor::new(chunk, sink);
        match self.read(&mut cursor) {
            Ok(()) => {
                if !self.is_hidden() {
                    cursor.hide();
                }
                self.offset += chunk.len() as u64;
                Ok(())
            }
            Err(kind) => {
                // What passes up to the fault is given out, so that the output is the same however the text was cut.
                if !self.is_hidden() {
                    cursor.hide();
                }
                let error = Error::new(kind, self.offset + cursor.at as u64);
                self.failed = Some(error);
                Err(error)
            }
        }
    }

    /// Ends the text.
    ///
    /// # Errors
    /// [`ErrorKind::Incomplete`] if the text is cut short or holds no value, or the error that came before.
    pub fn finish(&mut self) -> Result<Summary, Error> {
        if let Some(error) = self.failed {
            return Err(error);
        }
        if let (Place::Number { .. }, None) = (self.state.place, self.state.nesting.is_object()) {
            self.end_value();
        }
        match self.state.place {
            Place::End => {
                self.rules.learned.keep(std::mem::take(&mut self.shapes));
                Ok(self.state.summary)
            }
            _ => {
                let error = Error::new(ErrorKind::Incomplete, self.offset);
                self.failed = Some(error);
                Err(error)
            }
        }
    }

    /// What was done so far.
    pub fn summary(&self) -> Summary {
        self.state.summary
    }

    /// Reads the chunk: blocks where they can be proved, byte by byte where not.
    fn read<S: Sink>(&mut self, cursor: &mut Cursor<'_, S>) -> Result<(), ErrorKind> {
        // Blocks know nothing of marks.
        if !self.instructions.read_blocks() || self.rules.mark.is_some() {
            return self.read_bytes(cursor, usize::MAX);
        }
        // Where blocks are refused again and again it is not worth trying each.
        let mut patience = 0;
        loop {
            let mut until = cursor.at;
            if can_scan(&self.state) {
                let begin = cursor.at;
                until = self.instructions.run(Scan::new(&self.rules, &mut self.state, &mut self.shapes, cursor));
                patience = if cursor.at > begin { 0 } else { (2 * patience + 1).min(MAX_PATIENCE) };
                until += patience;
            }
            self.read_bytes(cursor, until)?;
            if cursor.peek().is_none() {
                return Ok(());
            }
        }
    }

    /// Reads byte by byte, at least up to `until`, and then until blocks can be read.
    fn read_bytes<S: Sink>(&mut self, cursor: &mut Cursor<'_, S>, until: usize) -> Result<(), ErrorKind> {
        while let Some(byte) = cursor.peek() {
            if cursor.at >= until && can_scan(&self.state) {
                return Ok(());
            }
            match self.state.place {
                Place::Bom { seen } => self.byte_order_mark(seen, byte, cursor)?,
                Place::Value => match byte {
                    whitespace!() => cursor.skip_whitespace(),
                    _ => self.begin_value(byte, cursor)?,
                },
                Place::FirstElement => match byte {
                    whitespace!() => cursor.skip_whitespace(),
                    b']' => self.close(false, cursor)?,
                    _ => self.begin_value(byte, cursor)?,
                },
                Place::FirstMember | Place::Member => match byte {
                    whitespace!() => cursor.skip_whitespace(),
                    b'"' => {
                        cursor.at += 1;
                        self.begin_key(cursor);
                    }
                    b'}' if self.state.place == Place::FirstMember => self.close(true, cursor)?,
                    _ => return Err(ErrorKind::Syntax),
                },
                Place::Colon => match byte {
                    whitespace!() => cursor.skip_whitespace(),
                    b':' => {
                        cursor.at += 1;
                        self.state.place = Place::Value;
                    }
                    _ => return Err(ErrorKind::Syntax),
                },
                Place::AfterValue => match byte {
                    whitespace!() => cursor.skip_whitespace(),
                    b',' => {
                        cursor.at += 1;
                        self.separator();
                    }
                    b'}' => self.close(true, cursor)?,
                    b']' => self.close(false, cursor)?,
                    _ => return Err(ErrorKind::Syntax),
                },
                Place::End => match byte {
                    whitespace!() => cursor.skip_whitespace(),
                    _ if self.rules.ndjson => {
                        self.state.next = self.rules.root();
                        self.state.place = Place::Value;
                    }
                    _ => return Err(ErrorKind::Syntax),
                },
                Place::Key => self.key(byte, cursor)?,
                Place::PlainString { escape } => self.plain_string(escape, cursor)?,
                Place::MaskedString => self.masked_string(cursor)?,
                Place::Number { minus } => self.number(minus, byte, cursor),
                Place::Literal { word, at, .. } => self.literal(word, at, byte, cursor)?,
            }
        }
        Ok(())
    }

    /// A byte order mark is kept, at the very start and whole.
    fn byte_order_mark<S: Sink>(&mut self, seen: usize, byte: u8, cursor: &mut Cursor<'_, S>) -> Result<(), ErrorKind> {
        const BOM: [u8; 3] = [0xef, 0xbb, 0xbf];
        if BOM.get(seen) == Some(&byte) {
            cursor.at += 1;
            self.state.place = if seen + 1 == BOM.len() { Place::Value } else { Place::Bom { seen: seen + 1 } };
            Ok(())
        } else if seen == 0 {
            self.state.place = Place::Value;
            Ok(())
        } else {
            Err(ErrorKind::Syntax)
        }
    }

    fn begin_value<S: Sink>(&mut self, byte: u8, cursor: &mut Cursor<'_, S>) -> Result<(), ErrorKind> {
        let mask = self.state.next.mask;
        match byte {
            b'"' => {
                cursor.at += 1;
                self.note_revealed();
                if mask {
                    self.begin_masked_string(cursor);
                } else {
                    self.state.place = Place::PlainString { escape: Escape::None };
                }
            }
            b'{' => return self.open(true, cursor),
            b'[' => return self.open(false, cursor),
            b'-' | b'0'..=b'9' => {
                self.begin_number(cursor);
                cursor.at += 1;
                self.state.place = Place::Number { minus: byte == b'-' };
            }
            b't' => self.state.place = Place::Literal { word: b"true", at: 0, number: false },
            b'f' => self.state.place = Place::Literal { word: b"false", at: 0, number: false },
            b'n' => self.state.place = Place::Literal { word: b"null", at: 0, number: false },
            // What Python writes for the numbers that JSON has not.
            b'N' => {
                self.begin_number(cursor);
                self.state.place = Place::Literal { word: b"NaN", at: 0, number: true };
            }
            b'I' => {
                self.begin_number(cursor);
                self.state.place = Place::Literal { word: b"Infinity", at: 0, number: true };
            }
            _ => return Err(ErrorKind::Syntax),
        }
        Ok(())
    }

    /// Puts the short form, as a string, in the place of the number that begins here, if it is to be masked.
    fn begin_number<S: Sink>(&mut self, cursor: &mut Cursor<'_, S>) {
        self.note_revealed();
        if self.state.next.mask {
            cursor.hide();
            cursor.sink.replacement(b"\"");
            cursor.sink.replacement(&self.rules.policy.short.json);
            cursor.sink.replacement(b"\"");
            self.state.summary.masked += 1;
            self.note_masked();
        }
    }

    fn note_revealed(&mut self) {
        if self.state.next.revealed {
            self.state.summary.revealed += 1;
        }
    }

    fn open<S: Sink>(&mut self, object: bool, cursor: &mut Cursor<'_, S>) -> Result<(), ErrorKind> {
        if self.state.nesting.depth() >= self.rules.max_depth {
            return Err(ErrorKind::TooDeep);
        }
        if self.state.nesting.is_object().is_none() {
            self.state.summary.object = object;
        }
        self.state.nesting.open(object, self.rules.inside(self.state.next));
        cursor.at += 1;
        if object {
            self.state.place = Place::FirstMember;
        } else {
            self.state.next = self.element();
            self.state.place = Place::FirstElement;
        }
        Ok(())
    }

    fn close<S: Sink>(&mut self, object: bool, cursor: &mut Cursor<'_, S>) -> Result<(), ErrorKind> {
        if !self.state.nesting.close(object) {
            return Err(ErrorKind::Syntax);
        }
        if object {
            self.mark(cursor);
        }
        cursor.at += 1;
        self.end_value();
        Ok(())
    }

    /// Marks the object that was closed, if it is to be. The cursor is before its bracket.
    fn mark<S: Sink>(&mut self, cursor: &mut Cursor<'_, S>) {
        if let Some(mark) = &self.rules.mark
            && self.marks.close(self.state.nesting.depth() + 1)
        {
            cursor.hide();
            cursor.sink.replacement(mark.json());
            self.state.summary.marked += 1;
        }
    }

    /// A value was masked, or came masked. If it is a member's, its object is to be marked.
    fn note_masked(&mut self) {
        if self.rules.mark.is_some() && self.state.nesting.is_object() == Some(true) {
            self.marks.note_masked(self.state.nesting.depth());
        }
    }

    fn separator(&mut self) {
        match self.state.nesting.is_object() {
            Some(true) => self.state.place = Place::Member,
            Some(false) => {
                self.state.next = self.element();
                self.state.place = Place::Value;
            }
            None => {}
        }
    }

    fn end_value(&mut self) {
        if self.state.nesting.is_object().is_none() {
            self.state.place = Place::End;
        } else {
            self.state.place = Place::AfterValue;
        }
    }

    /// Whether the chunk ends inside a value that is being replaced.
    fn is_hidden(&self) -> bool {
        match self.state.place {
            Place::MaskedString => true,
            Place::Number { .. } | Place::Literal { number: true, .. } => self.state.next.mask,
            _ => false,
        }
    }

    /// The treatment of an element of the innermost array.
    fn element(&self) -> Treatment {
        self.rules.element(self.state.nesting.inside())
    }

    fn begin_key<S: Sink>(&mut self, cursor: &mut Cursor<'_, S>) {
        // Nearly every key lies in one chunk and has no escape: it is compared where it stands. One that is not UTF-8 is
        // read byte by byte, so that the fault is seen where it is, however the text is cut.
        let ahead = cursor.plain_string_ahead().filter(|inside| std::str::from_utf8(inside).is_ok());
        if let Some(inside) = ahead {
            if self.rules.mark.as_ref().is_some_and(|mark| mark.is(inside)) {
                self.marks.note_named(self.state.nesting.depth());
            }
            self.state.next = self.member(Key::Known(inside));
            cursor.at += inside.len() + 1;
            self.state.place = Place::Colon;
        } else {
            self.key.clear();
            self.state.place = Place::Key;
        }
    }

    fn key<S: Sink>(&mut self, byte: u8, cursor: &mut Cursor<'_, S>) -> Result<(), ErrorKind> {
        let key = &mut self.key;
        if byte == b'"' && self.units.at_boundary() {
            self.units.finish(|unit| key.push(unit.value));
            if let (Some(mark), Key::Known(key)) = (&self.rules.mark, self.key.as_key())
                && mark.is(key)
            {
                self.marks.note_named(self.state.nesting.depth());
            }
            self.state.next = self.member(self.key.as_key());
            self.state.place = Place::Colon;
        } else {
            self.units.push(byte, |unit| key.push(unit.value))?;
        }
        cursor.at += 1;
        Ok(())
    }

    /// The treatment of the member `key` of the innermost object.
    fn member(&self, key: Key<'_>) -> Treatment {
        self.rules.member(self.state.nesting.inside(), self.state.nesting.depth(), key)
    }

    fn plain_string<S: Sink>(&mut self, escape: Escape, cursor: &mut Cursor<'_, S>) -> Result<(), ErrorKind> {
        let byte = match escape {
            Escape::None => cursor.skip_plain()?,
            _ => cursor.peek(),
        };
        let Some(byte) = byte else { return Ok(()) };
        let escape = match (escape, byte) {
            (Escape::None, b'"') => {
                cursor.at += 1;
                self.end_value();
                return Ok(());
            }
            (Escape::None, _) => Escape::Backslash,
            (Escape::Backslash, b'u') => Escape::Hex { left: 4 },
            (Escape::Backslash, b'"' | b'\\' | b'/' | b'b' | b'f' | b'n' | b'r' | b't')
            | (Escape::Hex { left: 1 }, b'0'..=b'9' | b'a'..=b'f' | b'A'..=b'F') => Escape::None,
            (Escape::Hex { left }, b'0'..=b'9' | b'a'..=b'f' | b'A'..=b'F') => Escape::Hex { left: left - 1 },
            _ => return Err(ErrorKind::Syntax),
        };
        cursor.at += 1;
        self.state.place = Place::PlainString { escape };
        Ok(())
    }

    fn begin_masked_string<S: Sink>(&mut self, cursor: &mut Cursor<'_, S>) {
        if let Some(secret) = cursor.plain_string_ahead().filter(|inside| inside.is_ascii()) {
            cursor.mask_plain(cursor.at, secret, &self.rules.policy, &mut self.state.summary);
            cursor.at += secret.len() + 1;
            if !secret.is_empty() {
                self.note_masked();
            }
            self.end_value();
        } else {
            cursor.hide();
            self.secret.clear();
            self.state.place = Place::MaskedString;
        }
    }

    fn masked_string<S: Sink>(&mut self, cursor: &mut Cursor<'_, S>) -> Result<(), ErrorKind> {
        let (secret, policy) = (&mut self.secret, &self.rules.policy);
        while let Some(byte) = cursor.peek() {
            if byte == b'"' && self.units.at_boundary() {
                self.units.finish(|unit| secret.push(unit, policy));
                self.state.summary.show(secret.shown(policy), cursor.sink);
                let is_empty = secret.is_empty();
                cursor.show();
                cursor.at += 1;
                if !is_empty {
                    self.note_masked();
                }
                self.end_value();
                return Ok(());
            }
            self.units.push(byte, |unit| secret.push(unit, policy))?;
            cursor.at += 1;
        }
        Ok(())
    }

    fn number<S: Sink>(&mut self, minus: bool, byte: u8, cursor: &mut Cursor<'_, S>) {
        match byte {
            b'I' if minus => self.state.place = Place::Literal { word: b"Infinity", at: 0, number: true },
            b'0'..=b'9' | b'.' | b'e' | b'E' | b'+' | b'-' => {
                cursor.at += 1;
                self.state.place = Place::Number { minus: false };
            }
            _ => {
                if self.state.next.mask {
                    cursor.show();
                }
                self.end_value();
            }
        }
    }

    fn literal<S: Sink>(
        &mut self,
        word: &'static [u8],
        at: usize,
        byte: u8,
        cursor: &mut Cursor<'_, S>,
    ) -> Result<(), ErrorKind> {
        if word.get(at) != Some(&byte) {
            return Err(ErrorKind::Syntax);
        }
        cursor.at += 1;
        let number = matches!(self.state.place, Place::Literal { number: true, .. });
        if at + 1 < word.len() {
            self.state.place = Place::Literal { word, at: at + 1, number };
            return Ok(());
        }
        if number && self.state.next.mask {
            cursor.show();
        }
        self.end_value();
        Ok(())
    }
}
