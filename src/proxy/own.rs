//! A connection to the upstream that is one client's alone, for APIs that authenticate the connection.

use super::connection_auth::authenticates;
use super::pool::{Idle, Pool};
use http::{Request, Version};
use std::sync::atomic::{AtomicBool, Ordering};
use std::sync::{Arc, Mutex, PoisonError};

/// The place of the upstream connection that belongs to a client's connection, and ends with it. Empty until the client
/// authenticates one, and while that is in use. Cheap to clone; clones are the same place.
#[derive(Debug)]
pub(super) struct Own<B>(Arc<Place<B>>);

/// A connection, with the pool by whose settings it was made.
type Kept<B> = (Idle<B>, Arc<Pool<B>>);

#[derive(Debug)]
struct Place<B> {
    claimed: AtomicBool,
    kept: Mutex<Option<Kept<B>>>,
}

impl<B> Clone for Own<B> {
    fn clone(&self) -> Self {
        Self(Arc::clone(&self.0))
    }
}

impl<B> Default for Own<B> {
    fn default() -> Self {
        Self(Arc::new(Place { claimed: AtomicBool::new(false), kept: Mutex::new(None) }))
    }
}

impl<B: Send + 'static> Own<B> {
    /// Has a request go over the client's own connection, if it authenticates one or follows a request that did.
    ///
    /// One of HTTP/2 does not: its client sends many at once, each of which would need the connection for itself.
    pub(super) fn claim<T>(&self, request: &mut Request<T>) {
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

impl<B> Own<B> {
    pub(super) fn take(&self) -> Option<Kept<B>> {
        self.0.kept.lock().unwrap_or_else(PoisonError::into_inner).take()
    }

    pub(super) fn keep(&self, idle: Idle<B>, pool: Arc<Pool<B>>) {
        *self.0.kept.lock().unwrap_or_else(PoisonError::into_inner) = Some((idle, pool));
    }
}
