//! `last4 healthcheck`: one request to the admin listener, with nothing but the standard library.

use super::CliError;
use super::args::Healthcheck;
use super::sources::sources;
use crate::config;
use http::Uri;
use http::uri::PathAndQuery;
use std::io::{self, Read, Write};
use std::net::{IpAddr, Ipv4Addr, Ipv6Addr, SocketAddr, TcpStream, ToSocketAddrs};
use std::time::{Duration, Instant};

/// How long the whole check may take.
const TIMEOUT: Duration = Duration::from_secs(2);

pub(super) fn healthcheck(typed: Healthcheck) -> Result<(), CliError> {
    let target = match typed.url {
        Some(url) => Target::of_url(&url)?,
        None => match config::load_admin(&sources(typed.config.config))? {
            Some(address) => Target::of_admin(address),
            None => {
                let message = "needed, since the configuration switches the admin listener off".to_owned();
                return Err(CliError::Flag { flag: "--url", message });
            }
        },
    };
    match target.ask() {
        Ok(200) => Ok(()),
        Ok(status) => Err(CliError::Unhealthy(format!("{} answered {status}", target.url()))),
        Err(error) => Err(CliError::Unhealthy(format!("{}: {error}", target.url()))),
    }
}

/// Whom to ask.
struct Target {
    host: String,
    port: u16,
    path: String,
}

impl Target {
    fn of_url(url: &str) -> Result<Self, CliError> {
        let bad = || CliError::Flag { flag: "--url", message: "write \"http://host:port/livez\"".to_owned() };
        let uri: Uri = url.parse().map_err(|_| bad())?;
        let host = uri.host().filter(|host| !host.is_empty()).ok_or_else(bad)?;
        if uri.scheme_str() != Some("http") || uri.authority().is_some_and(|authority| authority.as_str().contains('@'))
        {
            return Err(bad());
        }
        let path = uri.path_and_query().map(PathAndQuery::as_str).filter(|path| *path != "/").unwrap_or("/livez");
        Ok(Self { host: host.to_owned(), port: uri.port_u16().unwrap_or(80), path: path.to_owned() })
    }

    /// A listener on every address is asked by way of loopback.
    fn of_admin(address: SocketAddr) -> Self {
        let ip = match address.ip() {
            IpAddr::V4(ip) if ip.is_unspecified() => Ipv4Addr::LOCALHOST.into(),
            IpAddr::V6(ip) if ip.is_unspecified() => Ipv6Addr::LOCALHOST.into(),
            ip => ip,
        };
        let host = SocketAddr::new(ip, 0).to_string().trim_end_matches(":0").to_owned();
        Self { host, port: address.port(), path: "/livez".to_owned() }
    }

    fn url(&self) -> String {
        format!("http://{}:{}{}", self.host, self.port, self.path)
    }

    /// The status of the answer.
    fn ask(&self) -> io::Result<u16> {
        let deadline = Instant::now() + TIMEOUT;
        let mut stream = self.connect(deadline)?;
        stream.set_write_timeout(Some(left(deadline)?))?;
        let request =
            format!("GET {} HTTP/1.1\r\nHost: {}:{}\r\nConnection: close\r\n\r\n", self.path, self.host, self.port);
        stream.write_all(request.as_bytes())?;
        // The status line begins `HTTP/1.1 200`.
        let mut head = [0; 12];
        let mut length = 0;
        while let Some(rest @ [_, ..]) = head.get_mut(length..) {
            stream.set_read_timeout(Some(left(deadline)?))?;
            match stream.read(rest)? {
                0 => return Err(io::ErrorKind::UnexpectedEof.into()),
                read => length += read,
            }
        }
        status(&head).ok_or_else(|| io::Error::other("the answer is not HTTP"))
    }

    fn connect(&self, deadline: Instant) -> io::Result<TcpStream> {
        let host = self.host.trim_start_matches('[').trim_end_matches(']');
        let mut failed = io::Error::from(io::ErrorKind::AddrNotAvailable);
        for address in (host, self.port).to_socket_addrs()? {
            match TcpStream::connect_timeout(&address, left(deadline)?) {
                Ok(stream) => return Ok(stream),
                Err(error) => failed = error,
            }
        }
        Err(failed)
    }
}

fn left(deadline: Instant) -> io::Result<Duration> {
    let left = deadline.saturating_duration_since(Instant::now());
    if left.is_zero() { Err(io::ErrorKind::TimedOut.into()) } else { Ok(left) }
}

fn status(head: &[u8]) -> Option<u16> {
    let status = std::str::from_utf8(head).ok()?.strip_prefix("HTTP/1.")?.get(2..)?;
    status.parse().ok()
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_listener_on_every_address_is_asked_by_way_of_loopback() {
        for (listen, url) in [
            ("0.0.0.0:9464", "http://127.0.0.1:9464/livez"),
            ("[::]:9464", "http://[::1]:9464/livez"),
            ("10.0.0.1:80", "http://10.0.0.1:80/livez"),
        ] {
            assert_eq!(Target::of_admin(listen.parse().unwrap()).url(), url);
        }
    }

    #[test]
    fn a_url_needs_a_scheme_and_host_and_no_path() {
        assert_eq!(Target::of_url("http://a:1").unwrap().url(), "http://a:1/livez");
        assert_eq!(Target::of_url("http://[::1]/readyz").unwrap().url(), "http://[::1]:80/readyz");
        for bad in ["a:1", "https://a", "http://u:p@a", "/livez", ""] {
            assert!(Target::of_url(bad).is_err(), "{bad}");
        }
    }
}
