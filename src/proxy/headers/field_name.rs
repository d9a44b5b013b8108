//! Sets of field names, compared as servers compare them.

use http::HeaderName;

/// A set of names, written with `-`.
///
/// All bytes that are neither letters nor digits are equal here: CGI servers turn `-` into `_`, and
/// lighttpd turns each of these bytes into `_`.
#[derive(Clone, Copy, Debug)]
pub(crate) struct FieldNames {
    names: &'static [&'static str],
    /// `lengths` has a bit for the length of each name, `letters` one for its first letter. They
    /// rule out nearly all fields of a request without comparing names.
    lengths: u64,
    letters: u32,
}

impl FieldNames {
    pub(crate) const fn new(names: &'static [&'static str]) -> Self {
        let (mut lengths, mut letters) = (0, 0);
        let mut at = 0;
        while at < names.len() {
            let name = names[at].as_bytes();
            lengths |= 1 << name.len();
            letters |= 1 << (name[0] - b'a');
            at += 1;
        }
        Self { names, lengths, letters }
    }

    pub(crate) fn contain(self, name: &HeaderName) -> bool {
        let name = name.as_str().as_bytes();
        let letter = name.first().map_or(u8::MAX, |first| first.wrapping_sub(b'a'));
        name.len() < 64
            && letter < 26
            && self.lengths >> name.len() & 1 == 1
            && self.letters >> letter & 1 == 1
            && self.names.iter().any(|known| is_same(name, known.as_bytes()))
    }
}

fn is_same(name: &[u8], known: &[u8]) -> bool {
    let is_equal = |(one, other): (&u8, &u8)| one == other || (*other == b'-' && !one.is_ascii_alphanumeric());
    name.len() == known.len() && name.iter().zip(known).all(is_equal)
}

#[cfg(test)]
mod tests {
    use super::*;

    const NAMES: FieldNames = FieldNames::new(&["x-original-url", "forwarded", "raw-uri"]);

    #[test]
    fn bytes_that_are_neither_letters_nor_digits_are_equal() {
        for name in
            ["x-original-url", "x_original_url", "x.original.url", "x!original!url", "x~original|url", "raw.uri"]
        {
            assert!(NAMES.contain(&HeaderName::from_static(name)), "{name}");
        }
        for name in
            ["x-original-uri", "xxoriginal-url", "x-original-url-", "x-original0url", "_-original-url", "raw", "f"]
        {
            assert!(!NAMES.contain(&HeaderName::from_static(name)), "{name}");
        }
    }
}
