//! Whose signatures are believed.

use super::TlsError;
use rustls::RootCertStore;
use rustls::pki_types::CertificateDer;
use std::fmt;
use std::sync::Arc;

/// Certificates by which others are verified.
#[derive(Clone)]
pub struct Roots(pub(super) Arc<RootCertStore>);

impl Roots {
    /// These certificates.
    ///
    /// # Errors
    /// One of them cannot be used.
    pub fn new(certificates: Vec<CertificateDer<'static>>) -> Result<Self, TlsError> {
        let mut store = RootCertStore::empty();
        for certificate in certificates {
            store.add(certificate)?;
        }
        Ok(Self(Arc::new(store)))
    }

    /// Those of the system, or of what `SSL_CERT_FILE` and `SSL_CERT_DIR` name.
    ///
    /// # Errors
    /// There are none.
    pub fn of_system() -> Result<Self, TlsError> {
        let mut store = RootCertStore::empty();
        // A system has hundreds, and some odd old one must not keep the others from being used.
        let (added, _) = store.add_parsable_certificates(rustls_native_certs::load_native_certs().certs);
        if added == 0 { Err(TlsError::NoSystemRoots) } else { Ok(Self(Arc::new(store))) }
    }
}

impl PartialEq for Roots {
    fn eq(&self, other: &Self) -> bool {
        self.0.roots == other.0.roots
    }
}

impl fmt::Debug for Roots {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.debug_tuple("Roots").field(&self.0.len()).finish()
    }
}
