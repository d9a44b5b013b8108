//! Shortens and escapes text from a client or an upstream, for the log.

use std::fmt::{self, Display, Formatter, Write};

/// Largest number of bytes that an [`Excerpt`] writes. If it cuts the text, three dots follow.
const MAX_BYTES: usize = 256;

/// Displays a value on one line, escaped and cut to 256 bytes.
///
/// A method, a path or an error's text may be as long as a request's head. A log line must be
/// short, because the queue of log lines is limited in bytes, and one client could fill it.
pub(crate) struct Excerpt<T>(pub(crate) T);

impl<T: Display> Display for Excerpt<T> {
    fn fmt(&self, f: &mut Formatter<'_>) -> fmt::Result {
        let mut cutter = Cutter { out: f, left: MAX_BYTES, is_cut: false };
        let written = write!(cutter, "{}", self.0);
        if cutter.is_cut { f.write_str("...") } else { written }
    }
}

struct Cutter<'a, 'f> {
    out: &'a mut Formatter<'f>,
    left: usize,
    is_cut: bool,
}

impl Write for Cutter<'_, '_> {
    fn write_str(&mut self, text: &str) -> fmt::Result {
        for character in text.chars() {
            let escaped = character.escape_debug();
            let bytes = escaped.clone().map(char::len_utf8).sum();
            let Some(left) = self.left.checked_sub(bytes) else {
                self.is_cut = true;
                // The error makes the value's `Display` stop, so that it does not format the rest.
                return Err(fmt::Error);
            };
            self.left = left;
            escaped.into_iter().try_for_each(|character| self.out.write_char(character))?;
        }
        Ok(())
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn what_is_short_is_whole_and_breaks_no_line() {
        assert_eq!(Excerpt("/a\n\"\u{1b}b").to_string(), "/a\\n\\\"\\u{1b}b");
        assert_eq!(Excerpt("x".repeat(MAX_BYTES)).to_string(), "x".repeat(MAX_BYTES));
        assert_eq!(Excerpt("").to_string(), "");
    }

    #[test]
    fn what_is_long_is_cut_by_what_is_written_of_it() {
        assert_eq!(Excerpt("ü".repeat(60_000)).to_string(), "ü".repeat(128) + "...");
        for character in ["a", "\n", "\u{1b}", "\u{10ffff}", "\"", "😀"] {
            let excerpt = Excerpt(format_args!("{}{}", "a".repeat(7), character.repeat(60_000))).to_string();
            assert!(excerpt.len() <= MAX_BYTES + 3 && excerpt.ends_with("..."), "{excerpt}");
        }
    }
}
