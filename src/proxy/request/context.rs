//! What the services of the [stack](super::stack) know of the connection that a request comes on.

use super::activity::Activity;
use super::counters::RouteCounters;
use crate::proxy::peer::Peer;
use crate::proxy::settings::Settings;
use crate::proxy::upstream::pool::PinnedConnection;
use crate::proxy::upstream::request_body::RequestBody;
use std::sync::Arc;

/// A client connection, by the configuration that its requests are served by.
#[derive(Clone, Debug)]
pub(crate) struct ConnectionContext {
    pub(crate) settings: Arc<Settings>,
    pub(crate) counters: Arc<RouteCounters>,
    /// Whether any route masks. If false, every route only observes, and there is no mask that a
    /// request could get around.
    pub(crate) enforces: bool,
    pub(crate) peer: Peer,
    /// The scheme that the client speaks: `https` or `http`.
    pub(crate) scheme: &'static str,
    /// The requests in flight. `None` over HTTP/1, where there is at most one.
    pub(crate) activity: Option<Arc<Activity>>,
    /// The upstream connection that this client has authenticated, if it has.
    pub(crate) pinned: PinnedConnection<RequestBody>,
}
