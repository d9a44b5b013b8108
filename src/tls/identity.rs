//! A certificate chain and its private key.

use super::{TlsError, provider};
use rustls::pki_types::pem::PemObject;
use rustls::pki_types::{CertificateDer, PrivateKeyDer};
use rustls::sign::CertifiedKey;
use std::fmt;

/// A certificate chain with the private key that belongs to it.
#[derive(PartialEq)]
pub struct Identity {
    pub(super) chain: Vec<CertificateDer<'static>>,
    pub(super) key: PrivateKeyDer<'static>,
}

impl Identity {
    /// Creates an identity. The first certificate of the chain is the server's or client's own.
    ///
    /// # Errors
    /// The key does not belong to the first certificate, or is of an unknown kind.
    pub fn new(chain: Vec<CertificateDer<'static>>, key: PrivateKeyDer<'static>) -> Result<Self, TlsError> {
        CertifiedKey::from_der(chain.clone(), key.clone_key(), &provider())?;
        Ok(Self { chain, key })
    }
}

impl Clone for Identity {
    fn clone(&self) -> Self {
        Self { chain: self.chain.clone(), key: self.key.clone_key() }
    }
}

impl fmt::Debug for Identity {
    /// Shows no key.
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.debug_struct("Identity").field("certificates", &self.chain.len()).finish_non_exhaustive()
    }
}

/// Returns the certificates in a PEM text: at least one.
///
/// # Errors
/// The text has no certificate, or cannot be read to its end.
pub fn certificates(pem: &[u8]) -> Result<Vec<CertificateDer<'static>>, TlsError> {
    // The reader's error may quote a line, and in a wrong file that line may be part of a key.
    let read: Result<Vec<_>, _> = CertificateDer::pem_slice_iter(pem).collect();
    read.ok().filter(|chain| !chain.is_empty()).ok_or(TlsError::NoCertificate)
}

/// Returns the first private key in a PEM text: PKCS#8, PKCS#1 or SEC1, without a passphrase.
///
/// # Errors
/// The text has no such key.
pub fn private_key(pem: &[u8]) -> Result<PrivateKeyDer<'static>, TlsError> {
    PrivateKeyDer::from_pem_slice(pem).map_err(|_| TlsError::NoKey)
}

#[cfg(test)]
mod tests {
    use super::*;

    fn made() -> (String, String) {
        let made = rcgen::generate_simple_self_signed(["a.example".to_owned()]).unwrap();
        (made.cert.pem(), made.signing_key.serialize_pem())
    }

    #[test]
    fn a_key_must_be_the_certificates_own() {
        let ((certificate, key), (_, other)) = (made(), made());
        let identity = |key: &str| {
            Identity::new(certificates(certificate.as_bytes()).unwrap(), private_key(key.as_bytes()).unwrap())
        };
        assert!(identity(&key).is_ok());
        assert!(matches!(identity(&other), Err(TlsError::Mismatch)));
    }

    #[test]
    fn neither_an_identity_nor_an_error_shows_the_key() {
        let (certificate, key) = made();
        let identity =
            Identity::new(certificates(certificate.as_bytes()).unwrap(), private_key(key.as_bytes()).unwrap()).unwrap();
        assert_eq!(format!("{identity:?}"), "Identity { certificates: 1, .. }");
        // A key where a certificate belongs, whole and torn.
        for text in [key.clone(), key.replace("-----BEGIN", "----BEGIN"), key.replace('\n', "")] {
            let told = certificates(text.as_bytes()).unwrap_err();
            let told = format!("{told} {told:?}");
            assert!(key.lines().filter(|line| line.len() > 8).all(|line| !told.contains(line)), "{told}");
        }
        assert!(matches!(private_key(certificate.as_bytes()), Err(TlsError::NoKey)));
    }
}
