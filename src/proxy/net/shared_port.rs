//! A port that more than one process listens on, all of which agree to it.
//!
//! The system lets every process of a user join a port whose listeners have `SO_REUSEPORT`, and those of last4 have it, one for each
//! worker. So that none joins a port by mistake, and serves half of its requests by another configuration, a process that shares its
//! port says so under a name beside it, and joins only where another says so. A program that is not last4 never does.

use super::listener::free;
use std::io;
use std::net::SocketAddr;

/// Most processes on a port at once: one that serves, one that takes over, and those that still drain.
const MOST: usize = 16;

/// The agreement to share a port, until dropped.
#[derive(Debug)]
pub struct SharedPort {
    _name: name::Held,
}

impl SharedPort {
    /// Agrees to share this port. Gives it, for port 0 becomes a free one.
    ///
    /// # Errors
    /// Somebody listens there who does not agree, or the address may not be used.
    pub fn agree(address: SocketAddr) -> io::Result<(SocketAddr, Self)> {
        let address = if address.port() == 0 { free(address)? } else { address };
        // Said before it is looked for, as by all others: of two that start at the same time one sees the other.
        let name = name::Held::take(address)?;
        if !name.is_among_others(address) {
            free(address).map_err(|error| match error.kind() {
                io::ErrorKind::AddrInUse => {
                    io::Error::new(error.kind(), "somebody listens there who does not share it")
                }
                _ => error,
            })?;
        }
        Ok((address, Self { _name: name }))
    }

    /// Whether another process shares this port.
    pub(crate) fn is_agreed_on(address: SocketAddr) -> bool {
        (0..MOST).any(|number| name::exists(address, number))
    }
}

/// Names in the namespace of the network, like ports: each is a socket that nobody sends to, and is gone with its process.
#[cfg(target_os = "linux")]
mod name {
    use super::MOST;
    use std::io;
    use std::net::SocketAddr;
    use std::os::linux::net::SocketAddrExt;
    use std::os::unix::net::{SocketAddr as Name, UnixDatagram};

    #[derive(Debug)]
    pub(crate) struct Held {
        _socket: UnixDatagram,
        number: usize,
    }

    impl Held {
        pub(crate) fn take(address: SocketAddr) -> io::Result<Self> {
            let taken = |number| Ok(Self { _socket: UnixDatagram::bind_addr(&name(address, number)?)?, number });
            let is_used =
                |taken: &io::Result<Self>| taken.as_ref().is_err_and(|error| error.kind() == io::ErrorKind::AddrInUse);
            (0..MOST).map(taken).find(|taken| !is_used(taken)).unwrap_or(Err(io::ErrorKind::AddrInUse.into()))
        }

        pub(crate) fn is_among_others(&self, address: SocketAddr) -> bool {
            (0..MOST).any(|number| number != self.number && exists(address, number))
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

/// Where there are no such names, whoever takes over joins unasked.
#[cfg(not(target_os = "linux"))]
mod name {
    use std::io;
    use std::net::SocketAddr;

    #[derive(Debug)]
    pub(crate) struct Held;

    impl Held {
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
    fn a_port_is_joined_only_where_somebody_shares_it() {
        let (address, first) = SharedPort::agree("127.0.0.1:0".parse().unwrap()).unwrap();
        let listener = bind(address).unwrap();
        let (_, second) = SharedPort::agree(address).unwrap();
        drop(first);
        let third = SharedPort::agree(address).unwrap();
        assert!(SharedPort::is_agreed_on(address));
        drop((second, third));
        assert!(!SharedPort::is_agreed_on(address));
        assert!(is_refused(address), "a listener that could be joined, of whom nobody knows that it may be");
        drop(listener);
        assert!(SharedPort::agree(address).is_ok());
    }

    #[test]
    fn an_address_is_not_joined_by_one_that_holds_it_or_is_held_by_it() {
        for (held, joining) in
            [("0.0.0.0", "127.0.0.1"), ("127.0.0.1", "0.0.0.0"), ("[::]", "127.0.0.1"), ("[::]", "[::1]")]
        {
            // Where there is no IPv6, there is nothing to hold.
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
