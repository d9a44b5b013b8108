//! Sockets, timers and limits for both sides of the proxy. This folder handles bytes, not requests.
//!
//! A client's connection comes from a `listener`. It listens on a port, which `shared_port` lets
//! two processes share, or at the path of a `unix_socket`. A connection's bytes pass a `stream`.
//! `limit` counts connections and requests, `timer` limits how long a peer may stall, and
//! `shutdown` makes connections finish.

pub(super) mod limit;
pub(super) mod listener;
pub(super) mod shared_port;
pub(super) mod shutdown;
pub(super) mod stream;
pub(super) mod timer;
pub(super) mod unix_socket;

/// The version of HTTP on a connection.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(crate) enum HttpVersion {
    Http1,
    Http2,
}
