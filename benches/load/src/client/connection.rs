//! One kept connection to the proxy.

use crate::answer::Answer;
use std::io::{Error, ErrorKind, Read, Result, Write};
use std::net::TcpStream;
use std::os::fd::{AsFd, BorrowedFd};
use std::time::Instant;

pub(crate) struct Connection {
    stream: TcpStream,
    answer: Answer,
    due: Option<Instant>,
}

impl Connection {
    pub(crate) fn open(address: &str) -> Result<Self> {
        let stream = TcpStream::connect(address)?;
        stream.set_nodelay(true)?;
        stream.set_nonblocking(true)?;
        Ok(Self { stream, answer: Answer::default(), due: None })
    }

    /// Sends a request that was due at a time.
    pub(crate) fn send(&mut self, request: &[u8], due: Instant) -> Result<()> {
        // A request is far shorter than a socket's buffer, which is empty between two.
        self.stream.write_all(request)?;
        self.due = Some(due);
        Ok(())
    }

    /// Reads what has come. Returns when the request was due if its answer is whole now.
    pub(crate) fn receive(&mut self, buffer: &mut [u8]) -> Result<Option<Instant>> {
        let size = match self.stream.read(buffer) {
            Ok(0) => return Err(Error::new(ErrorKind::UnexpectedEof, "the proxy closed the connection")),
            Ok(size) => size,
            Err(error) if error.kind() == ErrorKind::WouldBlock => return Ok(None),
            Err(error) => return Err(error),
        };
        if self.answer.take(&buffer[..size])? { Ok(self.due.take()) } else { Ok(None) }
    }
}

impl AsFd for Connection {
    fn as_fd(&self) -> BorrowedFd<'_> {
        self.stream.as_fd()
    }
}
