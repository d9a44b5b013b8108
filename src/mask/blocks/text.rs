//! Passes over strings that are neither keys nor masked: the long way of most texts.

use super::bits::{BEFORE, BLOCK, TextBits, halves, padded_block};
use super::kernel::{Kernel, Work};
use super::spelling::{escape_len, unescaped};
use std::ops::ControlFlow;

/// The work of passing over the string in which `at` lies, as far as it passes: to where it ends, or something is unusual, or the
/// chunk nearly ends. What stands there is not escaped; if it is a digit, it may belong to an escape that was checked.
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
        let end = loop {
            let Some(window) = rest.first_chunk() else {
                break first_fault(&noted, count).unwrap_or_else(|| from_block(rest, first_escaped(rest)));
            };
            kernel.prefetch(window);
            let seen = kernel.escaped(window);
            if let Some(slot) = noted.get_mut(count)
                && !seen.stops
            {
                *slot = Odd { text: rest, bits: seen.odd };
                count += usize::from(seen.is_odd());
                rest = rest.get(BLOCK..).unwrap_or_default();
                continue;
            }
            if let Some(fault) = first_fault(&noted, count) {
                break fault;
            }
            count = 0;
            if seen.stops {
                match pass_closely(kernel, rest) {
                    ControlFlow::Continue(behind) => rest = behind,
                    ControlFlow::Break(end) => break end,
                }
            }
        };
        chunk.len() - end.len()
    }
}

/// Passes over the first window's block, and on while blocks end with a backslash, counting runs of backslashes from where they begin.
/// Continues where a window tells again what is escaped; breaks where the string ends or has a fault, or the chunk nearly ends.
#[inline(always)]
fn pass_closely<K: Kernel>(kernel: K, mut rest: &[u8]) -> ControlFlow<&[u8], &[u8]> {
    let mut escaped = first_escaped(rest);
    loop {
        let Some(block) = rest.get(BEFORE..).and_then(<[u8]>::first_chunk) else {
            return ControlFlow::Break(from_block(rest, escaped));
        };
        let TextBits { ends, backslash } = kernel.text(block);
        let (escapes, next_escaped) = unescaped(backslash, escaped);
        let ends = ends & !escapes;
        let before_end = ends.wrapping_sub(1) & !ends;
        let to_check = Odd { text: rest, bits: halves(escapes & !backslash & before_end) };
        if let Some(fault) = to_check.fault() {
            return ControlFlow::Break(fault);
        }
        if ends != 0 {
            return ControlFlow::Break(rest.get(BEFORE + ends.trailing_zeros() as usize..).unwrap_or_default());
        }
        rest = rest.get(BLOCK..).unwrap_or_default();
        escaped = next_escaped;
        if backslash >> (BLOCK - 1) == 0 {
            return ControlFlow::Continue(rest);
        }
    }
}

/// Whether the first byte of the first window's block is escaped, 0 or 1, if no longer run of backslashes ends before it.
#[inline(always)]
fn first_escaped(rest: &[u8]) -> u64 {
    u64::from(matches!(rest, [before, b'\\', ..] if *before != b'\\'))
}

/// The text from the first window's block on, with the backslash before it if that escapes it.
#[inline(always)]
fn from_block(rest: &[u8], escaped: u64) -> &[u8] {
    rest.get(BEFORE - escaped as usize..).unwrap_or_default()
}

/// Most blocks that are noted. It is not many, for they are set up for every string with escapes.
const NOTED: usize = 16;

/// A block in which something escaped is odd.
#[derive(Clone, Copy, Default)]
struct Odd<'a> {
    /// The text from its window on.
    text: &'a [u8],
    /// As [`EscapedBits::odd`](super::bits::EscapedBits::odd).
    bits: [u32; 2],
}

impl<'a> Odd<'a> {
    /// The text from the first backslash on that makes no escape in this text.
    #[inline(always)]
    fn fault(self) -> Option<&'a [u8]> {
        let [low, high] = self.bits.map(u64::from);
        let mut bits = low | high << 32;
        while bits != 0 {
            // What is escaped stands two bytes further in the window, its backslash one.
            let from_backslash = self.text.get(bits.trailing_zeros() as usize + 1..).unwrap_or_default();
            bits &= bits - 1;
            if escape_len(from_backslash.get(1..).unwrap_or_default()).is_none() {
                return Some(from_backslash);
            }
        }
        None
    }
}

/// The first fault in the first `count` of these blocks.
#[inline(never)]
fn first_fault<'a>(noted: &[Odd<'a>; NOTED], count: usize) -> Option<&'a [u8]> {
    noted.iter().take(count).find_map(|odd| odd.fault())
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
            1 => r#"\\{3,140}["\\/bfnrtu]?"#,
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
                // What fills no block is for others, with the backslash before it; so are a chunk's first bytes.
                let may_stop = text.len() - passed <= BLOCK || passed < BEFORE;
                prop_assert!(passed == stop || may_stop, "{instructions:?} stops at {passed}, not {stop}");
            }
        }
    }
}
