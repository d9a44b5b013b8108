//! When an HTTP/2 connection was last used, and when its client last read anything. hyper has no
//! timeout for either.

use std::sync::{Arc, Mutex, MutexGuard, PoisonError};
use std::time::Duration;
use tokio::time::{Instant, sleep_until};

/// The requests on a connection. Shared by the task that serves the connection and by its requests.
#[derive(Debug)]
pub(crate) struct Activity(Mutex<ActivityState>);

#[derive(Debug)]
struct ActivityState {
    in_flight: usize,
    /// When the last request ended, or when the connection started if there was none.
    idle_since: Instant,
    /// How many responses have bytes that wait for the client to read them.
    responses_waiting: usize,
    /// When the client last read something, or when a response started to wait while no other did.
    last_read: Instant,
}

/// A request in flight, until dropped.
#[derive(Debug)]
pub(crate) struct ActiveRequest {
    activity: Arc<Activity>,
    offers: bool,
}

impl Activity {
    pub(crate) fn new() -> Arc<Self> {
        let now = Instant::now();
        Arc::new(Self(Mutex::new(ActivityState {
            in_flight: 0,
            idle_since: now,
            responses_waiting: 0,
            last_read: now,
        })))
    }

    pub(crate) fn begin(self: &Arc<Self>) -> ActiveRequest {
        let mut state = self.state();
        state.in_flight += 1;
        ActiveRequest { activity: Arc::clone(self), offers: false }
    }

    /// Returns how many requests are in flight besides the calling one.
    pub(crate) fn others(&self) -> usize {
        self.state().in_flight.saturating_sub(1)
    }

    /// Resolves when there has been no request for this long.
    pub(crate) async fn idle_for(&self, time: Duration) {
        loop {
            let deadline = {
                let state = self.state();
                // With requests in flight, look again later: a notification at the end of each
                // would cost every request.
                if state.in_flight > 0 { Instant::now() + time } else { state.idle_since + time }
            };
            if deadline <= Instant::now() {
                return;
            }
            sleep_until(deadline).await;
        }
    }

    /// Resolves when responses have waited this long and the client has read nothing of any of
    /// them.
    ///
    /// A stalled stream alone is no fault: a browser keeps the window of a paused download closed
    /// for hours while it uses the other streams.
    pub(crate) async fn stalled_for(&self, time: Duration) {
        loop {
            let deadline = {
                let state = self.state();
                if state.responses_waiting > 0 { state.last_read + time } else { Instant::now() + time }
            };
            if deadline <= Instant::now() {
                return;
            }
            sleep_until(deadline).await;
        }
    }

    fn state(&self) -> MutexGuard<'_, ActivityState> {
        self.0.lock().unwrap_or_else(PoisonError::into_inner)
    }
}

impl ActiveRequest {
    /// Records that bytes of the response wait for the client to read them.
    pub(crate) fn offer(&mut self) {
        if !std::mem::replace(&mut self.offers, true) {
            let mut state = self.activity.state();
            if state.responses_waiting == 0 {
                state.last_read = Instant::now();
            }
            state.responses_waiting += 1;
        }
    }

    /// Records that no byte of the response waits for the client.
    pub(crate) fn take(&mut self) {
        if std::mem::replace(&mut self.offers, false) {
            let mut state = self.activity.state();
            (state.responses_waiting, state.last_read) = (state.responses_waiting - 1, Instant::now());
        }
    }
}

impl Drop for ActiveRequest {
    fn drop(&mut self) {
        self.take();
        let mut state = self.activity.state();
        (state.in_flight, state.idle_since) = (state.in_flight - 1, Instant::now());
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[tokio::test(start_paused = true)]
    async fn a_client_that_takes_nothing_is_noticed_but_not_one_that_is_slow() {
        let seconds = Duration::from_secs;
        let (begun, activity) = (Instant::now(), Activity::new());
        let mut requests = [activity.begin(), activity.begin()];
        let client = async {
            requests.iter_mut().for_each(ActiveRequest::offer);
            for _ in 0..5 {
                tokio::time::sleep(seconds(9)).await;
                requests[0].take();
                requests[0].offer();
            }
        };
        tokio::join!(client, activity.stalled_for(seconds(10)));
        assert_eq!(begun.elapsed().as_secs(), 55);
        drop(requests);
        let waited = tokio::time::timeout(seconds(100), activity.stalled_for(seconds(10))).await;
        assert!(waited.is_err(), "nothing is offered");
    }

    #[tokio::test(start_paused = true)]
    async fn a_connection_is_idle_from_the_end_of_its_last_request() {
        let seconds = Duration::from_secs;
        let (begun, activity) = (Instant::now(), Activity::new());
        let elapsed = || begun.elapsed().as_secs();
        activity.idle_for(seconds(10)).await;
        assert_eq!(elapsed(), 10);
        let request = activity.begin();
        let ending = async {
            tokio::time::sleep(seconds(13)).await;
            drop(request);
        };
        tokio::join!(ending, activity.idle_for(seconds(10)));
        assert_eq!(elapsed(), 33);
    }
}
