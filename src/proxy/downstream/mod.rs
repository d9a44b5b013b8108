//! One connection of a client, from its first byte to its last.
//!
//! `connection` serves it. First `handshake` completes TLS and finds the version of HTTP. From then
//! on the bytes pass a `socket`, which limits how long the client may stall and decides how the
//! connection ends. For HTTP/1, `head_timeout` limits the wait for heads, and the state that these
//! parts share is in `http1_state`.

pub(super) mod connection;
pub(super) mod handshake;
pub(super) mod head_timeout;
pub(super) mod http1_state;
pub(super) mod socket;
