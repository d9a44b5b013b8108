//! Ticks at even times, by a timer of the kernel's: sleeping would add its own lateness to each request's.

use rustix::time::{
    Itimerspec, TimerfdClockId, TimerfdFlags, TimerfdTimerFlags, Timespec, timerfd_create, timerfd_settime,
};
use std::io::Result;
use std::os::fd::{AsFd, BorrowedFd, OwnedFd};
use std::time::{Duration, Instant};

pub(crate) struct Clock {
    timer: OwnedFd,
    next: Instant,
    interval: Duration,
}

impl Clock {
    pub(crate) fn start(interval: Duration) -> Result<Self> {
        let timer = timerfd_create(TimerfdClockId::Monotonic, TimerfdFlags::NONBLOCK)?;
        let every = Timespec::try_from(interval).map_err(|_| std::io::ErrorKind::InvalidInput)?;
        let next = Instant::now() + interval;
        timerfd_settime(&timer, TimerfdTimerFlags::empty(), &Itimerspec { it_interval: every, it_value: every })?;
        Ok(Self { timer, next, interval })
    }

    /// When each tick since the last call was due.
    pub(crate) fn ticks(&mut self) -> Result<Vec<Instant>> {
        let mut count = [0; 8];
        rustix::io::read(&self.timer, &mut count)?;
        let mut due = Vec::new();
        for _ in 0..u64::from_ne_bytes(count) {
            due.push(self.next);
            self.next += self.interval;
        }
        Ok(due)
    }
}

impl AsFd for Clock {
    fn as_fd(&self) -> BorrowedFd<'_> {
        self.timer.as_fd()
    }
}
