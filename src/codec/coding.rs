//! The codings of a body, as `Content-Encoding` lists them (RFC 9110, section 8.4).

use crate::header::list_items;
use std::fmt;

/// The most codings that one body may have.
///
/// With each coding, a small body can decode to a far larger one. No known server stacks more than
/// two.
const MAX_STACKED: usize = 4;

/// The most memory for the windows of one body's decoders together, in MiB. Enough for one Brotli
/// and one Zstandard, or three Zstandard.
const MAX_WINDOWS_MIB: usize = 24;

/// A content coding that last4 can undo and apply.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Coding {
    /// `br`, RFC 7932.
    Brotli,
    /// `deflate`: RFC 1951 in the zlib wrapping of RFC 1950.
    Deflate,
    /// `gzip`, also known as `x-gzip`: RFC 1952.
    Gzip,
    /// `zstd`: RFC 8878, with the window bound of RFC 9659.
    Zstd,
}

/// Names that mean no coding. Besides `identity` (RFC 9110, section 8.4.1) these are names that
/// servers write by mistake and clients ignore: a charset, a `Content-Transfer-Encoding` (RFC 2045,
/// section 6.1), `none`.
const NO_CODING: [&[u8]; 7] = [b"identity", b"none", b"utf-8", b"utf8", b"binary", b"7bit", b"8bit"];

impl Coding {
    pub(super) const ALL: [Self; 4] = [Self::Brotli, Self::Deflate, Self::Gzip, Self::Zstd];

    /// Returns the name in header fields.
    pub fn token(self) -> &'static str {
        match self {
            Self::Brotli => "br",
            Self::Deflate => "deflate",
            Self::Gzip => "gzip",
            Self::Zstd => "zstd",
        }
    }

    /// Returns the largest window that a body in this coding may need, in MiB.
    fn window_mib(self) -> usize {
        match self {
            Self::Brotli => 16,
            // 32 KiB.
            Self::Deflate | Self::Gzip => 0,
            Self::Zstd => 8,
        }
    }

    pub(super) fn from_token(token: &[u8]) -> Option<Self> {
        if token.eq_ignore_ascii_case(b"x-gzip") {
            return Some(Self::Gzip);
        }
        Self::ALL.into_iter().find(|coding| token.eq_ignore_ascii_case(coding.token().as_bytes()))
    }
}

/// The codings of a body in the order in which they were applied. The last is undone first.
///
/// `Display` writes the value of the `Content-Encoding` field. It is empty if there is no coding.
#[derive(Clone, Debug, Default, PartialEq, Eq)]
pub struct Codings(Vec<Coding>);

impl Codings {
    /// Parses all `Content-Encoding` values of a message, in their order.
    ///
    /// Drops `identity`, empty list items and names that servers write by mistake (`none`, `utf-8`,
    /// `utf8`, `binary`, `7bit`, `8bit`).
    ///
    /// # Errors
    /// Fails if an item is not one of the four codings, spelt without parameters. Also fails if
    /// more than four codings are stacked, or their decoders would need more than 24 MiB for their
    /// windows, as with `br` twice.
    pub fn parse<'a>(values: impl IntoIterator<Item = &'a [u8]>) -> Result<Self, UnknownCoding> {
        let mut stack = Vec::new();
        for item in values.into_iter().flat_map(list_items) {
            if NO_CODING.iter().any(|none| item.eq_ignore_ascii_case(none)) {
                continue;
            }
            let coding = Coding::from_token(item).ok_or(UnknownCoding)?;
            stack.push(coding);
            let windows_mib: usize = stack.iter().map(|coding| coding.window_mib()).sum();
            if stack.len() > MAX_STACKED || windows_mib > MAX_WINDOWS_MIB {
                return Err(UnknownCoding);
            }
        }
        Ok(Self(stack))
    }

    /// Whether there is no coding.
    pub fn is_identity(&self) -> bool {
        self.0.is_empty()
    }

    /// Returns the codings in the order in which they were applied.
    pub fn iter(&self) -> impl DoubleEndedIterator<Item = Coding> + '_ {
        self.0.iter().copied()
    }
}

impl fmt::Display for Codings {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        for (position, coding) in self.iter().enumerate() {
            if position > 0 {
                f.write_str(", ")?;
            }
            f.write_str(coding.token())?;
        }
        Ok(())
    }
}

/// A `Content-Encoding` that cannot be undone.
///
/// It does not hold the value, in which a faulty upstream may have put anything.
#[derive(Clone, Copy, Debug, PartialEq, Eq, thiserror::Error)]
#[error("the content coding is not known, or too many are stacked")]
pub struct UnknownCoding;

#[cfg(test)]
mod tests {
    use super::*;

    fn parse(values: &[&str]) -> Result<String, UnknownCoding> {
        Codings::parse(values.iter().map(|value| value.as_bytes())).map(|codings| codings.to_string())
    }

    #[test]
    fn values_are_read_in_order_over_all_fields() {
        for (values, expected) in [
            (&[][..], ""),
            (&[""], ""),
            (&["identity"], ""),
            (&["none"], ""),
            (&["UTF-8", "binary, 7bit, 8bit"], ""),
            (&["utf8, gzip"], "gzip"),
            (&["gzip"], "gzip"),
            (&["GZip"], "gzip"),
            (&["X-GZIP"], "gzip"),
            (&["gzip, "], "gzip"),
            (&[" ,\t, gzip\t ,,"], "gzip"),
            (&["deflate, br"], "deflate, br"),
            (&["zstd", "identity, gzip"], "zstd, gzip"),
            (&["gzip,gzip", "gzip,gzip"], "gzip, gzip, gzip, gzip"),
        ] {
            assert_eq!(parse(values).as_deref(), Ok(expected), "{values:?}");
        }
    }

    #[test]
    fn anything_else_is_unknown() {
        for value in [
            "dcb", "dcz", "compress", "exi", "*", "gzip;q=1", "gzip br", "gz\0ip", "g\u{e9}", "\"gzip\"", "gzip\n",
            "\x0bgzip",
        ] {
            assert_eq!(parse(&[value]), Err(UnknownCoding), "{value:?}");
            assert_eq!(parse(&["gzip", value]), Err(UnknownCoding), "{value:?}");
        }
    }

    #[test]
    fn the_stack_is_bounded() {
        assert_eq!(parse(&["gzip, gzip, gzip, gzip, gzip"]), Err(UnknownCoding));
        assert_eq!(parse(&["gzip, identity, gzip, , gzip, identity, gzip"]).as_deref(), Ok("gzip, gzip, gzip, gzip"));
    }

    #[test]
    fn the_windows_of_a_stack_are_bounded() {
        for value in ["br, br", "br, gzip, br", "br, zstd, zstd", "zstd, zstd, zstd, zstd"] {
            assert_eq!(parse(&[value]), Err(UnknownCoding), "{value:?}");
        }
        for value in ["br, zstd", "zstd, zstd, zstd", "br, deflate, gzip, zstd"] {
            assert_eq!(parse(&[value]).as_deref(), Ok(value));
        }
    }

    #[test]
    fn the_error_holds_nothing_of_the_value() {
        let error = parse(&["app-supersecret"]).unwrap_err();
        assert!(!format!("{error} {error:?}").contains("supersecret"));
    }
}
