//! Verifies certificates of peers as rustls does, and also accepts one of the roots itself.

use super::{Roots, TlsError, provider};
use rustls::client::WebPkiServerVerifier;
use rustls::client::danger::{HandshakeSignatureValid, ServerCertVerified, ServerCertVerifier};
use rustls::client::verify_server_name;
use rustls::pki_types::{CertificateDer, ServerName, UnixTime};
use rustls::server::danger::{ClientCertVerified, ClientCertVerifier};
use rustls::server::{ParsedCertificate, WebPkiClientVerifier};
use rustls::{DigitallySignedStruct, DistinguishedName, Error, SignatureScheme};
use std::sync::Arc;

/// Verifies servers.
#[derive(Debug)]
pub(super) struct ServerVerifier {
    roots: Roots,
    usual: Arc<WebPkiServerVerifier>,
}

/// Verifies clients.
#[derive(Debug)]
pub(super) struct ClientVerifier {
    roots: Roots,
    usual: Arc<dyn ClientCertVerifier>,
}

impl ServerVerifier {
    pub(super) fn new(roots: Roots) -> Result<Arc<Self>, TlsError> {
        let usual = WebPkiServerVerifier::builder_with_provider(Arc::clone(&roots.store), provider()).build();
        // Fails only without roots, or with revocation lists, which are not used.
        Ok(Arc::new(Self { roots, usual: usual.map_err(|_| TlsError::NoCertificate)? }))
    }
}

impl ClientVerifier {
    pub(super) fn new(roots: Roots) -> Result<Arc<Self>, TlsError> {
        let usual = WebPkiClientVerifier::builder_with_provider(Arc::clone(&roots.store), provider()).build();
        Ok(Arc::new(Self { roots, usual: usual.map_err(|_| TlsError::NoCertificate)? }))
    }
}

/// The methods of both verifiers that check signatures: as rustls does.
macro_rules! verify_signatures_as_usual {
    () => {
        fn verify_tls12_signature(
            &self,
            message: &[u8],
            certificate: &CertificateDer<'_>,
            signed: &DigitallySignedStruct,
        ) -> Result<HandshakeSignatureValid, Error> {
            self.usual.verify_tls12_signature(message, certificate, signed)
        }

        fn verify_tls13_signature(
            &self,
            message: &[u8],
            certificate: &CertificateDer<'_>,
            signed: &DigitallySignedStruct,
        ) -> Result<HandshakeSignatureValid, Error> {
            self.usual.verify_tls13_signature(message, certificate, signed)
        }

        fn supported_verify_schemes(&self) -> Vec<SignatureScheme> {
            self.usual.supported_verify_schemes()
        }
    };
}

impl ServerCertVerifier for ServerVerifier {
    fn verify_server_cert(
        &self,
        certificate: &CertificateDer<'_>,
        intermediates: &[CertificateDer<'_>],
        name: &ServerName<'_>,
        ocsp: &[u8],
        now: UnixTime,
    ) -> Result<ServerCertVerified, Error> {
        match self.usual.verify_server_cert(certificate, intermediates, name, ocsp, now) {
            Err(error) if self.roots.pin(certificate, &error) => {
                verify_server_name(&ParsedCertificate::try_from(certificate)?, name)?;
                Ok(ServerCertVerified::assertion())
            }
            verified => verified,
        }
    }

    verify_signatures_as_usual!();
}

impl ClientCertVerifier for ClientVerifier {
    fn root_hint_subjects(&self) -> &[DistinguishedName] {
        self.usual.root_hint_subjects()
    }

    fn verify_client_cert(
        &self,
        certificate: &CertificateDer<'_>,
        intermediates: &[CertificateDer<'_>],
        now: UnixTime,
    ) -> Result<ClientCertVerified, Error> {
        match self.usual.verify_client_cert(certificate, intermediates, now) {
            Err(error) if self.roots.pin(certificate, &error) => Ok(ClientCertVerified::assertion()),
            verified => verified,
        }
    }

    verify_signatures_as_usual!();
}
