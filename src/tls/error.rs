//! What is wrong with certificates, keys and roots.

use thiserror::Error;

/// What is wrong with certificates, keys or roots. Never holds a byte of what was read.
#[derive(Debug, Error)]
#[non_exhaustive]
pub enum TlsError {
    /// The key is another certificate's.
    #[error("is not the key of the certificate")]
    Mismatch,
    /// There is no certificate in the text.
    #[error("holds no certificate in PEM form")]
    NoCertificate,
    /// There is no private key in the text, or one that a passphrase locks.
    #[error("holds no private key in PEM form, or one with a passphrase")]
    NoKey,
    /// The system has no root certificates, as an empty container has none.
    #[error("there are no root certificates on this system")]
    NoSystemRoots,
    /// A certificate or key that cannot be used.
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
