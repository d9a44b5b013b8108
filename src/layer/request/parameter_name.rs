//! The name of a parameter, read byte by byte in constant memory, so that no amount of text before
//! or after an override can hide it.

/// Where a parameter was found.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(super) enum ParameterSource {
    Query,
    Body,
}

/// Parameters that override the method, by their letters and digits: `_method` (Rack, Symfony,
/// Laravel, Express), `_METHOD` (Slim), `method` (Restlet), `_HttpMethod` (Salesforce),
/// `_method_override` (WAI), `x-tunneled-method` (Catalyst), and header fields as parameters.
const OVERRIDES: [&[u8]; 12] = [
    b"httpmethodoverride", b"methodoverride", b"overridemethod", b"tunneledmethod", b"xhttpmethod",
    b"xhttpmethodoverride", b"xmethodoverride", b"xtunneledmethod",
    // In a body these are ordinary names, of a webhook's method for example. They count only with
    // an unusual first character: `_method`, or a spelling that PHP reads as `_method`.
    b"httpmethod", b"httpverb", b"method", b"verb",
];

/// The number of [`OVERRIDES`] that count in a body without an unusual first character.
const UNMISTAKABLE: usize = 8;

/// More letters than any of [`OVERRIDES`] has.
const MAX_LETTERS: usize = 24;

/// A name as lenient servers read it: only letters and digits count. This covers PHP, where `.`, a
/// space and `[` are `_`, leading spaces are dropped, a NUL ends the name, and text in brackets
/// belongs to the value.
#[derive(Clone, Debug)]
pub(super) struct ParameterName {
    place: ParameterSource,
    letters: [u8; MAX_LETTERS],
    /// The number of letters, or `MAX_LETTERS + 1` if there are more.
    len: usize,
    /// Whether the first byte is neither a letter nor a digit. `None` before the first byte.
    is_marked: Option<bool>,
    /// Whether the name is an override if it ends at a `[` or NUL that was read.
    overrides: bool,
    /// The part of a percent escape that was read.
    escape: PercentEscape,
}

#[derive(Clone, Copy, Debug)]
enum PercentEscape {
    None,
    Percent,
    High(u8),
}

impl ParameterName {
    pub(super) fn new(place: ParameterSource) -> Self {
        Self {
            place,
            letters: [0; MAX_LETTERS],
            len: 0,
            is_marked: None,
            overrides: false,
            escape: PercentEscape::None,
        }
    }

    /// Reads the next byte, which may be a part of an escape.
    pub(super) fn push(&mut self, byte: u8) {
        match (self.escape, hex(byte)) {
            (PercentEscape::None, _) if byte == b'%' => self.escape = PercentEscape::Percent,
            (PercentEscape::None, _) => self.take(if byte == b'+' { b' ' } else { byte }),
            (PercentEscape::Percent, Some(high)) => self.escape = PercentEscape::High(high),
            (PercentEscape::High(high), Some(low)) => {
                self.escape = PercentEscape::None;
                self.take(high << 4 | low);
            }
            // The text is not an escape.
            (_, None) => {
                self.end_escape();
                self.push(byte);
            }
        }
    }

    /// Ends the name, and starts the next. Returns whether the name is an override.
    pub(super) fn end(&mut self) -> bool {
        self.end_escape();
        let overrides = self.overrides || self.is_override();
        *self = Self::new(self.place);
        overrides
    }

    fn end_escape(&mut self) {
        match std::mem::replace(&mut self.escape, PercentEscape::None) {
            PercentEscape::None => {}
            PercentEscape::Percent => self.take(b'%'),
            PercentEscape::High(high) => {
                self.take(b'%');
                self.take(b"0123456789abcdef"[usize::from(high & 0xf)]);
            }
        }
    }

    fn take(&mut self, byte: u8) {
        if matches!(byte, b'[' | 0) {
            self.overrides |= self.is_override();
        }
        self.is_marked.get_or_insert(!byte.is_ascii_alphanumeric());
        if byte.is_ascii_alphanumeric() {
            if let Some(letter) = self.letters.get_mut(self.len) {
                *letter = byte.to_ascii_lowercase();
            }
            self.len = (self.len + 1).min(MAX_LETTERS + 1);
        }
    }

    fn is_override(&self) -> bool {
        let may_be_any = self.place == ParameterSource::Query || self.is_marked == Some(true);
        let known = if may_be_any { OVERRIDES.len() } else { UNMISTAKABLE };
        self.letters.get(..self.len).is_some_and(|letters| OVERRIDES.iter().take(known).any(|known| *known == letters))
    }
}

fn hex(digit: u8) -> Option<u8> {
    char::from(digit).to_digit(16).and_then(|digit| u8::try_from(digit).ok())
}
