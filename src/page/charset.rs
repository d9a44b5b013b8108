//! What `Content-Type` says of a page: whether it is HTML, and in which charset.

use encoding_rs::Encoding;
use lol_html::AsciiCompatibleEncoding;

/// What an answer is, by its media type.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(crate) enum Markup {
    /// HTML.
    Html(Charset),
    /// HTML in a charset that is not known, or in which tags are not spelt in ASCII.
    Unreadable,
    /// Anything else.
    Other,
}

/// The charset of a page.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(crate) enum Charset {
    /// By its header field.
    Said(AsciiCompatibleEncoding),
    /// The page itself may say.
    Unsaid,
}

impl Markup {
    /// Reads all values of `Content-Type`; with more than one, nobody can say which a browser believes.
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
            None => Self::Html(Charset::Unsaid),
            Some(encoding) => encoding
                .and_then(AsciiCompatibleEncoding::new)
                .map_or(Self::Unreadable, |encoding| Self::Html(Charset::Said(encoding))),
        }
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    fn of(value: &str) -> Markup {
        Markup::of([value.as_bytes()])
    }

    fn said(label: &[u8]) -> Markup {
        let encoding = Encoding::for_label(label).and_then(AsciiCompatibleEncoding::new).unwrap();
        Markup::Html(Charset::Said(encoding))
    }

    #[test]
    fn html_is_known_with_its_charset() {
        assert_eq!(of("text/html"), Markup::Html(Charset::Unsaid));
        assert_eq!(of("Text/HTML ; a=b; Charset=\"UTF-8\""), said(b"utf-8"));
        assert_eq!(of("text/html;charset=shift_jis"), said(b"shift_jis"));
        assert_eq!(of("text/html;charset=latin1"), said(b"windows-1252"));
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
