//! An authority of the test's own that signs certificates.

use last4::tls::{ClientTls, Identity, Roots, ServerName, ServerTls};
use rcgen::{BasicConstraints, CertificateParams, CertifiedIssuer, IsCa, KeyPair};
use rustls::pki_types::{CertificateDer, PrivateKeyDer};
use rustls::{ClientConfig, RootCertStore, ServerConfig};
use std::sync::Arc;

pub(crate) struct Authority {
    issuer: CertifiedIssuer<'static, KeyPair>,
}

/// A certificate, and the key that belongs to it.
pub(crate) struct Signed {
    chain: Vec<CertificateDer<'static>>,
    key: PrivateKeyDer<'static>,
}

impl Authority {
    pub(crate) fn new() -> Self {
        let mut params = CertificateParams::new(Vec::new()).unwrap();
        params.is_ca = IsCa::Ca(BasicConstraints::Unconstrained);
        params.distinguished_name.push(rcgen::DnType::CommonName, "authority");
        Self { issuer: CertifiedIssuer::self_signed(params, KeyPair::generate().unwrap()).unwrap() }
    }

    /// A certificate that signs itself, and may sign others unless it says that it may not.
    pub(crate) fn self_signed(name: &str, ca: bool, until: i32) -> (Signed, Roots) {
        let mut params = CertificateParams::new(vec![name.to_owned()]).unwrap();
        params.is_ca = if ca { IsCa::Ca(BasicConstraints::Unconstrained) } else { IsCa::ExplicitNoCa };
        params.not_after = rcgen::date_time_ymd(until, 1, 1);
        let key = KeyPair::generate().unwrap();
        let der = params.self_signed(&key).unwrap().der().clone();
        let roots = Roots::new(vec![der.clone()]).unwrap();
        (Signed { chain: vec![der], key: PrivateKeyDer::Pkcs8(key.serialize_der().into()) }, roots)
    }

    pub(crate) fn sign(&self, name: &str) -> Signed {
        let key = KeyPair::generate().unwrap();
        let params = CertificateParams::new(vec![name.to_owned()]).unwrap();
        let certificate = params.signed_by(&key, &self.issuer).unwrap();
        Signed { chain: vec![certificate.der().clone()], key: PrivateKeyDer::Pkcs8(key.serialize_der().into()) }
    }

    pub(crate) fn roots(&self) -> Roots {
        Roots::new(vec![self.issuer.der().clone()]).unwrap()
    }

    /// For a proxy that is called `localhost`, and asks for certificates of these roots.
    pub(crate) fn server(&self, client_roots: Option<Roots>) -> ServerTls {
        ServerTls::new(self.sign("localhost").identity(), client_roots).unwrap()
    }

    /// For a proxy whose upstream is called so.
    pub(crate) fn client(&self, name: &'static str, identity: Option<Signed>) -> ClientTls {
        let name = ServerName::try_from(name).unwrap();
        ClientTls::new(name, self.roots(), identity.map(Signed::identity)).unwrap()
    }

    fn store(&self) -> Arc<RootCertStore> {
        let mut store = RootCertStore::empty();
        store.add(self.issuer.der().clone()).unwrap();
        Arc::new(store)
    }

    /// For a client of the proxy's, which offers these protocols.
    pub(crate) fn for_client(&self, protocols: &[&str], identity: Option<Signed>) -> Arc<ClientConfig> {
        let provider = Arc::new(rustls::crypto::ring::default_provider());
        let builder = ClientConfig::builder_with_provider(provider).with_safe_default_protocol_versions().unwrap();
        let builder = builder.with_root_certificates(self.store());
        let mut config = match identity {
            Some(Signed { chain, key }) => builder.with_client_auth_cert(chain, key).unwrap(),
            None => builder.with_no_client_auth(),
        };
        config.alpn_protocols = protocols.iter().map(|protocol| protocol.as_bytes().to_vec()).collect();
        Arc::new(config)
    }

    /// For an upstream called `localhost`, which knows these protocols and asks for certificates of these authorities.
    pub(crate) fn for_origin(&self, protocols: &[&str], clients: Option<&Self>) -> Arc<ServerConfig> {
        self.sign("localhost").for_origin(protocols, clients)
    }
}

impl Signed {
    /// The same for an upstream that shows this certificate.
    pub(crate) fn for_origin(self, protocols: &[&str], clients: Option<&Authority>) -> Arc<ServerConfig> {
        let provider = Arc::new(rustls::crypto::ring::default_provider());
        let builder = ServerConfig::builder_with_provider(Arc::clone(&provider));
        let builder = builder.with_safe_default_protocol_versions().unwrap();
        let builder = match clients {
            None => builder.with_no_client_auth(),
            Some(clients) => {
                let verifier = rustls::server::WebPkiClientVerifier::builder_with_provider(clients.store(), provider);
                builder.with_client_cert_verifier(verifier.build().unwrap())
            }
        };
        let Self { chain, key } = self;
        let mut config = builder.with_single_cert(chain, key).unwrap();
        config.alpn_protocols = protocols.iter().map(|protocol| protocol.as_bytes().to_vec()).collect();
        Arc::new(config)
    }

    /// Believed as it is.
    pub(crate) fn roots(&self) -> Roots {
        Roots::new(self.chain.clone()).unwrap()
    }

    pub(crate) fn identity(self) -> Identity {
        Identity::new(self.chain, self.key).unwrap()
    }
}
