//! TLS on the listener.

use super::verifier::ClientVerifier;
use super::{ALPN_HTTP1, ALPN_HTTP2, Identity, Roots, TlsError, provider};
use rustls::ServerConfig;
use rustls::crypto::ring::Ticketer;
use rustls::server::NoServerSessionStorage;
use std::fmt;
use std::sync::Arc;

/// TLS 1.2 and 1.3 on a listener, with HTTP/2 and HTTP/1.1 by ALPN: the certificate to show, and
/// how clients are verified. Cheap to clone.
#[derive(Clone)]
pub struct ServerTls(Arc<ServerConfig>);

impl ServerTls {
    /// Creates TLS with this certificate. With `client_roots`, a client must show a certificate
    /// that one of them has signed.
    ///
    /// # Errors
    /// The certificate or the roots cannot be used.
    pub fn new(identity: Identity, client_roots: Option<Roots>) -> Result<Self, TlsError> {
        let builder = ServerConfig::builder_with_provider(provider()).with_safe_default_protocol_versions()?;
        let builder = match client_roots {
            None => builder.with_no_client_auth(),
            Some(roots) => builder.with_client_cert_verifier(ClientVerifier::new(roots)?),
        };
        let mut config = builder.with_single_cert(identity.chain, identity.key)?;
        config.alpn_protocols = vec![ALPN_HTTP2.to_vec(), ALPN_HTTP1.to_vec()];
        // Clients keep their sessions in tickets, so any worker can resume one, and none is stored.
        config.ticketer = Ticketer::new()?;
        config.session_storage = Arc::new(NoServerSessionStorage {});
        Ok(Self(Arc::new(config)))
    }

    pub(crate) fn config(&self) -> Arc<ServerConfig> {
        Arc::clone(&self.0)
    }
}

impl fmt::Debug for ServerTls {
    /// Shows no key and no ticket.
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str("ServerTls")
    }
}
