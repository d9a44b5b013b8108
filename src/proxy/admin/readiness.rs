//! Checks whether the upstream accepts connections.

use crate::proxy::error::ForwardError;
use crate::proxy::net::HttpVersion;
use crate::proxy::server::control::Status;
use crate::proxy::settings::{Settings, Upstream};
use crate::proxy::upstream::connect::connect;
use std::sync::Arc;
use std::time::Duration;
use tokio::sync::Mutex;
use tokio::time::Instant;

/// How long a result is reused, so that several probes cost the upstream one connection.
const MAX_AGE: Duration = Duration::from_secs(1);

/// Longest wait for a connection. The default timeout of a Kubernetes probe is one second.
const TIMEOUT: Duration = Duration::from_millis(900);

/// Connects to the upstream at most once a second.
#[derive(Debug)]
pub(crate) struct Readiness {
    status: Status,
    /// Locked during a check, so that further probes wait for its result.
    last: Mutex<Option<CheckResult>>,
}

/// The result of a check with these settings.
#[derive(Debug)]
struct CheckResult {
    checked_at: Instant,
    settings: Arc<Settings>,
    result: Result<(), String>,
}

impl Readiness {
    pub(crate) fn new(status: Status) -> Self {
        Self { status, last: Mutex::new(None) }
    }

    /// Checks that requests can be served.
    ///
    /// # Errors
    /// A message for the operator, which names the upstream as it is configured.
    pub(crate) async fn check(&self) -> Result<(), String> {
        let mut last = self.last.lock().await;
        let settings = self.status.settings();
        // A reload may have replaced the upstream.
        if let Some(last) = last.as_ref()
            && last.checked_at.elapsed() < MAX_AGE
            && Arc::ptr_eq(&last.settings, &settings)
        {
            return last.result.clone();
        }
        let result = reach(&settings.upstream).await;
        *last = Some(CheckResult { checked_at: Instant::now(), settings, result: result.clone() });
        result
    }
}

async fn reach(upstream: &Upstream) -> Result<(), String> {
    let timeout = TIMEOUT.min(upstream.connect_timeout);
    let problem = format!("the upstream {upstream} cannot be reached");
    let http = if upstream.http2 { HttpVersion::Http2 } else { HttpVersion::Http1 };
    match connect(upstream, http, timeout).await {
        Ok(_) => Ok(()),
        Err(ForwardError::ConnectTimeout) => Err(format!("{problem}: no connection within {} ms", timeout.as_millis())),
        Err(ForwardError::Connect(error) | ForwardError::Tls(error)) => Err(format!("{problem}: {error}")),
        Err(error) => Err(format!("{problem}: {error}")),
    }
}
