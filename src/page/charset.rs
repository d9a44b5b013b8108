//! Reads `Content-Type`: whether a response is HTML, and in which charset.

use encoding_rs::Encoding;
use lol_html::AsciiCompatibleEncoding;

/// The kind of a response, by its media type.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(crate) enum Markup {
    /// HTML.
    Html(Charset),
    /// HTML in an unknown charset, or in one where tags are not in ASCII.
    Unreadable,
    /// Not HTML.
    Other,
}

/// The charset of a page.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(crate) enum Charset {
    /// The header field names the charset.
    Declared(AsciiCompatibleEncoding),
    /// The header field names none. The page itself may name one.
    Undeclared,
}

impl Markup {
    /// Reads all values of `Content-Type`. With more than one, the response is not a page, because
    /// browsers differ in which value they use.
    pub(crate) fn of<'a>(values: impl IntoIterator<Item = &'a [u8]>) -> Self {
        let mut values = values.into_iter();
        let (Some(value), None) = (values.next(), values.next()) else { return Self::Other };
        let text = String::from_utf8_lossy(value);
        let mut parts = text.split(';').map(str::trim);
        if !parts.next().is_some_and(|essence| essence.eq_ignore_ascii_case("text/html")) {
            return Self::Other;
        }
        let charset = parts.find_map(|part| {
            let (name, value) = part.split_once('=')?;
            name.trim().eq_ignore_ascii_case("charset").then(|| value.trim().trim_matches('"'))
        });
        match charset.map(|label| Encoding::for_label_no_replacement(label.as_bytes())) {
            None => Self::Html(Charset::Undeclared),
            Some(encoding) => encoding
                .and_then(AsciiCompatibleEncoding::new)
                .map_or(Self::Unreadable, |encoding| Self::Html(Charset::Declared(encoding))),
        }
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    fn of(value: &str) -> Markup {
        Markup::of([value.as_bytes()])
    }

    fn declared(label: &[u8]) -> Markup {
        let encoding = Encoding::for_label(label).and_then(AsciiCompatibleEncoding::new).unwrap();
        Markup::Html(Charset::Declared(encoding))
    }

    #[test]
    fn html_is_known_with_its_charset() {
        assert_eq!(of("text/html"), Markup::Html(Charset::Undeclared));
        assert_eq!(of("Text/HTML ; a=b; Charset=\"UTF-8\""), declared(b"utf-8"));
        assert_eq!(of("text/html;charset=shift_jis"), declared(b"shift_jis"));
        assert_eq!(of("text/html;charset=latin1"), declared(b"windows-1252"));
    }

    #[test]
    fn what_cannot_be_read_is_told_from_what_is_no_page() {
        for value in ["utf-16", "utf-16le", "iso-2022-jp", "utf-7", "klingon", ""] {
            assert_eq!(of(&format!("text/html; charset={value}")), Markup::Unreadable, "{value}");
        }
        for value in ["application/xhtml+xml", "text/plain", "text/htmlx", "", "application/json"] {
            assert_eq!(of(value), Markup::Other, "{value}");
        }
        assert_eq!(Markup::of([&b"text/html"[..], b"text/html"]), Markup::Other);
        assert_eq!(Markup::of([]), Markup::Other);
    }
}
