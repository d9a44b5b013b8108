//! Where the engine's output goes.

/// Takes what a [`Masker`](crate::mask::Masker) gives out, in order.
///
/// The two kinds are apart so that a sink may count or move what is verbatim instead of copying it.
pub trait Sink {
    /// Bytes of the input, as they came. Always a range of the chunk being written.
    fn verbatim(&mut self, bytes: &[u8]);

    /// Bytes in place of a masked value or a part of one.
    fn replacement(&mut self, bytes: &[u8]);

    /// The first `len` bytes of `text` as [`Self::verbatim`], none if there are not so many, and then a [`Self::replacement`].
    ///
    /// A sink that copies does so faster where it may read on behind them.
    #[inline]
    fn splice(&mut self, text: &[u8], len: usize, replacement: &[u8]) {
        self.verbatim(text.get(..len).unwrap_or_default());
        self.replacement(replacement);
    }
}

/// So many bytes are copied together between two masked values, if there are that many and no more are wanted. The values of a list
/// mostly stand nearer to one another.
const TOGETHER: usize = 192;

/// What two kinds of buffers do alike.
macro_rules! sink {
    ($buffer:ty) => {
        impl Sink for $buffer {
            #[inline(always)]
            fn verbatim(&mut self, bytes: &[u8]) {
                self.extend_from_slice(bytes);
            }

            #[inline(always)]
            fn replacement(&mut self, bytes: &[u8]) {
                self.extend_from_slice(bytes);
            }

            /// A copy of a fixed length is a few instructions. What is too much of it is overwritten or taken back.
            #[inline(always)]
            fn splice(&mut self, text: &[u8], len: usize, replacement: &[u8]) {
                // Nearly always it is three dots, for which a call costs more than the copy.
                if let (Some(together), Ok(three)) = (text.first_chunk::<TOGETHER>(), <&[u8; 3]>::try_from(replacement))
                    && len <= TOGETHER - 3
                {
                    let at = self.len() + len;
                    self.extend_from_slice(together);
                    if let Some(slot) = self.get_mut(at..at + 3) {
                        slot.copy_from_slice(three);
                        self.truncate(at + 3);
                        return;
                    }
                    self.truncate(at - len);
                }
                self.extend_from_slice(text.get(..len).unwrap_or_default());
                self.extend_from_slice(replacement);
            }
        }
    };
}

sink!(Vec<u8>);
#[cfg(feature = "layer")]
sink!(bytes::BytesMut);
