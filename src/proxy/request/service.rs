//! The proxy as a service: for each worker, and for each of its client connections.

use super::activity::Activity;
use super::admission::AdmittedBody;
use super::context::ConnectionContext;
use super::counters::RouteCounters;
use super::response_body::RecordedBody;
use super::stack::{Stack, compose};
use crate::layer::MaskLayer;
use crate::metrics::{OpenConnection, Worker};
use crate::proxy::net::limit::CountLimit;
use crate::proxy::peer::{Peer, PeerAddress};
use crate::proxy::settings::Settings;
use crate::proxy::snapshot::Snapshot;
use crate::proxy::upstream::client::UpstreamClient;
use crate::proxy::upstream::pool::PinnedConnection;
use crate::proxy::upstream::response_body::UpstreamBody;
use arc_swap::ArcSwap;
use bytes::Bytes;
use http::Request;
use http_body_util::{Either, Full};
use hyper::body::Incoming;
use std::sync::Arc;
use tower::Service;

/// The proxy of one worker. [`ProxyService::for_peer`] makes the service of one connection. Clones
/// share all state.
#[derive(Clone, Debug)]
pub struct ProxyService {
    /// The configuration in force. Each request keeps the configuration that was in force when it
    /// arrived. Each worker has a cell of its own, so that reading it moves no cache line between
    /// cores.
    in_force: Arc<ArcSwap<InForce>>,
}

/// A [`Snapshot`], and what a worker derives from it.
#[derive(Debug)]
struct InForce {
    settings: Arc<Settings>,
    mask: MaskLayer,
    admission: CountLimit,
    upstream: UpstreamClient,
    counters: Arc<RouteCounters>,
}

impl InForce {
    fn new(snapshot: &Snapshot, admission: CountLimit, upstream: UpstreamClient, worker: Arc<Worker>) -> Self {
        let Snapshot { settings, layer: mask } = snapshot.clone();
        let counters = Arc::new(RouteCounters::new(worker, &mask));
        Self { settings, mask, admission, upstream, counters }
    }
}

impl ProxyService {
    /// Creates a proxy with its own connections to the upstream. Its requests count in the metrics
    /// of `worker`.
    pub fn new(snapshot: &Snapshot, worker: Arc<Worker>) -> Self {
        let admission = CountLimit::new(snapshot.settings.limits.max_requests);
        let upstream = UpstreamClient::new(&snapshot.settings, Arc::clone(&worker));
        Self { in_force: Arc::new(ArcSwap::from_pointee(InForce::new(snapshot, admission, upstream, worker))) }
    }

    /// Replaces the configuration, from the next request on each connection on.
    pub fn replace(&self, snapshot: &Snapshot) {
        let old = self.in_force.load();
        let admission = old.admission.with_limit(snapshot.settings.limits.max_requests);
        let upstream = old.upstream.with_settings(&snapshot.settings);
        let worker = Arc::clone(&old.counters.worker);
        self.in_force.store(Arc::new(InForce::new(snapshot, admission, upstream, worker)));
    }

    /// Returns the service for one client connection.
    pub fn for_peer(&self, address: impl Into<PeerAddress>) -> ConnectionService {
        let (in_force, address) = (self.in_force.load_full(), address.into());
        let context = ConnectionContext {
            settings: Arc::clone(&in_force.settings),
            counters: Arc::clone(&in_force.counters),
            enforces: in_force.mask.enforces(),
            peer: Peer::new(address, &in_force.settings.forwarded),
            scheme: "http",
            activity: None,
            pinned: Some(PinnedConnection::default()),
        };
        let open = Arc::new(OpenConnection::begin(&in_force.counters.worker));
        ConnectionService::new(self.clone(), in_force, address, context, open)
    }
}

/// The proxy for one client connection.
#[derive(Clone, Debug)]
pub struct ConnectionService {
    proxy: ProxyService,
    address: PeerAddress,
    /// Counts the connection as open.
    open: Arc<OpenConnection>,
    context: Arc<ConnectionContext>,
    /// The configuration from which `context` and `stack` were made. It is the one in force, unless
    /// a reload came since.
    in_force: Arc<InForce>,
    stack: Stack,
}

impl ConnectionService {
    fn new(
        proxy: ProxyService,
        in_force: Arc<InForce>,
        address: PeerAddress,
        context: ConnectionContext,
        open: Arc<OpenConnection>,
    ) -> Self {
        let context = Arc::new(context);
        let stack = compose(&context, &in_force.mask, &in_force.admission, &in_force.upstream);
        Self { proxy, address, open, context, in_force, stack }
    }

    /// Returns the same service for a connection with TLS.
    #[must_use]
    pub fn over_tls(self) -> Self {
        let context = ConnectionContext { scheme: "https", ..(*self.context).clone() };
        Self::new(self.proxy, self.in_force, self.address, context, self.open)
    }

    /// Returns the same service for an HTTP/2 connection, which counts its requests in `activity`.
    pub(crate) fn noted_in(self, activity: Arc<Activity>) -> Self {
        let context = ConnectionContext { activity: Some(activity), pinned: None, ..(*self.context).clone() };
        Self::new(self.proxy, self.in_force, self.address, context, self.open)
    }

    /// Builds this connection's stack for another configuration.
    fn stack_for(&self, in_force: &InForce) -> Stack {
        let context = ConnectionContext {
            settings: Arc::clone(&in_force.settings),
            counters: Arc::clone(&in_force.counters),
            enforces: in_force.mask.enforces(),
            peer: Peer::new(self.address, &in_force.settings.forwarded),
            ..(*self.context).clone()
        };
        compose(&Arc::new(context), &in_force.mask, &in_force.admission, &in_force.upstream)
    }

    /// Returns the client's address, for the log.
    pub(crate) fn client(&self) -> &str {
        self.context.peer.address()
    }

    pub(crate) fn open(&self) -> &Arc<OpenConnection> {
        &self.open
    }
}

/// The body of every response that leaves the proxy.
pub type ResponseBody = Either<RecordedBody<AdmittedBody<UpstreamBody>>, Full<Bytes>>;

impl hyper::service::Service<Request<Incoming>> for ConnectionService {
    type Response = <Stack as Service<Request<Incoming>>>::Response;
    type Error = <Stack as Service<Request<Incoming>>>::Error;
    type Future = <Stack as Service<Request<Incoming>>>::Future;

    fn call(&self, request: Request<Incoming>) -> Self::Future {
        let in_force = self.proxy.in_force.load();
        if Arc::ptr_eq(&in_force, &self.in_force) {
            self.stack.clone().call(request)
        } else {
            self.stack_for(&in_force).call(request)
        }
    }
}
