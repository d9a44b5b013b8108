//! The facts that the services of the [stack](super::stack) use about a request's connection.

use super::activity::Activity;
use super::counters::RouteCounters;
use crate::proxy::peer::Peer;
use crate::proxy::settings::Settings;
use crate::proxy::upstream::pool::PinnedConnection;
use std::sync::Arc;

/// A client connection, with the configuration for its requests.
#[derive(Clone, Debug)]
pub(crate) struct ConnectionContext {
    pub(crate) settings: Arc<Settings>,
    pub(crate) counters: Arc<RouteCounters>,
    /// Whether any route masks. If false, every route only observes, so header fields that could
    /// get around a mask may pass.
    pub(crate) enforces: bool,
    pub(crate) peer: Peer,
    /// The scheme of the client's connection: `https` or `http`.
    pub(crate) scheme: &'static str,
    /// The connection's requests in flight. `None` over HTTP/1, where there is at most one.
    pub(crate) activity: Option<Arc<Activity>>,
    /// The slot for the upstream connection that this client authenticates. `None` over HTTP/2.
    pub(crate) pinned: Option<PinnedConnection>,
}
