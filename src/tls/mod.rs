//! TLS with rustls: the certificate that the listener shows, and how the upstream is verified.
//!
//! The configuration reads the files. This module turns their text into configurations of rustls,
//! or into an error that names the fault. Verification cannot be switched off.

mod client;
mod identity;
mod roots;
mod server;
mod verifier;

pub use client::{ClientTls, ServerName};
pub use identity::{Identity, certificates, private_key};
pub use roots::Roots;
pub use server::ServerTls;

use rustls::crypto::CryptoProvider;
use std::sync::Arc;
use thiserror::Error;

/// The name of HTTP/2 in the handshake (RFC 9113 3.2).
pub(crate) const ALPN_HTTP2: &[u8] = b"h2";

/// The name of HTTP/1.1 in the handshake (RFC 7301 6).
const ALPN_HTTP1: &[u8] = b"http/1.1";

fn provider() -> Arc<CryptoProvider> {
    // Named here, because other code in the process could have set another default.
    Arc::new(rustls::crypto::ring::default_provider())
}

/// A fault of certificates, keys or roots. Never holds bytes of the files.
#[derive(Debug, Error)]
#[non_exhaustive]
pub enum TlsError {
    /// The key does not belong to the certificate.
    #[error("is not the key of the certificate")]
    Mismatch,
    /// The text has no certificate.
    #[error("holds no certificate in PEM form")]
    NoCertificate,
    /// The text has no private key, or one with a passphrase.
    #[error("holds no private key in PEM form, or one with a passphrase")]
    NoKey,
    /// The system has no root certificates, such as an empty container.
    #[error("there are no root certificates on this system")]
    NoSystemRoots,
    /// rustls does not accept a certificate or key.
    #[error("cannot be used: {0}")]
    Unusable(#[source] rustls::Error),
}

impl From<rustls::Error> for TlsError {
    fn from(error: rustls::Error) -> Self {
        match error {
            rustls::Error::InconsistentKeys(_) => Self::Mismatch,
            error => Self::Unusable(error),
        }
    }
}
