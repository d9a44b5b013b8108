//! Trusted root certificates.

use super::TlsError;
use rustls::pki_types::CertificateDer;
use rustls::{CertificateError, OtherError, RootCertStore};
use std::fmt;
use std::sync::Arc;

/// Root certificates that other certificates are verified with.
#[derive(Clone)]
pub struct Roots {
    pub(super) store: Arc<RootCertStore>,
    /// The certificates in the store.
    certificates: Arc<[CertificateDer<'static>]>,
}

impl Roots {
    /// Creates roots from these certificates.
    ///
    /// # Errors
    /// One of them cannot be used.
    pub fn new(certificates: Vec<CertificateDer<'static>>) -> Result<Self, TlsError> {
        let mut store = RootCertStore::empty();
        for certificate in &certificates {
            store.add(certificate.clone())?;
        }
        Ok(Self { store: Arc::new(store), certificates: certificates.into() })
    }

    /// Returns the roots of the system, or those in `SSL_CERT_FILE` and `SSL_CERT_DIR`.
    ///
    /// # Errors
    /// No root certificate was found.
    pub fn of_system() -> Result<Self, TlsError> {
        let mut store = RootCertStore::empty();
        // A system has hundreds of roots. One that cannot be parsed must not make the others
        // useless.
        let certificates = rustls_native_certs::load_native_certs().certs;
        let (added, _) = store.add_parsable_certificates(certificates.iter().cloned());
        if added == 0 {
            return Err(TlsError::NoSystemRoots);
        }
        Ok(Self { store: Arc::new(store), certificates: certificates.into() })
    }

    /// Whether a certificate that failed to verify is one of the roots itself, and failed only for
    /// its signer or because it may sign others, as the usual self-signed certificate of `openssl
    /// req -x509` does. OpenSSL accepts such a certificate too. Its validity period was checked
    /// before this error; its name was not.
    pub(super) fn pin(&self, certificate: &CertificateDer<'_>, error: &rustls::Error) -> bool {
        let of_its_signer = match error {
            rustls::Error::InvalidCertificate(CertificateError::UnknownIssuer) => true,
            rustls::Error::InvalidCertificate(CertificateError::Other(OtherError(error))) => {
                matches!(error.downcast_ref(), Some(webpki::Error::CaUsedAsEndEntity))
            }
            _ => false,
        };
        of_its_signer && self.certificates.iter().any(|root| root == certificate)
    }
}

impl PartialEq for Roots {
    fn eq(&self, other: &Self) -> bool {
        self.store.roots == other.store.roots
    }
}

impl fmt::Debug for Roots {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.debug_tuple("Roots").field(&self.store.len()).finish()
    }
}
