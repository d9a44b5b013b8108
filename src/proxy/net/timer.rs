//! Timers for waits that nearly always end early.

use std::fmt;
use std::future::{Future, poll_fn};
use std::pin::Pin;
use std::sync::{Arc, Mutex, PoisonError};
use std::task::{Context, Poll, ready};
use std::time::{Duration, Instant};

/// The timer of one connection, for one wait at a time.
///
/// Each wait usually has a later deadline than the last one, and ends before its deadline. So the
/// runtime's timer is not moved for each wait, but only after it has fired too early. A request
/// then costs no entry in the runtime's timer wheel, and no system call to wake a sleeping runtime
/// for an earlier deadline.
#[derive(Clone)]
pub(crate) struct ConnectionTimer(Arc<Mutex<Pin<Box<tokio::time::Sleep>>>>);

impl ConnectionTimer {
    /// Creates a timer for waits of about this length.
    pub(crate) fn new(usual: Duration) -> Self {
        Self(Arc::new(Mutex::new(Box::pin(tokio::time::sleep(usual)))))
    }

    /// Resolves at the deadline.
    pub(crate) async fn sleep_until(&self, deadline: Instant) {
        poll_fn(|cx| self.poll_until(deadline, cx)).await;
    }

    /// Is ready at the deadline.
    pub(crate) fn poll_until(&self, deadline: Instant, cx: &mut Context<'_>) -> Poll<()> {
        let mut sleep = self.0.lock().unwrap_or_else(PoisonError::into_inner);
        let deadline = deadline.into();
        if sleep.deadline() > deadline {
            sleep.as_mut().reset(deadline);
        }
        loop {
            ready!(sleep.as_mut().poll(cx));
            if sleep.deadline() == deadline {
                return Poll::Ready(());
            }
            sleep.as_mut().reset(deadline);
        }
    }
}

impl fmt::Debug for ConnectionTimer {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str("ConnectionTimer")
    }
}

/// Returns the runtime's time, which tests can pause.
pub(crate) fn now() -> Instant {
    tokio::time::Instant::now().into()
}

/// Limits how long a peer may stall a write or a body.
#[derive(Debug)]
pub(crate) struct StallTimer {
    limit: Duration,
    /// The connection's timer, or our own. Our own is `None` before the first wait, because few
    /// peers ever stall.
    timer: Option<ConnectionTimer>,
    /// The deadline of the current wait. `None` between waits.
    deadline: Option<Instant>,
}

impl StallTimer {
    /// Creates a timer for waits of at most `limit`. With `Some`, it uses the connection's timer;
    /// with `None`, it creates its own at the first wait.
    pub(crate) fn new(limit: Duration, timer: Option<ConnectionTimer>) -> Self {
        Self { limit, timer, deadline: None }
    }

    /// Is ready once the wait has taken too long. The first poll after a `reset` starts the wait.
    pub(crate) fn poll(&mut self, cx: &mut Context<'_>) -> Poll<()> {
        let deadline = *self.deadline.get_or_insert_with(|| now() + self.limit);
        self.timer.get_or_insert_with(|| ConnectionTimer::new(self.limit)).poll_until(deadline, cx)
    }

    /// Ends the wait: the peer has sent or taken something.
    pub(crate) fn reset(&mut self) {
        self.deadline = None;
    }

    /// Returns whether a wait is in progress.
    pub(crate) fn is_waiting(&self) -> bool {
        self.deadline.is_some()
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[tokio::test(start_paused = true)]
    async fn each_wait_ends_at_its_own_deadline() {
        let timer = ConnectionTimer::new(Duration::from_secs(30));
        let start = now();
        for (wanted, ended) in [(20, 20), (40, 40), (35, 40), (100, 100)] {
            timer.sleep_until(start + Duration::from_secs(wanted)).await;
            assert_eq!((now() - start).as_secs(), ended);
        }
    }
}
