//! Passes over strings that are neither keys nor masked. They are the largest part of most texts.

use super::grammar::{digits, unescaped};
use super::kernel::{BLOCK, EscapeBits, Kernel, TextBits, Work, padded_block};

/// Passes over the string around `at`, up to its closing quote or control character. Stops earlier
/// - before a block that has a fault;
/// - before the last bytes of the chunk if they do not fill a block;
/// - in both cases before an escape that extends into those bytes.
///
/// The byte at which it stops is never escaped. But if it is a digit, it may be part of an escape
/// that was checked.
pub(crate) struct PassString<'a> {
    pub(crate) chunk: &'a [u8],
    pub(crate) at: usize,
}

impl Work for PassString<'_> {
    /// The position at which it stops.
    type Output = usize;

    #[inline(always)]
    fn run<K: Kernel>(self, kernel: K) -> usize {
        let Self { chunk, mut at } = self;
        let mut rest = chunk.get(at..).unwrap_or_default();
        while let Some((block, after)) = rest.split_first_chunk() {
            kernel.prefetch(block);
            let TextBits { ends, backslash } = kernel.text(block);
            let stop = (ends | backslash).trailing_zeros();
            if stop < u64::BITS {
                at = chunk.len() - rest.len();
                let escapes = backslash >> stop & 1 == 1;
                return if escapes { PassEscapes { chunk, at }.run(kernel) } else { at + stop as usize };
            }
            rest = after;
        }
        chunk.len() - rest.len()
    }
}

/// Like [`PassString`], for a string with an escape in the block at `at`.
///
/// Reads block by block, not escape by escape, and treats every block as if it had escapes: a
/// branch would be mispredicted in nearly every block.
struct PassEscapes<'a> {
    chunk: &'a [u8],
    at: usize,
}

impl Work for PassEscapes<'_> {
    type Output = usize;

    #[inline(always)]
    fn run<K: Kernel>(self, kernel: K) -> usize {
        let Self { chunk, at } = self;
        let mut rest = chunk.get(at..).unwrap_or_default();
        let mut open = OpenEscape::default();
        while let Some((block, after)) = rest.split_first_chunk() {
            kernel.prefetch(block);
            let TextBits { ends, backslash } = kernel.text(block);
            let (escaped, next_escaped) = unescaped(backslash, open.escaped);
            let EscapeBits { unfit, unicode } = kernel.escapes(block, escaped);
            let (digits, next_digits) = digits(escaped & unicode, open.digits);
            let ends = ends & !escaped;
            let faults = escaped & unfit | digits & kernel.no_digit(block, digits);
            if ends | faults != 0 {
                // Ones up to and including the first end, or all ones if there is none.
                let passed = ends ^ ends.wrapping_sub(1);
                if faults & passed == 0 {
                    return chunk.len() - rest.len() + ends.trailing_zeros() as usize;
                }
                break;
            }
            open = OpenEscape { escaped: next_escaped, digits: next_digits };
            rest = after;
        }
        chunk.len() - rest.len() - open.len()
    }
}

/// An escape that starts before a block and ends in it. Its bytes before the block are valid.
#[derive(Clone, Copy, Default)]
struct OpenEscape {
    /// 1 if the block's first byte follows the escape's backslash, else 0.
    escaped: u64,
    /// Ones for the first bytes of the block that must be hexadecimal digits.
    digits: u64,
}

impl OpenEscape {
    /// Returns the number of bytes of the escape before the block.
    fn len(self) -> usize {
        const ALL: usize = r"\u0000".len();
        match self.digits.count_ones() as usize {
            0 => self.escaped as usize,
            digits => ALL - digits,
        }
    }
}

/// [`plain_string`] as a [`Work`], which compiles to its own function.
pub(crate) struct PlainString<'a>(pub(crate) &'a [u8]);

impl<'a> Work for PlainString<'a> {
    type Output = Option<&'a [u8]>;

    #[inline(always)]
    fn run<K: Kernel>(self, kernel: K) -> Option<&'a [u8]> {
        plain_string(kernel, self.0)
    }
}

/// Returns the bytes up to the closing quote of the string that `text` starts in. `None` if one of
/// them is not ASCII or escaped, or a control character, or if `text` ends first.
#[inline(always)]
pub(crate) fn plain_string<K: Kernel>(kernel: K, text: &[u8]) -> Option<&[u8]> {
    let mut at = 0;
    loop {
        let rest = text.get(at..)?;
        let padded;
        let block = match rest.first_chunk() {
            Some(block) => block,
            None => {
                padded = padded_block(rest);
                &padded
            }
        };
        let stops = kernel.not_plain(block);
        if stops != 0 {
            let (inside, after) = text.split_at_checked(at + stops.trailing_zeros() as usize)?;
            return (after.first() == Some(&b'"')).then_some(inside);
        }
        at += BLOCK;
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::mask::Instructions;
    use crate::mask::blocks::grammar::escape_len;
    use proptest::prelude::*;

    /// With more cases, Miri would run for hours.
    const CASES: u32 = if cfg!(miri) { 2 } else { 2000 };

    /// Returns the position at which a string that starts at `at` ends or has its first fault: the
    /// quote, the control or the backslash.
    fn stop(text: &[u8], mut at: usize) -> usize {
        loop {
            at += match text.get(at..).unwrap_or_default() {
                [b'"' | 0..0x20, ..] | [] => return at,
                [b'\\', escaped @ ..] => match escape_len(escaped) {
                    Some(len) => 1 + len,
                    None => return at,
                },
                _ => 1,
            };
        }
    }

    fn is_escaped(before: &[u8]) -> bool {
        before.iter().rev().take_while(|&&byte| byte == b'\\').count() % 2 == 1
    }

    fn piece() -> impl Strategy<Value = String> {
        prop_oneof![
            8 => "[a-z\u{e9}]{0,90}",
            8 => r#"\\["\\/bfnrt]"#,
            8 => r"\\u[0-9a-fA-F]{4}",
            1 => r#"(\\"){10,40}|(\\\\){1,40}|(\\u00e9){1,40}"#,
            1 => r#"\\{3,140}["\\/bfnrtu]?"#,
            1 => r#"["\x00-\x1f]|\\[a-z\x00-\x1f]|\\u[0-9a-z]{4}"#,
        ]
    }

    proptest! {
        #![proptest_config(ProptestConfig { cases: CASES, failure_persistence: None, ..ProptestConfig::default() })]

        #[test]
        fn a_string_is_passed_as_far_as_it_is_right(
            before in "[a-z]{0,5}", pieces in prop::collection::vec(piece(), 0..40), after in "[a-z]{0,90}",
        ) {
            let text = format!("{before}{}{after}", pieces.concat());
            let (text, at) = (text.as_bytes(), before.len());
            let stop = stop(text, at);
            for instructions in Instructions::available() {
                let passed = instructions.run(PassString { chunk: text, at });
                prop_assert!((at..=stop).contains(&passed), "{instructions:?} passes to {passed}, not {stop}");
                prop_assert!(!is_escaped(&text[at..passed]), "{instructions:?} stops within an escape, at {passed}");
                // It may stop before a block with a fault and before bytes that do not fill a
                // block. In both cases it may stop at an escape before them.
                let is_end = matches!(text.get(stop), Some(b'"' | 0..0x20));
                let may_stop = text.len() - passed < BLOCK + 6 || !is_end && stop - passed < BLOCK + 6;
                prop_assert!(passed == stop || may_stop, "{instructions:?} stops at {passed}, not {stop}");
            }
        }
    }
}
