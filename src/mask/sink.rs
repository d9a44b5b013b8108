//! Where the engine's output goes.

/// Takes what a [`Masker`](super::Masker) gives out, in order.
///
/// The two kinds are apart so that a sink may count or move what is verbatim instead of copying it.
pub trait Sink {
    /// Bytes of the input, as they came. Always a range of the chunk being written.
    fn verbatim(&mut self, bytes: &[u8]);

    /// Bytes in place of a masked value or a part of one.
    fn replacement(&mut self, bytes: &[u8]);

    /// The first `len` bytes of `text`, as [`Self::verbatim`]; nothing if there are not so many.
    ///
    /// A sink that copies does so faster where it may read on behind them.
    #[inline]
    fn verbatim_of(&mut self, text: &[u8], len: usize) {
        if let Some(bytes) = text.get(..len).filter(|bytes| !bytes.is_empty()) {
            self.verbatim(bytes);
        }
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
                // Nearly always three dots, for which a call costs more than the copy.
                match <&[u8; 3]>::try_from(bytes) {
                    Ok(three) => self.extend_from_slice(three),
                    Err(_) => self.extend_from_slice(bytes),
                }
            }

            /// A copy of a fixed length is a few instructions. What is too much of it is taken back.
            #[inline(always)]
            fn verbatim_of(&mut self, text: &[u8], len: usize) {
                match text.first_chunk::<TOGETHER>() {
                    Some(together) if len <= TOGETHER => {
                        let end = self.len() + len;
                        self.extend_from_slice(together);
                        self.truncate(end);
                    }
                    _ => self.extend_from_slice(text.get(..len).unwrap_or_default()),
                }
            }
        }
    };
}

sink!(Vec<u8>);
#[cfg(feature = "layer")]
sink!(bytes::BytesMut);
