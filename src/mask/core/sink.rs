//! The receiver of the engine's output.

/// Receives the output of a [`Masker`](crate::mask::Masker), in order.
///
/// There are two kinds of output, so that a sink can count or share verbatim bytes instead of
/// copying.
pub trait Sink {
    /// Receives bytes of the input: always a range of the chunk being written.
    fn verbatim(&mut self, bytes: &[u8]);

    /// Receives bytes in place of a masked value or a part of it.
    fn replacement(&mut self, bytes: &[u8]);

    /// Receives the first `len` bytes of `text` as [`Self::verbatim`] (none, if `text` is shorter),
    /// and then a [`Self::replacement`].
    ///
    /// A sink that copies can do so faster if it may read `text` beyond these bytes.
    #[inline]
    fn splice(&mut self, text: &[u8], len: usize, replacement: &[u8]) {
        self.verbatim(text.get(..len).unwrap_or_default());
        self.replacement(replacement);
    }
}

/// The bytes between two masked values are copied with one copy of this fixed length, if they are
/// not more and `text` is long enough. In a list there are mostly fewer.
const COPY_LEN: usize = 192;

/// Implements [`Sink`] for a growable buffer.
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

            /// A copy of a fixed length takes a few instructions. Surplus bytes are overwritten or
            /// truncated.
            #[inline(always)]
            fn splice(&mut self, text: &[u8], len: usize, replacement: &[u8]) {
                // The replacement is nearly always three dots. A call of `memcpy` would cost more.
                if let (Some(copied), Ok(three)) = (text.first_chunk::<COPY_LEN>(), <&[u8; 3]>::try_from(replacement))
                    && len <= COPY_LEN - 3
                {
                    let at = self.len() + len;
                    self.extend_from_slice(copied);
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
