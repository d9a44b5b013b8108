//! TLS with rustls: the certificate that the listener shows, and how the upstream is verified.
//!
//! The configuration reads the files. This module turns their text into configurations of rustls,
//! or into an error that names the fault. Verification cannot be switched off.

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
    // Named here, because other code in the process could have set another default.
    Arc::new(rustls::crypto::ring::default_provider())
}
