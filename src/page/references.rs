//! Decodes character references in an attribute's value (HTML 13.2.5.72 and following).

/// The named references to ASCII characters. A policy consists of ASCII, so it needs no others.
const ASCII: [(&str, &str); 46] = [
    ("AMP", "&"),
    ("DiacriticalGrave", "`"),
    ("GT", ">"),
    ("Hat", "^"),
    ("LT", "<"),
    ("NewLine", "\n"),
    ("QUOT", "\""),
    ("Tab", "\t"),
    ("UnderBar", "_"),
    ("VerticalLine", "|"),
    ("amp", "&"),
    ("apos", "'"),
    ("ast", "*"),
    ("bsol", "\\"),
    ("colon", ":"),
    ("comma", ","),
    ("commat", "@"),
    ("dollar", "$"),
    ("equals", "="),
    ("excl", "!"),
    ("fjlig", "fj"),
    ("grave", "`"),
    ("gt", ">"),
    ("lbrace", "{"),
    ("lbrack", "["),
    ("lcub", "{"),
    ("lowbar", "_"),
    ("lpar", "("),
    ("lsqb", "["),
    ("lt", "<"),
    ("midast", "*"),
    ("num", "#"),
    ("percnt", "%"),
    ("period", "."),
    ("plus", "+"),
    ("quest", "?"),
    ("quot", "\""),
    ("rbrace", "}"),
    ("rbrack", "]"),
    ("rcub", "}"),
    ("rpar", ")"),
    ("rsqb", "]"),
    ("semi", ";"),
    ("sol", "/"),
    ("verbar", "|"),
    ("vert", "|"),
];

/// Names that are valid without a semicolon. This list has the names of ASCII characters. `LATIN_1`
/// has those of other characters, which no policy holds.
const WITHOUT_SEMICOLON: [&str; 8] = ["AMP", "GT", "LT", "QUOT", "amp", "gt", "lt", "quot"];
const LATIN_1: &str = " AElig Aacute Acirc Agrave Aring Atilde Auml COPY Ccedil ETH Eacute Ecirc Egrave Euml Iacute Icirc Igrave Iuml \
    Ntilde Oacute Ocirc Ograve Oslash Otilde Ouml REG THORN Uacute Ucirc Ugrave Uuml Yacute aacute acirc acute aelig agrave aring atilde \
    auml brvbar ccedil cedil cent copy curren deg divide eacute ecirc egrave eth euml frac12 frac14 frac34 iacute icirc iexcl igrave \
    iquest iuml laquo macr micro middot nbsp not ntilde oacute ocirc ograve ordf ordm oslash otilde ouml para plusmn pound raquo reg sect \
    shy sup1 sup2 sup3 szlig thorn times uacute ucirc ugrave uml uuml yacute yen yuml ";

/// Decodes a value as a browser does. Returns `None` if the value names a character that no policy
/// holds. Such a value must not be rewritten.
pub(super) fn unescaped(text: &str) -> Option<String> {
    let mut unescaped = String::with_capacity(text.len());
    let mut rest = text;
    while let Some((before, reference)) = rest.split_once('&') {
        unescaped.push_str(before);
        rest = match reference.strip_prefix('#') {
            Some(number) => numeric(number, &mut unescaped)?,
            None => named(reference, &mut unescaped)?,
        };
    }
    unescaped.push_str(rest);
    Some(unescaped)
}

/// Decodes the named reference after `&`, and returns the rest of the text. `None` if it names a
/// character that no policy holds.
fn named<'a>(reference: &'a str, to: &mut String) -> Option<&'a str> {
    let end = reference.find(|c: char| !c.is_ascii_alphanumeric()).unwrap_or(reference.len());
    let (name, after) = reference.split_at_checked(end)?;
    let ascii = ASCII.iter().find(|(known, _)| *known == name).map(|(_, read)| *read);
    match (ascii, after.strip_prefix(';')) {
        _ if name.is_empty() => {}
        (Some(read), Some(after)) => {
            to.push_str(read);
            return Some(after);
        }
        // The name of another character, or not a name.
        (None, Some(_)) => return None,
        // `&lt=` in a URL's query is not a reference (HTML 13.2.5.73).
        (_, None) if after.starts_with('=') => {}
        (Some(read), None) if WITHOUT_SEMICOLON.contains(&name) => {
            to.push_str(read);
            return Some(after);
        }
        (_, None) if LATIN_1.contains(&format!(" {name} ")) => return None,
        (_, None) => {}
    }
    to.push('&');
    Some(reference)
}

/// Decodes the number after `&#`, and returns the rest of the text. `None` as for [`named`].
fn numeric<'a>(number: &'a str, to: &mut String) -> Option<&'a str> {
    let (digits, radix) = number.strip_prefix(['x', 'X']).map_or((number, 10), |digits| (digits, 16));
    let end = digits.find(|c: char| !c.is_digit(radix)).unwrap_or(digits.len());
    let (digits, after) = digits.split_at_checked(end)?;
    if digits.is_empty() {
        to.push_str("&#");
        return Some(number);
    }
    let character = match u32::from_str_radix(digits, radix) {
        // A browser decodes these as Windows-1252, to characters that no policy holds.
        Ok(0x80..=0x9f) => return None,
        Ok(0) | Err(_) => char::REPLACEMENT_CHARACTER,
        Ok(code) => char::from_u32(code).unwrap_or(char::REPLACEMENT_CHARACTER),
    };
    to.push(character);
    Some(after.strip_prefix(';').unwrap_or(after))
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn references_are_read_as_html_reads_them_and_all_else_stays() {
        for (written, read) in [
            ("&#39;self&#x27; &quot;&apos;&semi;&amp;amp;", "'self' \"';&amp;"),
            ("a&#59b &#59 &#x3bx &#X3B;&#00059;&#x3B&#x3b", "a;b ; ;x ;;;;"),
            ("a&Tab;b&NewLine;c&num;&fjlig;&bsol;&VerticalLine;", "a\tb\nc#fj\\|"),
            ("?a&b=1&c &amp&lt=1&ampx=1&quot'&AMP &semi &Tab", "?a&b=1&c &&lt=1&ampx=1\"'& &semi &Tab"),
            ("&notit &copy=1 &copyx", "&notit &copy=1 &copyx"),
            ("&#0;&#xd800;&#x110000;&#99999999999", "\u{fffd}\u{fffd}\u{fffd}\u{fffd}"),
            ("&#; &#x; &#xg; & &&& &", "&#; &#x; &#xg; & &&& &"),
            ("&#x3B0;&#12;", "\u{3b0}\u{c}"),
            ("", ""),
        ] {
            assert_eq!(unescaped(written).as_deref(), Some(read), "{written}");
        }
        for written in ["&eacute;", "a &unheard; b", "&copy 'self'", "&nbsp", "&ampx;", "&#128;", "&#x9F "] {
            assert_eq!(unescaped(written), None, "{written}");
        }
    }

    #[test]
    fn every_name_is_there_once() {
        let names = ASCII.map(|(name, _)| name);
        assert!(names.is_sorted_by(|a, b| a < b), "{names:?}");
        assert!(WITHOUT_SEMICOLON.iter().all(|name| names.contains(name)));
        assert_eq!(LATIN_1.split_whitespace().count() + WITHOUT_SEMICOLON.len(), 106);
    }
}
