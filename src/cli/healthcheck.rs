//! `last4 healthcheck`: sends one request to the admin listener.

use super::args::{HealthcheckArgs, sources};
use super::{CliError, http_client};
use crate::config;
use http::uri::PathAndQuery;
use http::{Request, Uri};
use std::net::{IpAddr, Ipv4Addr, Ipv6Addr, SocketAddr};
use std::time::Duration;

/// Time limit of the whole check.
const TIMEOUT: Duration = Duration::from_secs(2);

pub(super) fn healthcheck(args: HealthcheckArgs) -> Result<(), CliError> {
    let url = match args.url {
        Some(url) => url_of_flag(&url)?,
        None => match config::load_admin(&sources(args.config.config))? {
            Some(address) => url_of_admin(address),
            None => {
                let message = "needed, since the configuration switches the admin listener off".to_owned();
                return Err(CliError::Flag { flag: "--url", message });
            }
        },
    };
    let request = Request::get(&url).body("").map_err(|_| bad_url())?;
    match http_client::send(&request, TIMEOUT) {
        Ok(200) => Ok(()),
        Ok(status) => Err(CliError::Unhealthy(format!("{url} answered {status}"))),
        Err(error) => Err(CliError::Unhealthy(format!("{url}: {error}"))),
    }
}

fn url_of_flag(url: &str) -> Result<String, CliError> {
    let uri: Uri = url.parse().map_err(|_| bad_url())?;
    let host = uri.host().filter(|host| !host.is_empty()).ok_or_else(bad_url)?;
    if uri.scheme_str() != Some("http") || uri.authority().is_some_and(|authority| authority.as_str().contains('@')) {
        return Err(bad_url());
    }
    let path = uri.path_and_query().map(PathAndQuery::as_str).filter(|path| *path != "/").unwrap_or("/livez");
    Ok(format!("http://{host}:{}{path}", uri.port_u16().unwrap_or(80)))
}

fn bad_url() -> CliError {
    CliError::Flag { flag: "--url", message: "write \"http://host:port/livez\"".to_owned() }
}

/// Returns the URL of the admin listener. If it listens on all addresses, the URL has the loopback
/// address.
fn url_of_admin(mut address: SocketAddr) -> String {
    match address.ip() {
        IpAddr::V4(ip) if ip.is_unspecified() => address.set_ip(Ipv4Addr::LOCALHOST.into()),
        IpAddr::V6(ip) if ip.is_unspecified() => address.set_ip(Ipv6Addr::LOCALHOST.into()),
        _ => {}
    }
    format!("http://{address}/livez")
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_listener_on_every_address_is_asked_on_loopback() {
        for (listen, url) in [
            ("0.0.0.0:9464", "http://127.0.0.1:9464/livez"),
            ("[::]:9464", "http://[::1]:9464/livez"),
            ("10.0.0.1:80", "http://10.0.0.1:80/livez"),
        ] {
            assert_eq!(url_of_admin(listen.parse().unwrap()), url);
        }
    }

    #[test]
    fn a_url_needs_a_scheme_and_host_and_no_path() {
        assert_eq!(url_of_flag("http://a:1").unwrap(), "http://a:1/livez");
        assert_eq!(url_of_flag("http://[::1]/readyz").unwrap(), "http://[::1]:80/readyz");
        for bad in ["a:1", "https://a", "http://u:p@a", "/livez", ""] {
            assert!(url_of_flag(bad).is_err(), "{bad}");
        }
    }
}
