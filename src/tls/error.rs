//! Errors of certificates, keys and roots.

use thiserror::Error;

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
