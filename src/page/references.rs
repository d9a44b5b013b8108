//! Character references, by which an attribute's value may be written.

/// Undoes those that a policy may be written with: `&#39;self&#39;`.
pub(super) fn unescaped(text: &str) -> String {
    let mut unescaped = String::with_capacity(text.len());
    let mut rest = text;
    while let Some((before, reference)) = rest.split_once('&') {
        unescaped.push_str(before);
        let read = reference.split_once(';').and_then(|(name, after)| Some((character(name)?, after)));
        rest = match read {
            Some((character, after)) => {
                unescaped.push(character);
                after
            }
            None => {
                unescaped.push('&');
                reference
            }
        };
    }
    unescaped.push_str(rest);
    unescaped
}

fn character(name: &str) -> Option<char> {
    match name {
        "amp" => Some('&'),
        "apos" => Some('\''),
        "gt" => Some('>'),
        "lt" => Some('<'),
        "quot" => Some('"'),
        "semi" => Some(';'),
        _ => {
            let number = name.strip_prefix('#')?;
            let code = match number.strip_prefix(['x', 'X']) {
                Some(hex) => u32::from_str_radix(hex, 16),
                None => number.parse(),
            };
            char::from_u32(code.ok()?)
        }
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn references_are_read_and_all_else_stays() {
        for (written, read) in [
            ("&#39;self&#x27; &quot;&apos;&semi;&amp;amp;", "'self' \"';&amp;"),
            ("a&b &unheard; &#xd800; &#; & &amp", "a&b &unheard; &#xd800; &#; & &amp"),
            ("", ""),
        ] {
            assert_eq!(unescaped(written), read, "{written}");
        }
    }
}
