//! Whether the upstream can be reached.

use crate::proxy::error::ForwardError;
use crate::proxy::net::version::HttpVersion;
use crate::proxy::server::status::Status;
use crate::proxy::settings::{Settings, Upstream};
use crate::proxy::upstream::connect::connect;
use std::sync::Arc;
use std::time::Duration;
use tokio::sync::Mutex;
use tokio::time::Instant;

/// How long an answer holds: probes of several who ask at once cost the upstream one connection.
const HOLDS: Duration = Duration::from_secs(1);

/// Longest wait for a connection. Kubernetes gives a probe one second unless told otherwise.
const PATIENCE: Duration = Duration::from_millis(900);

/// Asks whether the upstream accepts connections, no more than once a second.
#[derive(Debug)]
pub(crate) struct Readiness {
    status: Status,
    /// Held while the upstream is asked, so that whoever comes meanwhile waits for the same answer.
    last: Mutex<Option<Answer>>,
}

/// What was found, when, and by which settings.
#[derive(Debug)]
struct Answer {
    at: Instant,
    settings: Arc<Settings>,
    found: Result<(), String>,
}

impl Readiness {
    pub(crate) fn new(status: Status) -> Self {
        Self { status, last: Mutex::new(None) }
    }

    /// Whether requests can be served.
    ///
    /// # Errors
    /// What is wrong, for the operator. It names the upstream as it is configured.
    pub(crate) async fn check(&self) -> Result<(), String> {
        let mut last = self.last.lock().await;
        let settings = self.status.settings();
        // A new configuration may name another upstream.
        if let Some(last) = last.as_ref()
            && last.at.elapsed() < HOLDS
            && Arc::ptr_eq(&last.settings, &settings)
        {
            return last.found.clone();
        }
        let found = reach(&settings.upstream).await;
        *last = Some(Answer { at: Instant::now(), settings, found: found.clone() });
        found
    }
}

async fn reach(upstream: &Upstream) -> Result<(), String> {
    let patience = PATIENCE.min(upstream.connect_timeout);
    let cannot = format!("the upstream {upstream} cannot be reached");
    let http = if upstream.http2 { HttpVersion::Http2 } else { HttpVersion::Http1 };
    match connect(upstream, http, patience).await {
        Ok(_) => Ok(()),
        Err(ForwardError::ConnectTimeout) => Err(format!("{cannot}: no connection within {} ms", patience.as_millis())),
        Err(ForwardError::Connect(error) | ForwardError::Tls(error)) => Err(format!("{cannot}: {error}")),
        Err(error) => Err(format!("{cannot}: {error}")),
    }
}
