//! A timer for waits that nearly always end early.

use hyper::rt::{Sleep, Timer};
use std::fmt;
use std::future::Future;
use std::pin::Pin;
use std::sync::{Arc, Mutex, PoisonError};
use std::task::{Context, Poll, ready};
use std::time::{Duration, Instant};

/// The timer of one connection, on which one wait goes on at a time.
///
/// Each wait has a later deadline than the one before, which hardly ever came to its end. So the runtime's timer is left where it
/// is, and moved only once it went off too early: a request costs no entry in the runtime's wheel, and no system call to tell a
/// sleeping runtime of an earlier deadline.
#[derive(Clone)]
pub(crate) struct ConnectionTimer(Arc<Mutex<Pin<Box<tokio::time::Sleep>>>>);

impl ConnectionTimer {
    /// A timer that expects waits of about this length.
    pub(crate) fn new(usual: Duration) -> Self {
        Self(Arc::new(Mutex::new(Box::pin(tokio::time::sleep(usual)))))
    }

    /// Resolves at the deadline.
    pub(crate) fn until(&self, deadline: Instant) -> Wait {
        Wait { timer: self.clone(), deadline }
    }

    /// The same for who asks again and again.
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

impl Timer for ConnectionTimer {
    fn sleep(&self, duration: Duration) -> Pin<Box<dyn Sleep>> {
        self.sleep_until(self.now() + duration)
    }

    fn sleep_until(&self, deadline: Instant) -> Pin<Box<dyn Sleep>> {
        Box::pin(self.until(deadline))
    }

    fn now(&self) -> Instant {
        now()
    }
}

impl fmt::Debug for ConnectionTimer {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str("ConnectionTimer")
    }
}

/// The time as a [`ConnectionTimer`] has it: the runtime's, which tests may stop.
pub(crate) fn now() -> Instant {
    tokio::time::Instant::now().into()
}

/// One wait on a [`ConnectionTimer`].
#[derive(Debug)]
pub(crate) struct Wait {
    timer: ConnectionTimer,
    deadline: Instant,
}

impl Future for Wait {
    type Output = ();

    fn poll(self: Pin<&mut Self>, cx: &mut Context<'_>) -> Poll<()> {
        self.timer.poll_until(self.deadline, cx)
    }
}

impl Sleep for Wait {}

#[cfg(test)]
mod tests {
    use super::*;

    #[tokio::test(start_paused = true)]
    async fn each_wait_ends_at_its_own_deadline() {
        let timer = ConnectionTimer::new(Duration::from_secs(30));
        let begun = timer.now();
        for (wanted, ended) in [(20, 20), (40, 40), (35, 40), (100, 100)] {
            timer.until(begun + Duration::from_secs(wanted)).await;
            assert_eq!((timer.now() - begun).as_secs(), ended);
        }
    }
}
