//! Whether the upstream can be reached.

use super::settings::Settings;
use std::sync::Arc;
use std::time::Duration;
use tokio::net::TcpStream;
use tokio::sync::Mutex;
use tokio::time::{Instant, timeout};

/// How long an answer holds: probes of several who ask at once cost the upstream one connection.
const HOLDS: Duration = Duration::from_secs(1);

/// Longest wait for a connection. Kubernetes gives a probe one second unless told otherwise.
const PATIENCE: Duration = Duration::from_millis(900);

/// Asks whether the upstream accepts connections, no more than once a second.
#[derive(Debug)]
pub(super) struct Readiness {
    settings: Arc<Settings>,
    /// Held while the upstream is asked, so that whoever comes meanwhile waits for the same answer.
    last: Mutex<Option<(Instant, Result<(), String>)>>,
}

impl Readiness {
    pub(super) fn new(settings: Arc<Settings>) -> Self {
        Self { settings, last: Mutex::new(None) }
    }

    /// Whether requests can be served.
    ///
    /// # Errors
    /// What is wrong, for the operator. It names the upstream as it is configured.
    pub(super) async fn check(&self) -> Result<(), String> {
        let mut last = self.last.lock().await;
        if let Some((at, answer)) = last.as_ref()
            && at.elapsed() < HOLDS
        {
            return answer.clone();
        }
        let answer = self.connect().await;
        *last = Some((Instant::now(), answer.clone()));
        answer
    }

    async fn connect(&self) -> Result<(), String> {
        let upstream = &self.settings.upstream;
        let host = upstream.authority.host().trim_matches(['[', ']']);
        let connecting = TcpStream::connect((host, upstream.authority.port_u16().unwrap_or(80)));
        let patience = PATIENCE.min(upstream.connect_timeout);
        let cannot = format!("the upstream {} cannot be reached", upstream.authority);
        match timeout(patience, connecting).await {
            Ok(Ok(_)) => Ok(()),
            Ok(Err(error)) => Err(format!("{cannot}: {error}")),
            Err(_) => Err(format!("{cannot}: no connection within {} ms", patience.as_millis())),
        }
    }
}
