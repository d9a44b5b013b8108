//! The name of a parameter, read byte by byte in constant memory: whatever stands before an override or behind it hides it from nobody.

/// Where a parameter stands.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(super) enum ParameterSource {
    Query,
    Body,
}

/// Parameters that override, by their letters and digits: `_method` (Rack, Symfony, Laravel, Express), `_METHOD` (Slim), `method`
/// (Restlet), `_HttpMethod` (Salesforce), `_method_override` (WAI), `x-tunneled-method` (Catalyst), and header fields as parameters.
const OVERRIDES: [&[u8]; 12] = [
    b"httpmethodoverride",
    b"methodoverride",
    b"overridemethod",
    b"tunneledmethod",
    b"xhttpmethod",
    b"xhttpmethodoverride",
    b"xmethodoverride",
    b"xtunneledmethod",
    // In a body these may be anything, a webhook's method for example, unless they begin as no ordinary name does: `_method`, or what
    // PHP reads as that.
    b"httpmethod",
    b"httpverb",
    b"method",
    b"verb",
];

/// How many of [`OVERRIDES`] mean nothing else wherever they stand.
const UNMISTAKABLE: usize = 8;

/// Longer than any of them.
const MAX_LETTERS: usize = 24;

/// A name as PHP reads it (`.`, a space and `[` are `_`, spaces before it go, a NUL ends it, and what stands in brackets is a part of its
/// value) and as anything more lenient would: only letters and digits count.
#[derive(Clone, Debug)]
pub(super) struct ParameterName {
    place: ParameterSource,
    letters: [u8; MAX_LETTERS],
    /// How many letters there are, or one more than there is room for.
    len: usize,
    /// Whether its first byte is neither a letter nor a digit; `None` before that came.
    is_marked: Option<bool>,
    /// Whether it overrides up to where it may end.
    overrides: bool,
    /// What was read of an escape.
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

    /// Takes the next byte, which may be a part of an escape.
    pub(super) fn push(&mut self, byte: u8) {
        match (self.escape, hex(byte)) {
            (PercentEscape::None, _) if byte == b'%' => self.escape = PercentEscape::Percent,
            (PercentEscape::None, _) => self.take(if byte == b'+' { b' ' } else { byte }),
            (PercentEscape::Percent, Some(high)) => self.escape = PercentEscape::High(high),
            (PercentEscape::High(high), Some(low)) => {
                self.escape = PercentEscape::None;
                self.take(high << 4 | low);
            }
            // No escape after all.
            (_, None) => {
                self.end_escape();
                self.push(byte);
            }
        }
    }

    /// Ends the name, and begins the next. Gives whether it overrides.
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
