//! The page of the metrics, which is rendered once for all who read it at the same time.

use crate::metrics::Metrics;
use bytes::Bytes;
use std::sync::{Arc, Mutex, PoisonError, Weak};
use std::time::{Duration, Instant};

/// How old a page may be that is given to another reader, while one still reads it. As long as a connection may live, so that there
/// are never more than two pages in memory, however many read them and however slowly.
const SHARED_FOR: Duration = super::server::CONNECTION;

/// Renders the page for whoever asks. With a thousand routes it has several megabytes.
#[derive(Debug)]
pub(super) struct Scrape {
    metrics: Arc<Metrics>,
    /// The last page, for as long as somebody reads it.
    last: Mutex<Option<(Instant, Weak<str>)>>,
}

impl Scrape {
    pub(super) fn new(metrics: Arc<Metrics>) -> Self {
        Self { metrics, last: Mutex::default() }
    }

    /// The page as it is now, or the one that somebody else is still reading.
    pub(super) fn page(&self) -> Bytes {
        let mut last = self.last.lock().unwrap_or_else(PoisonError::into_inner);
        let shared = last.as_ref().filter(|(at, _)| at.elapsed() < SHARED_FOR).and_then(|(_, page)| page.upgrade());
        let page = shared.unwrap_or_else(|| {
            let page = Arc::<str>::from(self.metrics.page());
            *last = Some((Instant::now(), Arc::downgrade(&page)));
            page
        });
        Bytes::from_owner(Page(page))
    }
}

struct Page(Arc<str>);

impl AsRef<[u8]> for Page {
    fn as_ref(&self) -> &[u8] {
        self.0.as_bytes()
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn who_reads_at_the_same_time_shares_a_page_and_who_comes_later_has_a_new_one() {
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
