//! Small writes in one piece.

use std::cell::Cell;
use std::io::{self, IoSlice};
use std::pin::Pin;
use std::task::{Context, Poll};
use tokio::io::AsyncWrite;

/// Pieces of at most this many bytes together are written as one.
const GATHERED: usize = 4096;

thread_local! {
    /// Where they are put together, for all connections of a worker: what is written is written before anything else is.
    static TOGETHER: Cell<Vec<u8>> = const { Cell::new(Vec::new()) };
}

/// Writes a head and a small body as one piece. To copy them costs less than to have the kernel gather them: one piece is sent, some
/// are written as to a file, which is the longer way.
pub(crate) fn poll_write_gathered<S: AsyncWrite>(
    stream: Pin<&mut S>,
    cx: &mut Context<'_>,
    slices: &[IoSlice<'_>],
) -> Poll<io::Result<usize>> {
    if let [slice] = slices {
        return stream.poll_write(cx, slice);
    }
    if slices.iter().map(|slice| slice.len()).sum::<usize>() > GATHERED {
        return stream.poll_write_vectored(cx, slices);
    }
    let mut together = TOGETHER.take();
    together.clear();
    slices.iter().for_each(|slice| together.extend_from_slice(slice));
    let written = stream.poll_write(cx, &together);
    TOGETHER.set(together);
    written
}

#[cfg(test)]
mod tests {
    use super::*;
    use std::future::poll_fn;
    use tokio::io::{AsyncReadExt, duplex};

    #[tokio::test]
    async fn pieces_arrive_in_their_order_however_much_is_taken() {
        for (sizes, taken) in [(&[3, 5][..], 64), (&[3, 5], 6), (&[8], 64), (&[0, 4000, 96], 8192), (&[4000, 97], 8192)]
        {
            let sent: Vec<Vec<u8>> = sizes.iter().zip(b'a'..).map(|(&size, letter)| vec![letter; size]).collect();
            let (mut near, mut far) = duplex(taken);
            let slices: Vec<_> = sent.iter().map(|piece| IoSlice::new(piece)).collect();
            let written = poll_fn(|cx| poll_write_gathered(Pin::new(&mut near), cx, &slices)).await.unwrap();
            drop(near);
            let mut arrived = Vec::new();
            far.read_to_end(&mut arrived).await.unwrap();
            assert!(written > 0 && arrived == sent.concat()[..written], "{sizes:?}: {written}");
        }
    }
}
