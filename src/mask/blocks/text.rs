//! Passes over strings that are neither keys nor masked: the long way of most texts.

use super::bits::{BEFORE, BLOCK, TextBits, padded_block};
use super::kernel::{Kernel, Work};

/// The work of passing over the string in which `at` lies, as far as it passes: to where it ends, or something is unusual, or the
/// chunk nearly ends. No escape reaches across that place.
pub(super) struct PassString<'a> {
    pub(super) chunk: &'a [u8],
    pub(super) at: usize,
}

impl Work for PassString<'_> {
    /// The place.
    type Output = usize;

    #[inline(always)]
    fn run<K: Kernel>(self, kernel: K) -> usize {
        let Self { chunk, mut at } = self;
        while let Some(block) = chunk.get(at..).and_then(<[u8]>::first_chunk) {
            kernel.prefetch(block);
            let TextBits { ends, backslash } = kernel.text(block);
            let stop = (ends | backslash).trailing_zeros();
            if stop < u64::BITS {
                at += stop as usize;
                return if backslash >> stop & 1 == 1 { PassEscapes { chunk, at }.run(kernel) } else { at };
            }
            at += BLOCK;
        }
        at
    }
}

/// The same for a string that has an escape at `at`.
///
/// It goes on from block to block, not from escape to escape, which costs a mispredicted branch for nearly every block. The
/// frequent escapes are all checked at once; what is not known to be right so is noted, and looked at for many blocks together.
struct PassEscapes<'a> {
    chunk: &'a [u8],
    at: usize,
}

impl Work for PassEscapes<'_> {
    type Output = usize;

    #[inline(always)]
    fn run<K: Kernel>(self, kernel: K) -> usize {
        let Self { chunk, at } = self;
        let Some(mut rest) = at.checked_sub(BEFORE).and_then(|from| chunk.get(from..)) else { return at };
        let mut noted = [Odd::default(); NOTED];
        let mut count = 0;
        while let Some(window) = rest.first_chunk() {
            kernel.prefetch(window);
            let seen = kernel.escaped(window);
            let Some(slot) = noted.get_mut(count) else { break };
            *slot = Odd { text: rest, bits: seen.odd };
            if seen.ends {
                count += 1;
                break;
            }
            count += usize::from(seen.is_odd());
            rest = rest.get(BLOCK..).unwrap_or_default();
            if count == NOTED {
                if first_fault(&noted).is_some() {
                    break;
                }
                count = 0;
            }
        }
        let noted = noted.get(..count).unwrap_or(&noted);
        let end = first_fault(noted).unwrap_or_else(|| unescaped(rest));
        chunk.len() - end.len()
    }
}

/// Most blocks that are noted. It is not many, for they are set up for every string with escapes.
const NOTED: usize = 16;

/// A block in which something is odd.
#[derive(Clone, Copy, Default)]
struct Odd<'a> {
    /// The text from its window on.
    text: &'a [u8],
    /// As [`EscapedBits::odd`](super::bits::EscapedBits::odd).
    bits: [u32; 2],
}

impl<'a> Odd<'a> {
    /// The text from the first odd byte on that makes no escape in this text, or from the backslash before it.
    #[inline(always)]
    fn fault(self) -> Option<&'a [u8]> {
        let [low, high] = self.bits.map(u64::from);
        let mut bits = low | high << 32;
        while bits != 0 {
            let window = self.text.get(bits.trailing_zeros() as usize..).unwrap_or_default();
            bits &= bits - 1;
            let escaped = window.get(BEFORE..).unwrap_or_default();
            if !is_odd_escape(escaped) {
                return Some(unescaped(window));
            }
        }
        None
    }
}

/// Whether these bytes make an escape behind a backslash that the kernels call odd.
#[inline(always)]
fn is_odd_escape(text: &[u8]) -> bool {
    match text {
        [b'u', a, b, c, d, ..] => [a, b, c, d].into_iter().fold(true, |all, digit| all & digit.is_ascii_hexdigit()),
        [b'b' | b'r', ..] => true,
        _ => false,
    }
}

/// The first fault in these blocks.
#[inline(never)]
fn first_fault<'a>(noted: &[Odd<'a>]) -> Option<&'a [u8]> {
    noted.iter().find_map(|odd| odd.fault())
}

/// What stands behind the first [`BEFORE`] bytes of a window, with the backslash before it if that escapes it.
#[inline(always)]
fn unescaped(window: &[u8]) -> &[u8] {
    match window {
        [b'\\', b'\\', rest @ ..] => rest,
        [_, rest @ ..] if rest.first() == Some(&b'\\') => rest,
        [_, _, rest @ ..] => rest,
        _ => &[],
    }
}

/// The bytes up to the quote that ends the string in which `text` begins, if all of them are ASCII and stand for themselves.
#[inline(always)]
pub(super) fn plain_string<K: Kernel>(kernel: K, text: &[u8]) -> Option<&[u8]> {
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
            let (inside, behind) = text.split_at_checked(at + stops.trailing_zeros() as usize)?;
            return (behind.first() == Some(&b'"')).then_some(inside);
        }
        at += BLOCK;
    }
}

#[cfg(test)]
mod tests {
    use super::super::super::Instructions;
    use super::super::spelling::escape_len;
    use super::*;
    use proptest::prelude::*;

    /// More would take Miri hours.
    const CASES: u32 = if cfg!(miri) { 2 } else { 2000 };

    /// Where a string that begins at `at` ends, or has its first fault: the quote, the control or the backslash.
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
            1 => r#"["\x00-\x1f]|\\[a-z\x00-\x1f]|\\u[0-9a-z]{4}"#,
        ]
    }

    proptest! {
        #![proptest_config(ProptestConfig { cases: CASES, failure_persistence: None, ..ProptestConfig::default() })]

        #[test]
        fn a_string_is_passed_as_far_as_it_is_right(
            before in "[a-z]{0,5}", pieces in prop::collection::vec(piece(), 0..40), behind in "[a-z]{0,90}",
        ) {
            let text = format!("{before}{}{behind}", pieces.concat());
            let (text, at) = (text.as_bytes(), before.len());
            let stop = stop(text, at);
            for instructions in Instructions::available() {
                let passed = instructions.run(PassString { chunk: text, at });
                prop_assert!((at..=stop).contains(&passed), "{instructions:?} passes to {passed}, not {stop}");
                prop_assert!(!is_escaped(&text[at..passed]), "{instructions:?} stops within an escape, at {passed}");
                // What fills no block is for others, with the backslash before it; so are a chunk's first bytes, and three
                // backslashes in a row.
                let may_stop = text.len() - passed <= BLOCK || passed < BEFORE || text[..passed].ends_with(br"\\");
                prop_assert!(passed == stop || may_stop, "{instructions:?} stops at {passed}, not {stop}");
            }
        }
    }
}
