//! TLS to the upstream.

use super::verifier::ServerVerifier;
use super::{ALPN_HTTP1, ALPN_HTTP2, Identity, Roots, TlsError, provider};
use rustls::ClientConfig;
pub use rustls::pki_types::ServerName;
use std::fmt;
use std::sync::Arc;

/// TLS 1.2 and 1.3 to an upstream: how it is verified, and the certificate to show it. Cheap to
/// clone. Two values with equal parts are equal.
#[derive(Clone)]
pub struct ClientTls(Arc<Client>);

struct Client {
    name: ServerName<'static>,
    roots: Roots,
    identity: Option<Identity>,
    http1: Arc<ClientConfig>,
    http2: Arc<ClientConfig>,
}

impl ClientTls {
    /// Creates TLS to the upstream with this name, whose certificate must be signed by one of the
    /// roots. The identity is shown if the upstream asks for one.
    ///
    /// # Errors
    /// The identity cannot be used.
    pub fn new(name: ServerName<'static>, roots: Roots, identity: Option<Identity>) -> Result<Self, TlsError> {
        let builder = ClientConfig::builder_with_provider(provider()).with_safe_default_protocol_versions()?;
        // rustls calls every verifier but its own dangerous. Ours asks that one first.
        let builder = builder.dangerous().with_custom_certificate_verifier(ServerVerifier::new(roots.clone())?);
        let mut http1 = match identity.clone() {
            Some(Identity { chain, key }) => builder.with_client_auth_cert(chain, key)?,
            None => builder.with_no_client_auth(),
        };
        // One configuration for each version: a handshake fails if the upstream does not speak it.
        http1.alpn_protocols = vec![ALPN_HTTP1.to_vec()];
        let mut http2 = http1.clone();
        http2.alpn_protocols = vec![ALPN_HTTP2.to_vec()];
        Ok(Self(Arc::new(Client { name, roots, identity, http1: Arc::new(http1), http2: Arc::new(http2) })))
    }

    /// Returns the name that the certificate must have, and that the handshake sends (SNI).
    pub fn name(&self) -> &ServerName<'static> {
        &self.0.name
    }

    pub(crate) fn config(&self, http2: bool) -> Arc<ClientConfig> {
        Arc::clone(if http2 { &self.0.http2 } else { &self.0.http1 })
    }
}

impl PartialEq for ClientTls {
    /// Whether both connect in the same way.
    fn eq(&self, other: &Self) -> bool {
        let (one, other) = (&self.0, &other.0);
        one.name == other.name && one.identity == other.identity && one.roots == other.roots
    }
}

impl fmt::Debug for ClientTls {
    /// Shows no key.
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.debug_struct("ClientTls").field("name", &self.0.name).finish_non_exhaustive()
    }
}
