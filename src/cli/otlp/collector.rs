//! The way to the collector: HTTP/1.1 without TLS, on the exporter's own thread, with nothing but the standard library.

use crate::excerpt::Excerpt;
use bytes::Bytes;
use http::{Request, Response, StatusCode};
use opentelemetry_http::{HttpClient, HttpError};
use std::future::Future;
use std::io::{self, Read, Write};
use std::net::{TcpStream, ToSocketAddrs};
use std::pin::Pin;
use std::sync::atomic::{AtomicBool, Ordering};
use std::time::Duration;

/// How long each step may take. Meanwhile spans wait, and are dropped where too many do.
const PATIENCE: Duration = Duration::from_secs(5);

#[derive(Debug, Default)]
pub(super) struct Collector {
    /// Whether it could not be reached the last time: said once, and not for each batch.
    lost: AtomicBool,
}

impl HttpClient for Collector {
    fn send_bytes<'a, 'f>(
        &'a self,
        request: Request<Bytes>,
    ) -> Pin<Box<dyn Future<Output = Result<Response<Bytes>, HttpError>> + Send + 'f>>
    where
        'a: 'f,
        Self: 'f,
    {
        // The exporter's thread has nothing else to do meanwhile.
        Box::pin(async move { Ok(self.send(&request)?) })
    }
}

impl Collector {
    fn send(&self, request: &Request<Bytes>) -> io::Result<Response<Bytes>> {
        let sent = post(request).and_then(|status| match status {
            200..300 => Ok(status),
            status => Err(io::Error::other(format!("it answered {status}"))),
        });
        match &sent {
            Ok(_) if self.lost.swap(false, Ordering::Relaxed) => tracing::info!("the collector takes spans again"),
            Err(error) if !self.lost.swap(true, Ordering::Relaxed) => {
                tracing::warn!(error = %Excerpt(error), "the collector does not take spans");
            }
            _ => {}
        }
        let mut response = Response::new(Bytes::new());
        *response.status_mut() = StatusCode::from_u16(sent?).map_err(io::Error::other)?;
        Ok(response)
    }
}

/// The status of the answer.
fn post(request: &Request<Bytes>) -> io::Result<u16> {
    let uri = request.uri();
    let (host, port) = (uri.host().unwrap_or_default(), uri.port_u16().unwrap_or(80));
    let mut stream = connect(host.trim_matches(['[', ']']), port)?;
    stream.set_write_timeout(Some(PATIENCE))?;
    stream.set_read_timeout(Some(PATIENCE))?;
    let path = uri.path_and_query().map_or("/", |path| path.as_str());
    let mut head = format!("POST {path} HTTP/1.1\r\nhost: {host}:{port}\r\nconnection: close\r\n").into_bytes();
    for (name, value) in request.headers() {
        head.extend([name.as_str().as_bytes(), b": ", value.as_bytes(), b"\r\n"].concat());
    }
    head.extend(format!("content-length: {}\r\n\r\n", request.body().len()).into_bytes());
    stream.write_all(&head)?;
    stream.write_all(request.body())?;
    // The status line begins `HTTP/1.1 200`.
    let mut answer = [0; 12];
    stream.read_exact(&mut answer)?;
    let status =
        std::str::from_utf8(&answer).ok().and_then(|line| line.strip_prefix("HTTP/1.")?.get(2..)?.parse().ok());
    status.ok_or_else(|| io::Error::other("what it answered is not HTTP"))
}

fn connect(host: &str, port: u16) -> io::Result<TcpStream> {
    let mut failed = io::Error::from(io::ErrorKind::AddrNotAvailable);
    for address in (host, port).to_socket_addrs()? {
        match TcpStream::connect_timeout(&address, PATIENCE) {
            Ok(stream) => return Ok(stream),
            Err(error) => failed = error,
        }
    }
    Err(failed)
}
