//! Finds bytes in a block with the processor's vector instructions.
//!
//! The only module with `unsafe`. A kernel is a value that proves that the processor has its
//! instructions. All kernels return the same bits as [`Scalar`]: the tests compare them.
#![expect(unsafe_code, reason = "vector instructions")]

#[cfg(target_arch = "x86_64")]
mod avx2;
#[cfg(target_arch = "x86_64")]
mod avx512;
mod block;
#[cfg(all(target_arch = "aarch64", target_feature = "neon", target_endian = "little"))]
mod neon;
mod scalar;
#[cfg(any(target_arch = "x86_64", all(target_arch = "aarch64", target_feature = "neon", target_endian = "little")))]
mod tables;
mod vector;

pub(crate) use block::{BLOCK, Block, EscapeBits, InsideBits, OutsideBits, Shape, TextBits, padded_block};
use scalar::Scalar;
use std::fmt;
pub(crate) use vector::{Kernel, Work};

/// The processor instructions that the engine uses. The output is the same with all of them.
/// [`Default`] is the fastest that the processor has.
#[derive(Clone, Copy, PartialEq, Eq)]
pub struct Instructions(Choice);

#[derive(Clone, Copy, PartialEq, Eq)]
enum Choice {
    #[cfg(target_arch = "x86_64")]
    Avx512(avx512::Avx512),
    #[cfg(target_arch = "x86_64")]
    Avx2(avx2::Avx2),
    #[cfg(all(target_arch = "aarch64", target_feature = "neon", target_endian = "little"))]
    Neon,
    Scalar,
    Bytes,
}

impl Instructions {
    /// Returns the instructions that this processor has, the fastest first. The last is always
    /// portable code.
    ///
    /// ```
    /// use last4::mask::Instructions;
    ///
    /// assert_eq!(Instructions::available().last().unwrap().name(), "scalar");
    /// ```
    pub fn available() -> impl Iterator<Item = Self> {
        [
            #[cfg(target_arch = "x86_64")]
            avx512::Avx512::detect().map(Choice::Avx512),
            #[cfg(target_arch = "x86_64")]
            avx2::Avx2::detect().map(Choice::Avx2),
            #[cfg(all(target_arch = "aarch64", target_feature = "neon", target_endian = "little"))]
            Some(Choice::Neon),
            Some(Choice::Scalar),
        ]
        .into_iter()
        .flatten()
        .map(Self)
    }

    /// Returns the slowest: the engine reads byte by byte, never in blocks. It is the reference for
    /// tests of the others, and not part of [`available`](Self::available).
    pub fn bytes() -> Self {
        Self(Choice::Bytes)
    }

    /// Whether the engine reads in blocks with these instructions.
    #[inline]
    pub(crate) fn read_blocks(self) -> bool {
        !matches!(self.0, Choice::Bytes)
    }

    /// Returns the name in lower case.
    pub fn name(self) -> &'static str {
        match self.0 {
            #[cfg(target_arch = "x86_64")]
            Choice::Avx512(_) => "avx512",
            #[cfg(target_arch = "x86_64")]
            Choice::Avx2(_) => "avx2",
            #[cfg(all(target_arch = "aarch64", target_feature = "neon", target_endian = "little"))]
            Choice::Neon => "neon",
            Choice::Scalar => "scalar",
            Choice::Bytes => "bytes",
        }
    }

    /// Runs `work` with these instructions.
    #[inline]
    pub(crate) fn run<W: Work>(self, work: W) -> W::Output {
        match self.0 {
            #[cfg(target_arch = "x86_64")]
            Choice::Avx512(kernel) => kernel.run(work),
            #[cfg(target_arch = "x86_64")]
            Choice::Avx2(kernel) => kernel.run(work),
            #[cfg(all(target_arch = "aarch64", target_feature = "neon", target_endian = "little"))]
            Choice::Neon => neon::Neon.run(work),
            Choice::Scalar | Choice::Bytes => Scalar.run(work),
        }
    }
}

impl Default for Instructions {
    fn default() -> Self {
        Self::available().next().unwrap_or(Self(Choice::Scalar))
    }
}

impl fmt::Debug for Instructions {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str(self.name())
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    struct Everything<'a>(&'a Block);

    impl Work for Everything<'_> {
        type Output = (InsideBits, OutsideBits, TextBits, [u64; 4]);

        fn run<K: Kernel>(self, kernel: K) -> Self::Output {
            let word = u64::from_le_bytes(self.0[..8].try_into().unwrap());
            let others = [
                kernel.control(self.0),
                kernel.folded(self.0, 0x20, b't'),
                kernel.not_plain(self.0),
                kernel.parity(word),
            ];
            (kernel.inside(self.0), kernel.outside(self.0), kernel.text(self.0), others)
        }
    }

    /// A block, and the bits of it that are compared: a kernel may return anything for the others.
    struct Escapes<'a>(&'a Block, u64);

    impl Work for Escapes<'_> {
        type Output = [u64; 3];

        fn run<K: Kernel>(self, kernel: K) -> Self::Output {
            let EscapeBits { unfit, unicode } = kernel.escapes(self.0, self.1);
            [unfit, unicode, kernel.no_digit(self.0, self.1)].map(|bits| bits & self.1)
        }
    }

    fn escapes_are_seen(block: &Block, asked: u64) {
        let bits = |is: fn(u8) -> bool| {
            let all = block.iter().enumerate().map(|(at, &byte)| u64::from(is(byte)) << at);
            all.fold(0, |all, bit| all | bit) & asked
        };
        let expected = [
            bits(|byte| !br#""\/bfnrtu"#.contains(&byte)),
            bits(|byte| byte == b'u'),
            bits(|byte| !byte.is_ascii_hexdigit()),
        ];
        for instructions in Instructions::available() {
            assert_eq!(instructions.run(Escapes(block, asked)), expected, "{instructions:?}, {block:?}, {asked:x}");
        }
    }

    /// A shape, and two blocks to compare with it.
    struct Shapes<'a> {
        block: &'a Block,
        compared: u64,
        inside: u64,
        other: &'a Block,
    }

    impl Work for Shapes<'_> {
        type Output = [bool; 2];

        fn run<K: Kernel>(self, kernel: K) -> Self::Output {
            let shape = Shape::new(self.block, self.compared, self.inside);
            [self.block, self.other].map(|block| kernel.has_shape(block, &shape))
        }
    }

    /// Returns whether each block has the shape.
    fn shapes_agree(block: &Block, compared: u64, inside: u64, other: &Block) -> [bool; 2] {
        let shapes = || Shapes { block, compared, inside, other };
        let expected = shapes().run(Scalar);
        for instructions in Instructions::available() {
            let seen = instructions.run(shapes());
            assert_eq!(seen, expected, "{instructions:?} and {block:?}, {compared:x}, {inside:x}, {other:?}");
        }
        expected
    }

    fn all_agree(block: &Block) {
        let expected = Everything(block).run(Scalar);
        for instructions in Instructions::available() {
            assert_eq!(instructions.run(Everything(block)), expected, "{instructions:?} and {block:?}");
        }
    }

    #[test]
    #[cfg_attr(miri, ignore = "too much for it, and a few blocks take the same ways")]
    fn every_byte_at_every_place_is_seen_alike() {
        for byte in 0..=255_u8 {
            for at in 0..64 {
                for around in [0, b' ', b'"', byte.wrapping_add(1), 0xff] {
                    let mut block = [around; 64];
                    block[at] = byte;
                    all_agree(&block);
                    escapes_are_seen(&block, 1 << at);
                }
            }
        }
    }

    /// Returns a generator of random bits, the same in every run.
    fn random() -> impl FnMut() -> u64 {
        let mut state = 0x9e37_79b9_7f4a_7c15_u64;
        move || {
            state ^= state << 13;
            state ^= state >> 7;
            state ^= state << 17;
            state
        }
    }

    fn random_block(random: &mut impl FnMut() -> u64) -> Block {
        std::array::from_fn(|_| {
            let [byte, kind, ..] = random().to_be_bytes();
            if kind < 200 { b"\"\\{}[]:, \n-+.0159eEtfn\x1f\x7f\x80\xff"[usize::from(byte) % 26] } else { byte }
        })
    }

    #[test]
    fn any_block_is_seen_alike() {
        let mut random = random();
        for _ in 0..if cfg!(miri) { 8 } else { 20_000 } {
            let block = random_block(&mut random);
            all_agree(&block);
            escapes_are_seen(&block, random() & random());
        }
    }

    #[test]
    fn any_shape_is_seen_alike() {
        let mut random = random();
        for _ in 0..if cfg!(miri) { 1 } else { 2_000 } {
            let (mut block, compared, inside) = (random_block(&mut random), random(), random());
            shapes_agree(&block, compared, inside, &random_block(&mut random));
            let inside = inside & !compared;
            for (at, byte) in block.iter_mut().enumerate() {
                if inside >> at & 1 == 1 {
                    *byte = b'x';
                }
            }
            for at in (0..64).step_by(if cfg!(miri) { 16 } else { 1 }) {
                let mut other = block;
                other[at] = random().to_be_bytes()[0];
                let fits = if compared >> at & 1 == 1 {
                    other[at] == block[at] || other[at].is_ascii_digit() && block[at].is_ascii_digit()
                } else if inside >> at & 1 == 1 {
                    matches!(other[at], 0x20..0x80) && !matches!(other[at], b'"' | b'\\')
                } else {
                    true
                };
                assert_eq!(shapes_agree(&block, compared, inside, &other), [true, fits], "{} at {at}", other[at]);
            }
        }
    }
}
