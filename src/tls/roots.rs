//! Whose signatures are believed.

use super::TlsError;
use rustls::pki_types::CertificateDer;
use rustls::{CertificateError, OtherError, RootCertStore};
use std::fmt;
use std::sync::Arc;

/// Certificates by which others are verified.
#[derive(Clone)]
pub struct Roots {
    pub(super) store: Arc<RootCertStore>,
    /// What the store was made of.
    certificates: Arc<[CertificateDer<'static>]>,
}

impl Roots {
    /// These certificates.
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

    /// Those of the system, or of what `SSL_CERT_FILE` and `SSL_CERT_DIR` name.
    ///
    /// # Errors
    /// There are none.
    pub fn of_system() -> Result<Self, TlsError> {
        let mut store = RootCertStore::empty();
        // A system has hundreds, and some odd old one must not keep the others from being used.
        let certificates = rustls_native_certs::load_native_certs().certs;
        let (added, _) = store.add_parsable_certificates(certificates.iter().cloned());
        if added == 0 {
            return Err(TlsError::NoSystemRoots);
        }
        Ok(Self { store: Arc::new(store), certificates: certificates.into() })
    }

    /// Whether a certificate that did not verify is itself one of the roots, and all that is wrong with it is who signed it or that
    /// it may sign others: the usual self-signed certificate of `openssl req -x509` may. OpenSSL believes such a one, too. Its time
    /// has been looked at then, its name has not.
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
