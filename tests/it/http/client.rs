//! A client that writes raw bytes and notices how an answer ends.

use std::net::SocketAddr;
use std::time::Duration;
use tokio::io::{AsyncReadExt, AsyncWriteExt};
use tokio::net::TcpStream;

/// Longer than anything a test waits for on purpose; reached only by one that hangs.
pub(crate) const PATIENCE: Duration = Duration::from_secs(20);

pub(crate) struct Client {
    stream: TcpStream,
    buffer: Vec<u8>,
}

#[derive(Debug)]
pub(crate) struct Reply {
    pub(crate) status: u16,
    /// Names as they were spelt.
    pub(crate) headers: Vec<(String, String)>,
    pub(crate) body: Vec<u8>,
    /// Whether the body ended as its head said it would.
    pub(crate) clean: bool,
}

impl Reply {
    pub(crate) fn header(&self, name: &str) -> Option<&str> {
        let mut values = self.headers.iter().filter(|(known, _)| known.eq_ignore_ascii_case(name));
        let value = values.next().map(|(_, value)| value.as_str());
        assert!(values.next().is_none(), "{name} stands twice: {:?}", self.headers);
        value
    }

    pub(crate) fn text(&self) -> String {
        String::from_utf8_lossy(&self.body).into_owned()
    }

    /// The `reason` of a problem document.
    pub(crate) fn reason(&self) -> Option<String> {
        let document: serde_json::Value = serde_json::from_slice(&self.body).ok()?;
        assert_eq!(self.header("content-type"), Some("application/problem+json"));
        assert_eq!(document["status"], self.status);
        Some(document["reason"].as_str()?.to_owned())
    }
}

impl Client {
    pub(crate) async fn connect(address: SocketAddr) -> Self {
        Self { stream: TcpStream::connect(address).await.unwrap(), buffer: Vec::new() }
    }

    /// The same connection for two tasks: one that reads, one that writes.
    pub(crate) fn split(self) -> (Self, TcpStream) {
        let stream = self.stream.into_std().unwrap();
        let writer = TcpStream::from_std(stream.try_clone().unwrap()).unwrap();
        (Self { stream: TcpStream::from_std(stream).unwrap(), buffer: self.buffer }, writer)
    }

    pub(crate) async fn send(&mut self, bytes: impl AsRef<[u8]>) {
        self.stream.write_all(bytes.as_ref()).await.unwrap();
    }

    /// Reads one answer, to a request with this method.
    pub(crate) async fn read(&mut self, method: &str) -> Reply {
        tokio::time::timeout(PATIENCE, self.read_reply(method)).await.expect("no answer in time")
    }

    /// Reads until the buffer holds `text`, and gives everything before it.
    pub(crate) async fn read_until(&mut self, text: &str) -> Vec<u8> {
        let reading = async {
            loop {
                if let Some(at) = find(&self.buffer, text.as_bytes()) {
                    let rest = self.buffer.split_off(at + text.len());
                    let mut before = std::mem::replace(&mut self.buffer, rest);
                    before.truncate(at);
                    return before;
                }
                assert!(self.fill().await, "closed before {text:?}: {:?}", String::from_utf8_lossy(&self.buffer));
            }
        };
        tokio::time::timeout(PATIENCE, reading).await.expect("nothing more in time")
    }

    /// Reads to the end of the connection.
    pub(crate) async fn read_rest(&mut self) -> Vec<u8> {
        tokio::time::timeout(PATIENCE, async { while self.fill().await {} }).await.expect("not closed in time");
        std::mem::take(&mut self.buffer)
    }

    async fn read_reply(&mut self, method: &str) -> Reply {
        let head = loop {
            let head = String::from_utf8(self.read_until("\r\n\r\n").await).unwrap();
            if !head.starts_with("HTTP/1.1 100") {
                break head;
            }
        };
        let mut lines = head.split("\r\n");
        let status: u16 = lines.next().unwrap().split(' ').nth(1).unwrap().parse().unwrap();
        let headers = lines
            .map(|line| line.split_once(':').unwrap())
            .map(|(name, value)| (name.to_owned(), value.trim().to_owned()))
            .collect();
        let mut reply = Reply { status, headers, body: Vec::new(), clean: true };
        let length: Option<usize> =
            reply.header("content-length").map(|length| length.parse().unwrap_or_else(|_| panic!("{reply:?}")));
        if method == "HEAD" || matches!(status, 100..200 | 204 | 304) {
            return reply;
        }
        if reply.header("transfer-encoding") == Some("chunked") {
            (reply.body, reply.clean) = self.read_chunks().await;
        } else if let Some(length) = length {
            while self.buffer.len() < length && self.fill().await {}
            reply.clean = self.buffer.len() >= length;
            let rest = self.buffer.split_off(length.min(self.buffer.len()));
            reply.body = std::mem::replace(&mut self.buffer, rest);
        } else {
            while self.fill().await {}
            reply.body = std::mem::take(&mut self.buffer);
        }
        reply
    }

    async fn read_chunks(&mut self) -> (Vec<u8>, bool) {
        let mut body = Vec::new();
        loop {
            let Some(line) = self.take_line().await else { return (body, false) };
            let size = usize::from_str_radix(line.split(';').next().unwrap().trim(), 16).unwrap();
            if size == 0 {
                // Trailers, up to an empty line.
                loop {
                    match self.take_line().await {
                        Some(line) if line.is_empty() => return (body, true),
                        Some(line) => body.extend_from_slice(format!("<{line}>").as_bytes()),
                        None => return (body, false),
                    }
                }
            }
            while self.buffer.len() < size + 2 {
                if !self.fill().await {
                    return (body, false);
                }
            }
            body.extend(self.buffer.drain(..size));
            self.buffer.drain(..2);
        }
    }

    async fn take_line(&mut self) -> Option<String> {
        loop {
            if let Some(at) = find(&self.buffer, b"\r\n") {
                let line = self.buffer.drain(..at + 2).take(at).collect();
                return Some(String::from_utf8(line).unwrap());
            }
            if !self.fill().await {
                return None;
            }
        }
    }

    async fn fill(&mut self) -> bool {
        let mut piece = vec![0; 64 * 1024];
        match self.stream.read(&mut piece).await {
            Ok(0) | Err(_) => false,
            Ok(length) => {
                self.buffer.extend_from_slice(&piece[..length]);
                true
            }
        }
    }
}

/// One request on a connection of its own.
pub(crate) async fn ask(address: SocketAddr, request: impl AsRef<[u8]>) -> Reply {
    let method = String::from_utf8_lossy(request.as_ref()).split(' ').next().unwrap().to_owned();
    let mut client = Client::connect(address).await;
    client.send(request).await;
    client.read(&method).await
}

/// A request without a body, with further header lines (each ending in CRLF).
pub(crate) fn request(method: &str, target: &str, headers: &str) -> String {
    format!("{method} {target} HTTP/1.1\r\nHost: api.example\r\n{headers}\r\n")
}

pub(crate) async fn get(address: SocketAddr, target: &str) -> Reply {
    ask(address, request("GET", target, "")).await
}

pub(crate) fn find(text: &[u8], part: &[u8]) -> Option<usize> {
    text.windows(part.len()).position(|window| window == part)
}
