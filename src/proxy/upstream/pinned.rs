//! A connection to the upstream that is one client's alone, for APIs that authenticate the connection.

use crate::proxy::headers::connection_auth::authenticates;
use http::{Request, Version};
use std::sync::atomic::{AtomicBool, Ordering};
use std::sync::{Arc, Mutex, PoisonError};

/// Holds the upstream connection that belongs to one client connection. Empty until the client authenticates a connection, and while
/// that connection is in use. Clones share the slot; the connection is closed when the last clone is dropped.
#[derive(Debug)]
pub(crate) struct PinnedSlot<C>(Arc<Slot<C>>);

#[derive(Debug)]
struct Slot<C> {
    claimed: AtomicBool,
    connection: Mutex<Option<C>>,
}

impl<C> Clone for PinnedSlot<C> {
    fn clone(&self) -> Self {
        Self(Arc::clone(&self.0))
    }
}

impl<C> Default for PinnedSlot<C> {
    fn default() -> Self {
        Self(Arc::new(Slot { claimed: AtomicBool::new(false), connection: Mutex::new(None) }))
    }
}

impl<C: Send + 'static> PinnedSlot<C> {
    /// Has a request go over the client's own connection, if it authenticates one or follows a request that did.
    ///
    /// One of HTTP/2 does not: its client sends many at once, each of which would need the connection for itself.
    pub(crate) fn claim<T>(&self, request: &mut Request<T>) {
        if request.version() >= Version::HTTP_2 {
            return;
        }
        let claimed = &self.0.claimed;
        if claimed.load(Ordering::Relaxed) || authenticates(request.headers()) {
            claimed.store(true, Ordering::Relaxed);
            request.extensions_mut().insert(self.clone());
        }
    }
}

impl<C> PinnedSlot<C> {
    pub(crate) fn take(&self) -> Option<C> {
        self.0.connection.lock().unwrap_or_else(PoisonError::into_inner).take()
    }

    pub(crate) fn keep(&self, connection: C) {
        *self.0.connection.lock().unwrap_or_else(PoisonError::into_inner) = Some(connection);
    }
}
