//! The state of an HTTP/1 connection that its socket, its head timer and its service share.

use crate::proxy::net::timer::now;
use std::sync::atomic::{AtomicBool, Ordering};
use std::sync::{Mutex, MutexGuard, OnceLock, PoisonError};
use std::time::{Duration, Instant};

/// The state of one HTTP/1 connection.
#[derive(Debug)]
pub(crate) struct Http1State {
    head: Mutex<HeadState>,
    is_close_delimited: AtomicBool,
    final_response: OnceLock<Vec<u8>>,
}

#[derive(Clone, Copy, Debug)]
enum HeadState {
    /// No byte of the next head has come.
    Awaited { since: Instant },
    /// A part of a head has come. `at` is `None` until the connection waits for the rest of the
    /// head. That is hardly later than the first byte, and most heads come in one piece and need no
    /// time.
    Started { at: Option<Instant> },
    /// A request is being answered.
    Complete,
}

impl Http1State {
    /// Creates the state of a connection whose first bytes have come. The time of its first head
    /// counts from the start of the connection.
    pub(crate) fn new(connected_at: Instant) -> Self {
        Self {
            head: Mutex::new(HeadState::Started { at: Some(connected_at) }),
            is_close_delimited: AtomicBool::new(false),
            final_response: OnceLock::new(),
        }
    }

    /// Records that bytes have come.
    pub(crate) fn received_bytes(&self) {
        let mut head = self.head();
        if matches!(*head, HeadState::Awaited { .. }) {
            *head = HeadState::Started { at: None };
        }
    }

    /// Records that the next head is waited for.
    pub(crate) fn await_head(&self) {
        let mut head = self.head();
        if matches!(*head, HeadState::Complete) {
            *head = HeadState::Awaited { since: now() };
        }
    }

    /// Records that a head is complete, or no longer waited for.
    pub(crate) fn complete_head(&self) {
        *self.head() = HeadState::Complete;
    }

    /// Returns whether a part of a head has come, but not all of it.
    pub(crate) fn is_reading_head(&self) -> bool {
        matches!(*self.head(), HeadState::Started { .. })
    }

    /// Returns the deadline of the current wait for a head, or `None` while no head is awaited.
    pub(crate) fn head_deadline(&self, idle_timeout: Duration, header_timeout: Duration) -> Option<Instant> {
        match &mut *self.head() {
            HeadState::Awaited { since } => Some(*since + idle_timeout),
            HeadState::Started { at } => Some(*at.get_or_insert_with(now) + header_timeout),
            HeadState::Complete => None,
        }
    }

    /// Sets whether only the end of the connection marks the end of the current response's body, as
    /// for an HTTP/1.0 client. If such a body is incomplete, the connection must be reset, because
    /// a plain close would make it look complete.
    ///
    /// Other clients notice missing chunks or bytes. A reset would only cost them bytes that have
    /// already arrived.
    pub(crate) fn set_close_delimited(&self, is_close_delimited: bool) {
        self.is_close_delimited.store(is_close_delimited, Ordering::Relaxed);
    }

    pub(crate) fn is_close_delimited(&self) -> bool {
        self.is_close_delimited.load(Ordering::Relaxed)
    }

    /// Sets the response to write at the end of the connection, where hyper writes none.
    pub(crate) fn set_final_response(&self, response: Vec<u8>) {
        // Set at most once: a connection ends once.
        let _ = self.final_response.set(response);
    }

    pub(crate) fn final_response(&self) -> Option<&[u8]> {
        self.final_response.get().map(Vec::as_slice)
    }

    fn head(&self) -> MutexGuard<'_, HeadState> {
        self.head.lock().unwrap_or_else(PoisonError::into_inner)
    }
}
