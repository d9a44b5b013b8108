//! The byte machine: reads a text byte by byte, with one `match` over the parser's states.
//!
//! The byte machine decides which texts are valid. The block scanner reads only text that the
//! machine would accept.

mod key;
mod marks;
mod values;

use super::blocks::can_scan;
use super::core::{Cursor, ErrorKind, ParseState, Secret, Sink, TextState, Treatment, UnitReader};
use super::rules::{MemberKey, Rules};
use key::KeyText;
use marks::OpenMarks;

macro_rules! whitespace {
    () => {
        b' ' | b'\t' | b'\n' | b'\r'
    };
}

/// Tokens that were read in part (a key, a character of a string, a secret), and the open objects
/// to mark.
///
/// Deliberately not `Debug`: it may hold a piece of a secret.
#[derive(Clone)]
pub(crate) struct Unfinished {
    key: KeyText,
    units: UnitReader,
    secret: Secret,
    marks: OpenMarks,
}

impl Unfinished {
    pub(crate) fn new(rules: &Rules) -> Self {
        Self {
            key: KeyText::new(rules),
            units: UnitReader::default(),
            secret: Secret::default(),
            marks: OpenMarks::default(),
        }
    }
}

/// Reads a chunk byte by byte, from the cursor on.
pub(crate) struct ByteReader<'r, 'c, 'a, S> {
    pub(crate) rules: &'r Rules,
    pub(crate) state: &'c mut TextState,
    pub(crate) unfinished: &'c mut Unfinished,
    pub(crate) cursor: &'c mut Cursor<'a, S>,
}

impl<S: Sink> ByteReader<'_, '_, '_, S> {
    /// Reads at least up to `until`, and then until the block scanner can go on or the chunk ends.
    ///
    /// # Errors
    /// The byte at the cursor cannot be part of the text.
    pub(crate) fn read(mut self, until: usize) -> Result<(), ErrorKind> {
        while let Some(byte) = self.cursor.peek() {
            if self.cursor.at >= until && can_scan(self.state) {
                return Ok(());
            }
            match self.state.parse {
                ParseState::Bom { seen } => self.byte_order_mark(seen, byte)?,
                ParseState::Value => match byte {
                    whitespace!() => self.cursor.skip_whitespace(),
                    _ => self.begin_value(byte)?,
                },
                ParseState::FirstElement => match byte {
                    whitespace!() => self.cursor.skip_whitespace(),
                    b']' => self.close(false)?,
                    _ => self.begin_value(byte)?,
                },
                ParseState::FirstMember | ParseState::Member => match byte {
                    whitespace!() => self.cursor.skip_whitespace(),
                    b'"' => self.begin_key(),
                    b'}' if self.state.parse == ParseState::FirstMember => self.close(true)?,
                    _ => return Err(ErrorKind::Syntax),
                },
                ParseState::Colon => match byte {
                    whitespace!() => self.cursor.skip_whitespace(),
                    b':' => self.step(ParseState::Value),
                    _ => return Err(ErrorKind::Syntax),
                },
                ParseState::AfterValue => match byte {
                    whitespace!() => self.cursor.skip_whitespace(),
                    b',' => self.separator(),
                    b'}' => self.close(true)?,
                    b']' => self.close(false)?,
                    _ => return Err(ErrorKind::Syntax),
                },
                ParseState::End => match byte {
                    whitespace!() => self.cursor.skip_whitespace(),
                    _ if self.rules.ndjson => {
                        self.state.next = self.rules.root();
                        self.state.parse = ParseState::Value;
                    }
                    _ => return Err(ErrorKind::Syntax),
                },
                ParseState::Key => self.key(byte)?,
                ParseState::PlainString { escape } => self.plain_string(escape)?,
                ParseState::MaskedString => self.masked_string()?,
                ParseState::Number { minus } => self.number(minus, byte),
                ParseState::Literal { word, at, .. } => self.literal(word, at, byte)?,
            }
        }
        Ok(())
    }

    /// Consumes a byte and sets the parser's state.
    fn step(&mut self, parse: ParseState) {
        self.cursor.at += 1;
        self.state.parse = parse;
    }

    /// Reads a byte order mark, which is accepted only whole and at the very start of the text.
    /// `seen` of its bytes were read before.
    fn byte_order_mark(&mut self, seen: usize, byte: u8) -> Result<(), ErrorKind> {
        const BOM: [u8; 3] = [0xef, 0xbb, 0xbf];
        if BOM.get(seen) == Some(&byte) {
            let is_whole = seen + 1 == BOM.len();
            self.step(if is_whole { ParseState::Value } else { ParseState::Bom { seen: seen + 1 } });
            Ok(())
        } else if seen == 0 {
            self.state.parse = ParseState::Value;
            Ok(())
        } else {
            Err(ErrorKind::Syntax)
        }
    }

    fn open(&mut self, object: bool) -> Result<(), ErrorKind> {
        let state = &mut *self.state;
        if state.nesting.depth() >= self.rules.max_depth {
            return Err(ErrorKind::TooDeep);
        }
        if state.nesting.is_object().is_none() {
            state.summary.object = object;
        }
        state.nesting.open(object, self.rules.inside(state.next));
        if object {
            self.step(ParseState::FirstMember);
        } else {
            self.state.next = self.element();
            self.step(ParseState::FirstElement);
        }
        Ok(())
    }

    fn close(&mut self, object: bool) -> Result<(), ErrorKind> {
        if !self.state.nesting.close(object) {
            return Err(ErrorKind::Syntax);
        }
        if object {
            self.mark();
        }
        self.cursor.at += 1;
        self.state.end_value();
        Ok(())
    }

    /// Marks the object that was just closed, if it must be marked. The cursor is at its closing
    /// bracket.
    fn mark(&mut self) {
        if let Some(mark) = &self.rules.mark
            && self.unfinished.marks.close(self.state.nesting.depth() + 1)
        {
            self.cursor.hide();
            self.cursor.sink.replacement(mark.json());
            self.state.summary.marked += 1;
        }
    }

    /// Records that a value is masked, by last4 or already by the upstream. If an object is the
    /// innermost container, it must be marked.
    fn note_masked(&mut self) {
        if self.rules.mark.is_some() && self.state.nesting.is_object() == Some(true) {
            self.unfinished.marks.note_masked(self.state.nesting.depth());
        }
    }

    fn separator(&mut self) {
        if self.state.nesting.is_object() == Some(true) {
            self.step(ParseState::Member);
        } else {
            self.state.next = self.element();
            self.step(ParseState::Value);
        }
    }

    /// Returns the treatment of an element of the innermost array.
    fn element(&self) -> Treatment {
        self.rules.element(self.state.nesting.inside())
    }

    fn begin_key(&mut self) {
        self.cursor.at += 1;
        // The fast path: nearly every key is in one chunk and has no escape, so it is compared in
        // place. A key that is not UTF-8 takes the slow path, so that the offset of the fault does
        // not depend on how the text was cut.
        let ahead = self.cursor.plain_string_ahead().filter(|inside| std::str::from_utf8(inside).is_ok());
        if let Some(inside) = ahead {
            Self::end_key(self.rules, self.state, &mut self.unfinished.marks, MemberKey::Known(inside));
            self.cursor.at += inside.len() + 1;
        } else {
            self.unfinished.key.clear();
            self.state.parse = ParseState::Key;
        }
    }

    fn key(&mut self, byte: u8) -> Result<(), ErrorKind> {
        let Unfinished { key, units, marks, .. } = &mut *self.unfinished;
        if byte == b'"' && units.at_boundary() {
            units.finish(|unit| key.push(unit.value));
            Self::end_key(self.rules, self.state, marks, key.as_key());
        } else {
            units.push(byte, |unit| key.push(unit.value))?;
        }
        self.cursor.at += 1;
        Ok(())
    }

    /// Decides the treatment of the value after this key.
    fn end_key(rules: &Rules, state: &mut TextState, marks: &mut OpenMarks, key: MemberKey<'_>) {
        let depth = state.nesting.depth();
        if let (Some(mark), MemberKey::Known(key)) = (&rules.mark, key)
            && mark.has_name(key)
        {
            marks.note_named(depth);
        }
        state.next = rules.member(state.nesting.inside(), depth, key);
        state.parse = ParseState::Colon;
    }
}
