//! The listener's side.

use super::verifier::ClientVerifier;
use super::{ALPN_HTTP1, ALPN_HTTP2, Identity, Roots, TlsError, provider};
use rustls::ServerConfig;
use rustls::crypto::ring::Ticketer;
use rustls::server::NoServerSessionStorage;
use std::fmt;
use std::sync::Arc;

/// What clients are shown, and what they have to show: TLS 1.2 and 1.3, HTTP/2 and HTTP/1.1 by ALPN. Cheap to clone.
#[derive(Clone)]
pub struct ServerTls(Arc<ServerConfig>);

impl ServerTls {
    /// With a certificate of its own and, if `client_roots` are given, for clients alone that show one signed by those.
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
        // Sessions that clients keep themselves: whichever worker one comes back to can resume it, and none is kept here.
        config.ticketer = Ticketer::new()?;
        config.session_storage = Arc::new(NoServerSessionStorage {});
        Ok(Self(Arc::new(config)))
    }

    pub(crate) fn config(&self) -> Arc<ServerConfig> {
        Arc::clone(&self.0)
    }
}

impl fmt::Debug for ServerTls {
    /// Neither keys nor tickets.
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str("ServerTls")
    }
}
