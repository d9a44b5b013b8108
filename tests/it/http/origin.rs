//! An upstream that answers what a test says, byte for byte, and remembers what it was asked.

use super::client::find;
use std::future::Future;
use std::net::SocketAddr;
use std::sync::{Arc, Mutex};
use tokio::io::{AsyncRead, AsyncReadExt, AsyncWriteExt};
use tokio::net::{TcpListener, TcpStream};
use tokio::task::JoinHandle;

pub(crate) struct Origin {
    pub(crate) address: SocketAddr,
    seen: Arc<Mutex<Vec<Seen>>>,
    task: JoinHandle<()>,
}

/// A request as it arrived.
#[derive(Clone, Debug)]
pub(crate) struct Seen {
    pub(crate) head: String,
    pub(crate) body: Vec<u8>,
    /// Which connection it came on, from 0.
    pub(crate) connection: usize,
}

impl Seen {
    pub(crate) fn request_line(&self) -> &str {
        self.head.split("\r\n").next().unwrap()
    }

    pub(crate) fn header(&self, name: &str) -> Option<&str> {
        let lines = self.head.split("\r\n").skip(1).filter_map(|line| line.split_once(": "));
        let mut values = lines.filter(|(known, _)| known.eq_ignore_ascii_case(name)).map(|(_, value)| value);
        let value = values.next();
        assert!(values.next().is_none(), "{name} stands twice: {}", self.head);
        value
    }
}

impl Origin {
    /// Answers each request with the bytes that `answer` gives for it; closes the connection after an answer that says so
    /// or that has no other end.
    pub(crate) async fn answering<A>(answer: impl Fn(&Seen) -> A + Send + Sync + 'static) -> Self
    where
        A: AsRef<[u8]> + Send,
    {
        let seen = Arc::new(Mutex::new(Vec::new()));
        let log = Arc::clone(&seen);
        let answer = Arc::new(answer);
        let counter = Arc::new(Mutex::new(0));
        Self::start(seen, move |mut stream| {
            let (log, answer) = (Arc::clone(&log), Arc::clone(&answer));
            let connection = {
                let mut counter = counter.lock().unwrap();
                *counter += 1;
                *counter - 1
            };
            async move {
                let mut buffer = Vec::new();
                while let Some(request) = read_request(&mut stream, &mut buffer, connection).await {
                    log.lock().unwrap().push(request.clone());
                    let bytes = answer(&request).as_ref().to_vec();
                    if stream.write_all(&bytes).await.is_err() || ends_by_closing(&bytes) {
                        break;
                    }
                }
            }
        })
        .await
    }

    /// Hands each connection to `serve`.
    pub(crate) async fn serving<F>(serve: impl Fn(TcpStream) -> F + Send + Sync + 'static) -> Self
    where
        F: Future<Output = ()> + Send + 'static,
    {
        Self::start(Arc::default(), serve).await
    }

    async fn start<F>(seen: Arc<Mutex<Vec<Seen>>>, serve: impl Fn(TcpStream) -> F + Send + Sync + 'static) -> Self
    where
        F: Future<Output = ()> + Send + 'static,
    {
        let listener = TcpListener::bind("127.0.0.1:0").await.unwrap();
        let address = listener.local_addr().unwrap();
        let task = tokio::spawn(async move {
            while let Ok((stream, _)) = listener.accept().await {
                stream.set_nodelay(true).unwrap();
                tokio::spawn(serve(stream));
            }
        });
        Self { address, seen, task }
    }

    pub(crate) fn seen(&self) -> Vec<Seen> {
        self.seen.lock().unwrap().clone()
    }

    /// The only request.
    pub(crate) fn only(&self) -> Seen {
        let seen = self.seen();
        assert_eq!(seen.len(), 1, "{seen:?}");
        seen.into_iter().next().unwrap()
    }
}

impl Drop for Origin {
    fn drop(&mut self) {
        self.task.abort();
    }
}

/// Reads one request: its head and its body, of a `Content-Length` or in chunks (kept as they came).
pub(crate) async fn read_request(
    stream: &mut (impl AsyncRead + Unpin),
    buffer: &mut Vec<u8>,
    connection: usize,
) -> Option<Seen> {
    let head_end = loop {
        if let Some(at) = find(buffer, b"\r\n\r\n") {
            break at;
        }
        fill(stream, buffer).await?;
    };
    let head = String::from_utf8_lossy(&buffer[..head_end]).into_owned();
    buffer.drain(..head_end + 4);
    let mut seen = Seen { head, body: Vec::new(), connection };
    let body_len = match seen.header("content-length") {
        Some(length) => length.parse().unwrap(),
        None if seen.header("transfer-encoding").is_some() => loop {
            if let Some(at) = find(buffer, b"0\r\n\r\n") {
                break at + 5;
            }
            fill(stream, buffer).await?;
        },
        None => 0,
    };
    while buffer.len() < body_len {
        fill(stream, buffer).await?;
    }
    seen.body = buffer.drain(..body_len).collect();
    Some(seen)
}

async fn fill(stream: &mut (impl AsyncRead + Unpin), buffer: &mut Vec<u8>) -> Option<()> {
    match stream.read_buf(buffer).await {
        Ok(0) | Err(_) => None,
        Ok(_) => Some(()),
    }
}

fn ends_by_closing(answer: &[u8]) -> bool {
    let head = String::from_utf8_lossy(&answer[..find(answer, b"\r\n\r\n").unwrap_or(answer.len())]).to_lowercase();
    let has_end = head.contains("content-length:") || head.contains("transfer-encoding:") || head.contains(" 204 ");
    head.contains("connection: close") || !(has_end || head.contains(" 304 "))
}

/// An answer with a `Content-Length` and further header lines (each ending in CRLF).
pub(crate) fn answer(status: &str, headers: &str, body: impl AsRef<[u8]>) -> Vec<u8> {
    let body = body.as_ref();
    let head = format!("HTTP/1.1 {status}\r\nContent-Length: {}\r\n{headers}\r\n", body.len());
    [head.as_bytes(), body].concat()
}

/// An answer of status 200 with a JSON body.
pub(crate) fn json(body: impl AsRef<[u8]>) -> Vec<u8> {
    answer("200 OK", "Content-Type: application/json\r\n", body)
}
