//! The queue of log lines for standard error.
//!
//! A thread that logs must not wait until standard error is read: a pipe holds 64 KiB, and then
//! blocks every writer. So lines are put into a queue of limited size, and one thread writes them.
//! Lines that do not fit into the queue are dropped and counted.

use crate::metrics::Metrics;
use std::fs::File;
use std::io::{self, Write};
use std::mem;
use std::sync::{Arc, Condvar, Mutex, MutexGuard, PoisonError};
use std::thread;
use std::time::Duration;

/// Largest size of the queue, in bytes. The writing thread may have the same number of bytes
/// besides.
const MAX_BYTES: usize = 2 << 20;

/// Capacity in bytes that each of the two buffers keeps between writes.
const KEPT_BYTES: usize = 64 << 10;

/// Largest number of bytes that are written to a pipe atomically (Linux's `PIPE_BUF`). Lines of up
/// to this length are not mixed with those of another process that writes to the same pipe.
const ONE_WRITE: usize = 4096;

/// Pause before a write is retried, if standard error is non-blocking and cannot take more bytes.
const AGAIN: Duration = Duration::from_millis(10);

/// A queue of lines. Clones share the queue.
#[derive(Clone)]
pub(super) struct Queue(Arc<Shared>);

struct Shared {
    waiting: Mutex<Waiting>,
    /// Notified when a line is put into the empty queue.
    filled: Condvar,
    /// Notified when the writing thread has written all lines that it took.
    emptied: Condvar,
    metrics: Arc<Metrics>,
}

#[derive(Default)]
struct Waiting {
    lines: Vec<u8>,
    /// The number of lines that were dropped since the writing thread last took lines.
    dropped: u64,
    /// Whether the writing thread has taken lines that it has not written yet.
    is_writing: bool,
}

impl Queue {
    /// Starts the writing thread.
    pub(super) fn start(to: File, metrics: Arc<Metrics>) -> io::Result<Self> {
        let shared = Shared { waiting: Mutex::default(), filled: Condvar::new(), emptied: Condvar::new(), metrics };
        let queue = Self(Arc::new(shared));
        let writer = queue.clone();
        thread::Builder::new().name("log".to_owned()).spawn(move || writer.write_to(to))?;
        Ok(queue)
    }

    /// Puts a line into the queue. Drops the line if the queue is full.
    pub(super) fn push(&self, line: &[u8]) {
        let mut waiting = self.lock();
        if waiting.lines.len() + line.len() > MAX_BYTES {
            waiting.dropped += 1;
            self.0.metrics.log_lines_dropped(1);
            return;
        }
        let was_empty = waiting.lines.is_empty();
        waiting.lines.extend_from_slice(line);
        drop(waiting);
        if was_empty {
            self.0.filled.notify_one();
        }
    }

    /// Waits until all lines are written, but no longer than `timeout`.
    pub(super) fn flush(&self, timeout: Duration) {
        let left = |waiting: &mut Waiting| waiting.is_writing || !waiting.lines.is_empty();
        let _ = self.0.emptied.wait_timeout_while(self.lock(), timeout, left);
    }

    fn write_to(&self, mut to: File) {
        let mut lines = Vec::new();
        loop {
            let waiting = self.0.filled.wait_while(self.lock(), |waiting| waiting.lines.is_empty());
            let mut waiting = waiting.unwrap_or_else(PoisonError::into_inner);
            mem::swap(&mut waiting.lines, &mut lines);
            waiting.is_writing = true;
            let dropped = mem::take(&mut waiting.dropped);
            drop(waiting);
            if dropped > 0 {
                // The queue is empty now, so in the log this line is where the dropped lines would
                // be.
                tracing::warn!(lines = dropped, "the log was not read in time: lines were dropped");
            }
            let mut rest = &*lines;
            while !rest.is_empty() {
                let (piece, after) = rest.split_at(end_of_piece(rest));
                if write_whole(&mut to, piece).is_err() {
                    self.0.metrics.log_lines_dropped(count(piece));
                }
                rest = after;
            }
            lines.clear();
            lines.shrink_to(KEPT_BYTES);
            let mut waiting = self.lock();
            waiting.is_writing = false;
            drop(waiting);
            self.0.emptied.notify_all();
        }
    }

    fn lock(&self) -> MutexGuard<'_, Waiting> {
        self.0.waiting.lock().unwrap_or_else(PoisonError::into_inner)
    }
}

/// Each write is one whole line.
impl Write for Queue {
    fn write(&mut self, line: &[u8]) -> io::Result<usize> {
        self.push(line);
        Ok(line.len())
    }

    fn flush(&mut self) -> io::Result<()> {
        Ok(())
    }
}

/// Returns the length of the next write: the whole lines that fit into [`ONE_WRITE`], at least one.
fn end_of_piece(lines: &[u8]) -> usize {
    let is_end = |byte: &u8| *byte == b'\n';
    if lines.len() <= ONE_WRITE {
        return lines.len();
    }
    let fitting = lines.iter().take(ONE_WRITE).rposition(is_end);
    fitting.or_else(|| lines.iter().position(is_end)).map_or(lines.len(), |end| end + 1)
}

fn write_whole(to: &mut File, mut bytes: &[u8]) -> io::Result<()> {
    while !bytes.is_empty() {
        match to.write(bytes) {
            Ok(0) => return Err(io::ErrorKind::WriteZero.into()),
            Ok(written) => bytes = bytes.get(written..).unwrap_or_default(),
            Err(error) if error.kind() == io::ErrorKind::Interrupted => {}
            // Standard error is non-blocking: another process that shares it has made it so.
            Err(error) if error.kind() == io::ErrorKind::WouldBlock => thread::sleep(AGAIN),
            Err(error) => return Err(error),
        }
    }
    Ok(())
}

fn count(lines: &[u8]) -> u64 {
    lines.iter().filter(|byte| **byte == b'\n').count() as u64
}

#[cfg(test)]
mod tests {
    use super::*;
    use std::io::Read;
    use std::os::fd::OwnedFd;
    use std::os::unix::net::UnixStream;

    #[test]
    fn a_write_ends_with_a_line_and_is_no_longer_than_a_pipe_takes_at_once() {
        let lines =
            ["a".repeat(3000), "b".repeat(1000), "c".repeat(9000), "d".repeat(90)].map(|line| line + "\n").concat();
        let mut rest = lines.as_bytes();
        let mut pieces = Vec::new();
        while !rest.is_empty() {
            let (piece, after) = rest.split_at(end_of_piece(rest));
            assert!(piece.ends_with(b"\n"));
            pieces.push(piece.len());
            rest = after;
        }
        assert_eq!(pieces, [4002, 9001, 91]);
        assert_eq!(end_of_piece(b"no end"), 6);
    }

    #[test]
    fn a_writer_that_would_block_is_tried_again_and_every_line_arrives_in_its_order() {
        let (to, mut from) = UnixStream::pair().unwrap();
        to.set_nonblocking(true).unwrap();
        let metrics = Arc::<Metrics>::default();
        let queue = Queue::start(File::from(OwnedFd::from(to)), Arc::clone(&metrics)).unwrap();
        // More bytes than the socket buffers, and fewer than the queue holds.
        let lines: Vec<_> = (0..10_000).map(|number| format!("{number:0100}\n")).collect();
        lines.iter().for_each(|line| queue.push(line.as_bytes()));
        queue.flush(Duration::from_millis(100));
        let mut read = vec![0; lines.concat().len()];
        from.read_exact(&mut read).unwrap();
        assert!(read == lines.concat().as_bytes());
        assert!(metrics.page().contains("\nlast4_log_lines_dropped_total 0\n"));
    }

    #[test]
    fn what_does_not_fit_is_dropped_and_the_queue_is_bounded_in_bytes() {
        let (to, _from) = UnixStream::pair().unwrap();
        let metrics = Arc::<Metrics>::default();
        let queue = Queue::start(File::from(OwnedFd::from(to)), Arc::clone(&metrics)).unwrap();
        let line = [b"x".repeat(100_000), b"\n".to_vec()].concat();
        for _ in 0..1000 {
            queue.push(&line);
            assert!(queue.lock().lines.len() <= MAX_BYTES);
        }
        // Reads the metric, because the writing thread resets `Waiting::dropped`.
        let page = metrics.page();
        let dropped = page.lines().find_map(|line| line.strip_prefix("last4_log_lines_dropped_total ")).unwrap();
        assert!(dropped.parse::<u64>().unwrap() > 900, "{dropped}");
        queue.flush(Duration::from_millis(10));
    }

    #[test]
    fn what_cannot_be_written_is_counted() {
        let metrics = Arc::<Metrics>::default();
        // Opened only for reading, so that every write fails.
        let queue = Queue::start(File::open("/dev/null").unwrap(), Arc::clone(&metrics)).unwrap();
        queue.push(b"one\n");
        queue.push(b"two\n");
        queue.flush(Duration::from_secs(10));
        assert!(metrics.page().contains("\nlast4_log_lines_dropped_total 2\n"));
    }
}
