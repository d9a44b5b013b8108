//! TLS by rustls: what the listener shows its clients, and what the upstream is trusted by.
//!
//! Files are read by whoever configures; here their text becomes something that can be served with, or an error that says what is
//! wrong with it. There is no way to leave a check out: an upstream whose certificate does not verify is not spoken to.

mod client;
mod error;
mod identity;
mod roots;
mod server;
mod verifier;

pub use client::{ClientTls, ServerName};
pub use error::TlsError;
pub use identity::{Identity, certificates, private_key};
pub use roots::Roots;
pub use server::ServerTls;

use rustls::crypto::CryptoProvider;
use std::sync::Arc;

/// The name of HTTP/2 in the handshake (RFC 9113 3.2).
pub(crate) const ALPN_HTTP2: &[u8] = b"h2";

/// The name of HTTP/1.1 in the handshake (RFC 7301 6).
const ALPN_HTTP1: &[u8] = b"http/1.1";

fn provider() -> Arc<CryptoProvider> {
    // Named, not the process's default, which somebody else's code could have set.
    Arc::new(rustls::crypto::ring::default_provider())
}
