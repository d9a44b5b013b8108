//! When an HTTP/2 connection was last used. hyper knows no limit for one that is idle.

use std::sync::{Arc, Mutex, MutexGuard, PoisonError};
use std::time::Duration;
use tokio::time::{Instant, sleep_until};

/// The requests on a connection. Shared by who serves it and its requests.
#[derive(Debug)]
pub(super) struct Activity(Mutex<State>);

#[derive(Debug)]
struct State {
    in_flight: usize,
    /// When there was last one, or the connection began.
    last: Instant,
}

/// A request, until dropped.
#[derive(Debug)]
pub(super) struct Active(Arc<Activity>);

impl Activity {
    pub(super) fn new() -> Arc<Self> {
        Arc::new(Self(Mutex::new(State { in_flight: 0, last: Instant::now() })))
    }

    pub(super) fn begin(self: &Arc<Self>) -> Active {
        self.state().in_flight += 1;
        Active(Arc::clone(self))
    }

    /// Resolves once there has been no request for so long.
    pub(super) async fn idle_for(&self, time: Duration) {
        loop {
            let deadline = {
                let state = self.state();
                // While there is one, a look from time to time: to be told of each end would cost each request.
                if state.in_flight > 0 { Instant::now() + time } else { state.last + time }
            };
            if deadline <= Instant::now() {
                return;
            }
            sleep_until(deadline).await;
        }
    }

    fn state(&self) -> MutexGuard<'_, State> {
        self.0.lock().unwrap_or_else(PoisonError::into_inner)
    }
}

impl Drop for Active {
    fn drop(&mut self) {
        let mut state = self.0.state();
        (state.in_flight, state.last) = (state.in_flight - 1, Instant::now());
    }
}

#[cfg(test)]
mod tests {
    use super::*;

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
