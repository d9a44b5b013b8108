//! The `[admin]` table.

use super::address::optional_socket;
use crate::config::read::table::Table;
use crate::config::read::value::text;
use std::net::{Ipv4Addr, SocketAddr};

/// The operator's listener.
#[derive(Clone, Debug, PartialEq, Eq)]
#[non_exhaustive]
pub struct Admin {
    /// Where it is.
    pub listen: SocketAddr,
    /// Whether nobody asked for just this address.
    pub is_default: bool,
    /// Names that it answers by beside those that nobody can register.
    pub hosts: Vec<String>,
}

/// `None` where there is to be none.
pub(in crate::config) fn admin(root: &mut Table<'_>) -> Option<Admin> {
    root.section("admin", |admin| {
        let is_default = !admin.contains("listen");
        let default = Some(SocketAddr::from((Ipv4Addr::LOCALHOST, 9464)));
        let listen = admin.read_or("listen", default, optional_socket);
        let hosts = admin.list("hosts", |value| {
            let name = text(value)?;
            let is_name = |byte: u8| byte.is_ascii_alphanumeric() || matches!(byte, b'-' | b'_' | b'.');
            let is_whole = !name.is_empty() && !name.ends_with('.') && name.bytes().all(is_name);
            if is_whole {
                Ok(name)
            } else {
                Err("not a name: write one such as \"last4.example.com\", without a port".to_owned())
            }
        });
        let hosts = hosts.unwrap_or_default().into_iter().map(|given| given.value).collect();
        Some(Admin { listen: listen?, is_default, hosts })
    })
}
