//! How long a connection may take to begin its next request, and how long that request's head may take.

use crate::proxy::net::timer::ConnectionTimer;
use hyper::rt::{Sleep, Timer};
use std::future::Future;
use std::pin::Pin;
use std::sync::{Arc, Mutex, MutexGuard, PoisonError};
use std::task::{Context, Poll, ready};
use std::time::{Duration, Instant};

/// What a connection waits for, as far as heads go. Shared by its socket, which sees the bytes, and its timer.
#[derive(Clone, Debug)]
pub(crate) struct HeadClock(Arc<Mutex<Head>>);

#[derive(Clone, Copy, Debug)]
enum Head {
    /// The next one, of which no byte has come.
    Awaited { since: Instant },
    /// The rest of one. When it began is asked for only if one has to wait, which is hardly later: most heads come whole.
    Begun { at: Option<Instant> },
    /// None: a request is being answered.
    Read,
}

impl HeadClock {
    /// For a connection whose first bytes have come. Its first head counts from the connection's start.
    pub(crate) fn begun(at: Instant) -> Self {
        Self(Arc::new(Mutex::new(Head::Begun { at: Some(at) })))
    }

    /// Notes that bytes have come.
    pub(crate) fn saw_bytes(&self) {
        let mut head = self.head();
        if matches!(*head, Head::Awaited { .. }) {
            *head = Head::Begun { at: None };
        }
    }

    /// Whether a head has begun and is not read to its end.
    pub(crate) fn is_reading(&self) -> bool {
        matches!(*self.head(), Head::Begun { .. })
    }

    fn head(&self) -> MutexGuard<'_, Head> {
        self.0.lock().unwrap_or_else(PoisonError::into_inner)
    }
}

/// hyper's timer for heads. hyper knows one limit for the silence before a head and the head itself; by this timer they are two,
/// whatever deadline it asks for.
#[derive(Clone, Debug)]
pub(crate) struct HeadTimer {
    clock: HeadClock,
    timer: ConnectionTimer,
    idle_timeout: Duration,
    header_timeout: Duration,
    made: Instant,
}

impl HeadTimer {
    pub(crate) fn new(clock: HeadClock, idle_timeout: Duration, header_timeout: Duration) -> Self {
        let timer = ConnectionTimer::new(header_timeout);
        Self { made: timer.now(), clock, timer, idle_timeout, header_timeout }
    }

    fn deadline(&self) -> Option<Instant> {
        match &mut *self.clock.head() {
            Head::Awaited { since } => Some(*since + self.idle_timeout),
            Head::Begun { at } => Some(*at.get_or_insert_with(|| self.timer.now()) + self.header_timeout),
            Head::Read => None,
        }
    }
}

impl Timer for HeadTimer {
    fn sleep(&self, duration: Duration) -> Pin<Box<dyn Sleep>> {
        self.sleep_until(self.made + duration)
    }

    fn sleep_until(&self, _: Instant) -> Pin<Box<dyn Sleep>> {
        let mut head = self.clock.head();
        if matches!(*head, Head::Read) {
            *head = Head::Awaited { since: self.timer.now() };
        }
        Box::pin(HeadWait { timer: self.clone() })
    }

    /// No time that has a meaning: hyper asks for it to say a deadline, which this timer does not listen to, and the clock is not for
    /// free.
    fn now(&self) -> Instant {
        self.made
    }
}

/// The wait for one head, dropped once it is read.
#[derive(Debug)]
struct HeadWait {
    timer: HeadTimer,
}

impl Future for HeadWait {
    type Output = ();

    fn poll(self: Pin<&mut Self>, cx: &mut Context<'_>) -> Poll<()> {
        loop {
            // It is an earlier one once a byte has come, after which hyper polls this again.
            let Some(deadline) = self.timer.deadline() else { return Poll::Pending };
            ready!(self.timer.timer.poll_until(deadline, cx));
            if self.timer.deadline().is_none_or(|now| now <= deadline) {
                return Poll::Ready(());
            }
        }
    }
}

impl Drop for HeadWait {
    fn drop(&mut self) {
        *self.timer.clock.head() = Head::Read;
    }
}

impl Sleep for HeadWait {}

#[cfg(test)]
mod tests {
    use super::*;

    #[tokio::test(start_paused = true)]
    async fn silence_and_a_slow_head_have_a_limit_each() {
        let seconds = Duration::from_secs;
        let start = tokio::time::Instant::now().into_std();
        let clock = HeadClock::begun(start);
        let timer = HeadTimer::new(clock.clone(), seconds(75), seconds(30));
        let elapsed = |timer: &HeadTimer| (timer.timer.now() - start).as_secs();
        timer.sleep_until(start).await;
        assert_eq!((elapsed(&timer), clock.is_reading()), (30, false), "the wait is over, and with it the head");
        let silence = timer.sleep_until(start);
        silence.await;
        assert_eq!(elapsed(&timer), 105);
    }
}
