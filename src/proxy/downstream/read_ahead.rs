//! The first bytes of a connection, which are read to see which HTTP it speaks.

use std::io;
use tokio::io::{AsyncRead, AsyncReadExt, ReadBuf};

/// How a client that speaks HTTP/2 without TLS begins (RFC 9113 3.4). No HTTP/1 method is `PRI`.
const PREFACE: &[u8; 24] = b"PRI * HTTP/2.0\r\n\r\nSM\r\n\r\n";

/// Bytes that were taken from a stream and belong before the rest of it.
///
/// They are taken, not peeked at: what is only peeked at keeps the socket readable, so that there is no event to wait for.
#[derive(Debug, Default)]
pub(crate) struct ReadAhead {
    bytes: [u8; PREFACE.len()],
    filled: usize,
    /// How many of them were handed on.
    given: usize,
}

impl ReadAhead {
    /// Reads until it is certain whether a stream begins with the preface of HTTP/2, and no further. Gives whether it does.
    pub(crate) async fn read(stream: &mut (impl AsyncRead + Unpin)) -> io::Result<(Self, bool)> {
        let mut prefix = Self::default();
        loop {
            let read = stream.read(prefix.bytes.get_mut(prefix.filled..).unwrap_or_default()).await?;
            prefix.filled += read;
            if read == 0 || !PREFACE.starts_with(prefix.rest()) {
                return Ok((prefix, false));
            }
            if prefix.filled == PREFACE.len() {
                return Ok((prefix, true));
            }
        }
    }

    /// Hands on what was not handed on yet, as far as there is space for it.
    pub(crate) fn give(&mut self, buf: &mut ReadBuf<'_>) {
        let rest = self.rest();
        let given = rest.get(..buf.remaining()).unwrap_or(rest);
        buf.put_slice(given);
        self.given += given.len();
    }

    fn rest(&self) -> &[u8] {
        self.bytes.get(self.given..self.filled).unwrap_or_default()
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use std::future::Future;
    use std::sync::Arc;
    use std::sync::atomic::{AtomicUsize, Ordering};
    use std::task::{Context, Wake, Waker};
    use std::time::Duration;
    use tokio::io::AsyncWriteExt;

    #[derive(Default)]
    struct Wakes(AtomicUsize);

    impl Wake for Wakes {
        fn wake(self: Arc<Self>) {
            self.0.fetch_add(1, Ordering::Relaxed);
        }
    }

    #[tokio::test(start_paused = true)]
    async fn a_part_of_the_preface_is_waited_upon_without_a_look() {
        let (mut client, mut server) = tokio::io::duplex(64);
        let wakes = Arc::<Wakes>::default();
        let waker = Waker::from(Arc::clone(&wakes));
        let mut reading = Box::pin(ReadAhead::read(&mut server));
        for (number, piece) in [&b"P"[..], b"RI * HTTP/2.0\r\n"].into_iter().enumerate() {
            client.write_all(piece).await.unwrap();
            assert!(reading.as_mut().poll(&mut Context::from_waker(&waker)).is_pending());
            tokio::time::advance(Duration::from_secs(10)).await;
            assert_eq!(wakes.0.load(Ordering::Relaxed), number, "only bytes wake it");
        }
        client.write_all(b"\r\nSM\r\n\r\nrest").await.unwrap();
        assert_eq!(wakes.0.load(Ordering::Relaxed), 2);
        assert!(reading.await.unwrap().1, "the preface is whole");
        let mut rest = [0; 4];
        server.read_exact(&mut rest).await.unwrap();
        assert_eq!(&rest, b"rest", "nothing behind the preface is taken");
    }

    #[tokio::test]
    async fn what_was_read_is_handed_on_in_pieces_of_any_size() {
        for (sent, is_preface) in [(&b"POST /"[..], false), (b"P", false), (b"", false), (PREFACE, true)] {
            let (mut client, mut server) = tokio::io::duplex(64);
            client.write_all(sent).await.unwrap();
            drop(client);
            let (mut prefix, found) = ReadAhead::read(&mut server).await.unwrap();
            assert_eq!(found, is_preface);
            let mut all = Vec::<u8>::new();
            for _ in 0..PREFACE.len() {
                let mut bytes = [0; 5];
                let mut buf = ReadBuf::new(&mut bytes);
                prefix.give(&mut buf);
                all.extend(buf.filled());
            }
            assert_eq!(all, sent);
        }
    }
}
