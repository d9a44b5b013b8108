//! Where the engine's output goes.

/// Takes what a [`Masker`](super::Masker) gives out, in order.
///
/// The two kinds are apart so that a sink may count or move what is verbatim instead of copying it.
pub trait Sink {
    /// Bytes of the input, as they came. Always a range of the chunk being written.
    fn verbatim(&mut self, bytes: &[u8]);

    /// Bytes in place of a masked value or a part of one.
    fn replacement(&mut self, bytes: &[u8]);
}

impl Sink for Vec<u8> {
    #[inline]
    fn verbatim(&mut self, bytes: &[u8]) {
        self.extend_from_slice(bytes);
    }

    #[inline]
    fn replacement(&mut self, bytes: &[u8]) {
        // Nearly always three dots: pushing them costs a third of calling a copy.
        bytes.iter().for_each(|&byte| self.push(byte));
    }
}

#[cfg(feature = "layer")]
impl Sink for bytes::BytesMut {
    #[inline]
    fn verbatim(&mut self, bytes: &[u8]) {
        self.extend_from_slice(bytes);
    }

    fn replacement(&mut self, bytes: &[u8]) {
        self.extend_from_slice(bytes);
    }
}
