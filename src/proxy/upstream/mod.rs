//! Connections to the API behind the proxy.
//!
//! `client` is the innermost service of the stack. It wraps the body (`request_body`) and picks the
//! version of HTTP (`sender`). It sends the request on a connection of the `pool`, or on a new one
//! (`connect`, then the handshake of `http1` or `http2`). If a connection of the pool turns out to
//! be closed, `retry` decides whether the request is sent again. A `response_body` that has ended
//! cleanly gives its connection back to the pool. A response that switches protocols becomes a
//! `tunnel` instead.

pub(super) mod client;
pub(super) mod connect;
mod http1;
mod http2;
pub(super) mod pool;
mod request_body;
pub(super) mod response_body;
mod retry;
mod sender;
pub(super) mod tunnel;
