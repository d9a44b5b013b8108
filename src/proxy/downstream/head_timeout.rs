//! Limits how long a connection may be idle before a head, and how long the head may take.

use super::http1_state::Http1State;
use crate::proxy::net::timer::{ConnectionTimer, now};
use hyper::rt::{Sleep, Timer};
use std::future::Future;
use std::pin::Pin;
use std::sync::Arc;
use std::task::{Context, Poll, ready};
use std::time::{Duration, Instant};

/// The timer that hyper uses for heads. hyper has only one limit, for the idle time before a head
/// and the head together. This timer ignores hyper's deadline and applies two limits.
#[derive(Clone, Debug)]
pub(crate) struct HeadTimer {
    state: Arc<Http1State>,
    timer: ConnectionTimer,
    idle_timeout: Duration,
    header_timeout: Duration,
    created_at: Instant,
}

impl HeadTimer {
    pub(crate) fn new(state: Arc<Http1State>, idle_timeout: Duration, header_timeout: Duration) -> Self {
        let timer = ConnectionTimer::new(header_timeout);
        Self { created_at: now(), state, timer, idle_timeout, header_timeout }
    }

    fn deadline(&self) -> Option<Instant> {
        self.state.head_deadline(self.idle_timeout, self.header_timeout)
    }
}

impl Timer for HeadTimer {
    fn sleep(&self, duration: Duration) -> Pin<Box<dyn Sleep>> {
        self.sleep_until(self.created_at + duration)
    }

    fn sleep_until(&self, _: Instant) -> Pin<Box<dyn Sleep>> {
        self.state.await_head();
        Box::pin(HeadSleep { timer: self.clone() })
    }

    /// Returns a constant: hyper needs the time only for the deadline that this timer ignores, and
    /// reading the clock is not free.
    fn now(&self) -> Instant {
        self.created_at
    }
}

/// The wait for one head. hyper drops it once the head is complete.
#[derive(Debug)]
struct HeadSleep {
    timer: HeadTimer,
}

impl Future for HeadSleep {
    type Output = ();

    fn poll(self: Pin<&mut Self>, cx: &mut Context<'_>) -> Poll<()> {
        loop {
            // The first byte of a head changes the deadline. hyper polls this again after reading.
            let Some(deadline) = self.timer.deadline() else { return Poll::Pending };
            ready!(self.timer.timer.poll_until(deadline, cx));
            if self.timer.deadline().is_none_or(|current| current <= deadline) {
                return Poll::Ready(());
            }
        }
    }
}

impl Drop for HeadSleep {
    fn drop(&mut self) {
        self.timer.state.complete_head();
    }
}

impl Sleep for HeadSleep {}

#[cfg(test)]
mod tests {
    use super::*;

    #[tokio::test(start_paused = true)]
    async fn an_idle_connection_and_a_slow_head_have_a_limit_each() {
        let seconds = Duration::from_secs;
        let start = tokio::time::Instant::now().into_std();
        let state = Arc::new(Http1State::new(start));
        let timer = HeadTimer::new(Arc::clone(&state), seconds(75), seconds(30));
        let elapsed = || (now() - start).as_secs();
        timer.sleep_until(start).await;
        assert_eq!((elapsed(), state.is_reading_head()), (30, false), "the end of the wait ends the head");
        timer.sleep_until(start).await;
        assert_eq!(elapsed(), 105);
    }
}
