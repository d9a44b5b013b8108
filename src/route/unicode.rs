//! Characters that some server takes as ASCII.

/// Returns the ASCII text that some server reads for a character, or the character itself.
pub(super) fn ascii_of(one: char) -> String {
    let plain = match one {
        _ if one.is_ascii() => return one.into(),
        '\u{ff01}'..='\u{ff5e}' => char::from_u32(u32::from(one) - 0xff01 + 0x21),
        '\u{2044}' | '\u{2215}' => Some('/'),
        '\u{2216}' => Some('\\'),
        '\u{2010}'..='\u{2013}' | '\u{2212}' => Some('-'),
        _ if one.is_whitespace() => Some(' '),
        _ => decimal_digit(one),
    };
    let lower: String = one.to_lowercase().filter(|part| *part != COMBINING_DOT).collect();
    let upper: String = one.to_uppercase().collect();
    match plain {
        Some(plain) => plain.into(),
        None if lower.is_ascii() => lower,
        None if upper.is_ascii() => upper,
        None => one.into(),
    }
}

/// Returns the ASCII digit for a decimal digit of any script (Unicode's general category Nd).
fn decimal_digit(one: char) -> Option<char> {
    let code = u32::from(one);
    let zeros_up_to_it = ZEROS.partition_point(|&zero| zero <= code);
    let zero = ZEROS.get(zeros_up_to_it.checked_sub(1)?)?;
    char::from_digit(code - zero, 10)
}

/// The zero of each script, sorted. The other digits of a script follow its zero (Unicode 16).
const ZEROS: [u32; 76] = [
    0x30, 0x660, 0x6f0, 0x7c0, 0x966, 0x9e6, 0xa66, 0xae6, 0xb66, 0xbe6, 0xc66, 0xce6, 0xd66, 0xde6, 0xe50, 0xed0,
    0xf20, 0x1040, 0x1090, 0x17e0, 0x1810, 0x1946, 0x19d0, 0x1a80, 0x1a90, 0x1b50, 0x1bb0, 0x1c40, 0x1c50, 0xa620,
    0xa8d0, 0xa900, 0xa9d0, 0xa9f0, 0xaa50, 0xabf0, 0xff10, 0x104a0, 0x10d30, 0x10d40, 0x11066, 0x110f0, 0x11136,
    0x111d0, 0x112f0, 0x11450, 0x114d0, 0x11650, 0x116c0, 0x116d0, 0x116da, 0x11730, 0x118e0, 0x11950, 0x11bf0,
    0x11c50, 0x11d50, 0x11da0, 0x11f50, 0x16130, 0x16a60, 0x16ac0, 0x16b50, 0x16d70, 0x1ccf0, 0x1d7ce, 0x1d7d8,
    0x1d7e2, 0x1d7ec, 0x1d7f6, 0x1e140, 0x1e2f0, 0x1e4f0, 0x1e5f1, 0x1e950, 0x1fbf0,
];

/// Lower case of `\u{130}` (dotted capital I) is `i` followed by this character.
const COMBINING_DOT: char = '\u{307}';

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn every_decimal_digit_of_any_script_is_folded() {
        let digit = regex::Regex::new(r"^\d$").unwrap();
        for one in ('\0'..=char::MAX).filter(|one| !one.is_ascii()) {
            let is_digit = digit.is_match(one.encode_utf8(&mut [0; 4]));
            assert_eq!(decimal_digit(one).is_some(), is_digit, "{:x}", u32::from(one));
        }
        assert_eq!(decimal_digit('\u{667}'), Some('7'));
    }
}
