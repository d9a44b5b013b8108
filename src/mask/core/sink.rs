//! The receiver of the engine's output.

/// Receives the output of a [`Masker`](crate::mask::Masker), in order.
///
/// Verbatim bytes and replacements are separate, so that a sink can count verbatim bytes, or share
/// them instead of copying.
pub trait Sink {
    /// Receives bytes of the input: a range of the chunk being written.
    fn verbatim(&mut self, bytes: &[u8]);

    /// Receives bytes that replace a masked value or a part of it.
    fn replacement(&mut self, bytes: &[u8]);

    /// Receives the first `len` bytes of `text` as [`Self::verbatim`], and then a
    /// [`Self::replacement`]. If `text` is shorter than `len`, nothing is verbatim.
    ///
    /// Copying is faster if it may read `text` beyond `len`, so `text` holds more bytes where
    /// possible.
    #[inline]
    fn splice(&mut self, text: &[u8], len: usize, replacement: &[u8]) {
        self.verbatim(text.get(..len).unwrap_or_default());
        self.replacement(replacement);
    }
}

/// Drops the output: for texts of which only the [`Summary`](crate::mask::Summary) is needed.
#[cfg(feature = "layer")]
pub(crate) struct Discard;

#[cfg(feature = "layer")]
impl Sink for Discard {
    fn verbatim(&mut self, _: &[u8]) {}

    fn replacement(&mut self, _: &[u8]) {}
}

/// Up to about this many bytes between two masked values are copied with one copy of exactly this
/// length. A copy of fixed length is faster, and in a list most gaps are shorter.
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

            /// Copies a fixed length, which takes a few instructions. Surplus bytes are overwritten
            /// or truncated.
            #[inline(always)]
            fn splice(&mut self, text: &[u8], len: usize, replacement: &[u8]) {
                // Only for a replacement of three bytes, such as the default ellipsis: a call of
                // `memcpy` would cost more.
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
