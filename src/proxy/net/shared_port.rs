//! A port that several last4 processes share, because each of them agrees to it.
//!
//! Linux lets every process of a user join a port whose listeners have `SO_REUSEPORT`, and last4's
//! listeners have it. A process that joined by mistake would serve some requests with another
//! configuration. So a process that shares its port also binds an abstract socket name for that
//! port. Another process joins only if it finds such a name.

use super::listener::ensure_unused;
use std::io;
use std::net::SocketAddr;

/// Most processes on a port at once: one serves, one takes over, the others drain.
const MAX_PROCESSES: usize = 16;

/// The agreement to share a port, in force until dropped.
#[derive(Debug)]
pub struct SharedPort {
    _name: name::HeldName,
}

impl SharedPort {
    /// Agrees to share this port. Returns the address, in which port 0 has become a free port.
    ///
    /// # Errors
    /// Another process listens there and does not share the port, or the address may not be used.
    pub fn agree(address: SocketAddr) -> io::Result<(SocketAddr, Self)> {
        let address = if address.port() == 0 { ensure_unused(address)? } else { address };
        // Bind our name before looking for others: of two processes that start at the same time, at
        // least one sees the other.
        let name = name::HeldName::take(address)?;
        if !name.is_among_others(address) {
            ensure_unused(address).map_err(|error| match error.kind() {
                io::ErrorKind::AddrInUse => {
                    io::Error::new(error.kind(), "a process that does not share the port listens there")
                }
                _ => error,
            })?;
        }
        Ok((address, Self { _name: name }))
    }

    /// Returns whether any process shares this port.
    pub(crate) fn is_shared(address: SocketAddr) -> bool {
        (0..MAX_PROCESSES).any(|number| name::exists(address, number))
    }
}

/// Abstract socket names. Like ports they belong to the network namespace, and they disappear with
/// the process.
#[cfg(target_os = "linux")]
mod name {
    use super::MAX_PROCESSES;
    use std::io;
    use std::net::SocketAddr;
    use std::os::linux::net::SocketAddrExt;
    use std::os::unix::net::{SocketAddr as Name, UnixDatagram};

    #[derive(Debug)]
    pub(crate) struct HeldName {
        _socket: UnixDatagram,
        number: usize,
    }

    impl HeldName {
        pub(crate) fn take(address: SocketAddr) -> io::Result<Self> {
            let taken = |number| Ok(Self { _socket: UnixDatagram::bind_addr(&name(address, number)?)?, number });
            let is_used =
                |taken: &io::Result<Self>| taken.as_ref().is_err_and(|error| error.kind() == io::ErrorKind::AddrInUse);
            (0..MAX_PROCESSES).map(taken).find(|taken| !is_used(taken)).unwrap_or(Err(io::ErrorKind::AddrInUse.into()))
        }

        pub(crate) fn is_among_others(&self, address: SocketAddr) -> bool {
            (0..MAX_PROCESSES).any(|number| number != self.number && exists(address, number))
        }
    }

    pub(crate) fn exists(address: SocketAddr, number: usize) -> bool {
        let connect = || UnixDatagram::unbound()?.connect_addr(&name(address, number)?);
        connect().is_ok()
    }

    fn name(address: SocketAddr, number: usize) -> io::Result<Name> {
        Name::from_abstract_name(format!("last4/take-over/{address}/{number}"))
    }
}

/// Other systems have no abstract names: a process joins without checking.
#[cfg(not(target_os = "linux"))]
mod name {
    use std::io;
    use std::net::SocketAddr;

    // Another `HeldName` than that of Linux.
    #[derive(Debug)]
    pub(crate) struct HeldName;

    impl HeldName {
        pub(crate) fn take(_: SocketAddr) -> io::Result<Self> {
            Ok(Self)
        }

        pub(crate) fn is_among_others(&self, _: SocketAddr) -> bool {
            true
        }
    }

    pub(crate) fn exists(_: SocketAddr, _: usize) -> bool {
        false
    }
}

#[cfg(all(test, target_os = "linux"))]
mod tests {
    use super::*;
    use crate::proxy::bind;
    use std::net::TcpListener;

    fn is_refused(address: SocketAddr) -> bool {
        SharedPort::agree(address).is_err_and(|error| error.kind() == io::ErrorKind::AddrInUse)
    }

    #[test]
    fn a_port_is_joined_only_if_a_process_shares_it() {
        let (address, first) = SharedPort::agree("127.0.0.1:0".parse().unwrap()).unwrap();
        let listener = bind(address).unwrap();
        let (_, second) = SharedPort::agree(address).unwrap();
        drop(first);
        let third = SharedPort::agree(address).unwrap();
        assert!(SharedPort::is_shared(address));
        drop((second, third));
        assert!(!SharedPort::is_shared(address));
        assert!(is_refused(address), "the listener has SO_REUSEPORT, but no process has bound a name");
        drop(listener);
        assert!(SharedPort::agree(address).is_ok());
    }

    #[test]
    fn an_address_is_not_joined_by_one_that_holds_it_or_is_held_by_it() {
        for (held, joining) in
            [("0.0.0.0", "127.0.0.1"), ("127.0.0.1", "0.0.0.0"), ("[::]", "127.0.0.1"), ("[::]", "[::1]")]
        {
            // Without IPv6 there is nothing to test.
            let Ok(probe) = TcpListener::bind(format!("{held}:0")) else { continue };
            let address = probe.local_addr().unwrap();
            drop(probe);
            let (_, _agreement) = SharedPort::agree(address).unwrap();
            let _listener = bind(address).unwrap();
            let joining = format!("{joining}:{}", address.port()).parse().unwrap();
            assert!(is_refused(joining), "{joining} beside {address}");
        }
    }
}
