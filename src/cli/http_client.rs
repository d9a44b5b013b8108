//! A blocking HTTP/1.1 client without TLS, for the health check and the OpenTelemetry exporter.

use http::Request;
use http::uri::PathAndQuery;
use std::io::{self, Read, Write};
use std::net::{TcpStream, ToSocketAddrs};
use std::time::{Duration, Instant};

/// Sends a request on a new connection, and returns the status of the answer.
///
/// # Errors
/// The connection failed, no status line arrived within `timeout`, or the answer is not HTTP/1.
pub(super) fn send(request: &Request<impl AsRef<[u8]>>, timeout: Duration) -> io::Result<u16> {
    let deadline = Instant::now() + timeout;
    let (uri, body) = (request.uri(), request.body().as_ref());
    let (host, port) = (uri.host().unwrap_or_default(), uri.port_u16().unwrap_or(80));
    let (method, target) = (request.method(), uri.path_and_query().map_or("/", PathAndQuery::as_str));
    let mut message =
        format!("{method} {target} HTTP/1.1\r\nHost: {host}:{port}\r\nConnection: close\r\n").into_bytes();
    for (name, value) in request.headers() {
        message.extend([name.as_str().as_bytes(), b": ", value.as_bytes(), b"\r\n"].concat());
    }
    message.extend(format!("Content-Length: {}\r\n\r\n", body.len()).into_bytes());
    message.extend(body);

    let mut stream = connect(host.trim_matches(['[', ']']), port, deadline)?;
    stream.set_write_timeout(Some(time_left(deadline)?))?;
    stream.write_all(&message)?;
    // Reads only the start of the status line: `HTTP/1.1 200`.
    let mut status_line = [0; 12];
    let mut length = 0;
    while let Some(rest @ [_, ..]) = status_line.get_mut(length..) {
        stream.set_read_timeout(Some(time_left(deadline)?))?;
        match stream.read(rest)? {
            0 => return Err(io::ErrorKind::UnexpectedEof.into()),
            read => length += read,
        }
    }
    let status = std::str::from_utf8(&status_line).ok().and_then(|line| line.strip_prefix("HTTP/1.")?.get(2..));
    status.and_then(|status| status.parse().ok()).ok_or_else(|| io::Error::other("the answer is not HTTP"))
}

fn connect(host: &str, port: u16, deadline: Instant) -> io::Result<TcpStream> {
    let mut last_error = io::Error::from(io::ErrorKind::AddrNotAvailable);
    for address in (host, port).to_socket_addrs()? {
        match TcpStream::connect_timeout(&address, time_left(deadline)?) {
            Ok(stream) => return Ok(stream),
            Err(error) => last_error = error,
        }
    }
    Err(last_error)
}

fn time_left(deadline: Instant) -> io::Result<Duration> {
    let left = deadline.saturating_duration_since(Instant::now());
    if left.is_zero() { Err(io::ErrorKind::TimedOut.into()) } else { Ok(left) }
}
