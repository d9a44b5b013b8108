//! The metrics page, rendered once for all concurrent readers.

use crate::metrics::Metrics;
use bytes::Bytes;
use std::sync::{Arc, Mutex, PoisonError, Weak};
use std::time::{Duration, Instant};

/// How long a connection may last, and how long new readers share a page that others are still
/// reading. So at most two pages are in memory, for any number of slow readers. Prometheus has the
/// same default for its timeout.
pub(super) const READ_TIMEOUT: Duration = Duration::from_secs(10);

/// Renders the metrics page. With a thousand routes it has several megabytes.
#[derive(Debug)]
pub(super) struct Scrape {
    metrics: Arc<Metrics>,
    /// When the last page was rendered, and the page, which is freed when no connection sends it.
    last: Mutex<Option<(Instant, Weak<str>)>>,
}

impl Scrape {
    pub(super) fn new(metrics: Arc<Metrics>) -> Self {
        Self { metrics, last: Mutex::default() }
    }

    /// Returns a new page, or the one that another reader has not finished.
    pub(super) fn page(&self) -> Bytes {
        let mut last = self.last.lock().unwrap_or_else(PoisonError::into_inner);
        let shared = last.as_ref().filter(|(at, _)| at.elapsed() < READ_TIMEOUT).and_then(|(_, page)| page.upgrade());
        let page = shared.unwrap_or_else(|| {
            let page = Arc::<str>::from(self.metrics.page());
            *last = Some((Instant::now(), Arc::downgrade(&page)));
            page
        });
        Bytes::from_owner(SharedPage(page))
    }
}

/// `Arc<str>` as bytes.
struct SharedPage(Arc<str>);

impl AsRef<[u8]> for SharedPage {
    fn as_ref(&self) -> &[u8] {
        self.0.as_bytes()
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn concurrent_readers_share_a_page_and_a_later_one_gets_a_new_page() {
        let metrics = Arc::<Metrics>::default();
        let scrape = Scrape::new(Arc::clone(&metrics));
        let one = scrape.page();
        metrics.config_refused();
        let same = scrape.page();
        assert_eq!((same.as_ptr(), &same), (one.as_ptr(), &one));
        drop((one, same));
        let refused = &b"last4_config_reloads_total{result=\"refused\"} 1\n"[..];
        assert!(scrape.page().windows(refused.len()).any(|line| line == refused));
    }
}
