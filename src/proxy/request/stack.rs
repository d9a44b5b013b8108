//! The services that a request passes through, from the client's connection to the upstream.

use super::admission::{AdmissionLayer, AdmissionService};
use super::context::ConnectionContext;
use super::preparation::{PrepareLayer, PrepareService};
use super::recording::{RecordLayer, RecordService};
use crate::layer::{MaskLayer, MaskService};
use crate::proxy::net::limit::CountLimit;
use crate::proxy::upstream::client::UpstreamClient;
use std::sync::Arc;
use tower::ServiceBuilder;

/// The stack of one connection. Cheap to clone: each request gets a clone.
pub(crate) type Stack = RecordService<PrepareService<MaskService<AdmissionService<UpstreamClient>>>>;

/// Composes the stack, the outermost service first. A request passes the lines from top to bottom,
/// and its response from bottom to top.
///
/// Every service is always ready (`poll_ready`). A request waits in its response future instead,
/// because what it must wait for depends on the request.
///
/// # Why so little of tower's own middleware
/// `ConcurrencyLimit` returns its permit with the *head* of the response. But an upstream is busy
/// until the last byte of the body, so our bodies hold the permits. `ConcurrencyLimit` also has no
/// fair shares. `Timeout` has one limit for the whole request; here connecting, the head and each
/// byte of a body have their own limits. `LoadShed` and `Buffer` are for services that are not
/// always ready.
pub(crate) fn compose(
    context: &Arc<ConnectionContext>,
    mask: &MaskLayer,
    admission: &CountLimit,
    upstream: &UpstreamClient,
) -> Stack {
    ServiceBuilder::new()
        // Outermost, so that every response is counted and logged, including those that the
        // services below create.
        .layer(RecordLayer::new(context))
        // Before masking, so that the route is looked up in the request that the upstream will see,
        // without the fields that could re-route it.
        .layer(PrepareLayer::new(context))
        // Decides from the path whether the response is masked. Above admission, because a request
        // that it refuses needs no permit.
        .layer(mask.clone())
        // Below masking, so that a request that gets no permit is counted on its route.
        .layer(AdmissionLayer::new(admission, context))
        .service(upstream.for_connection(context.pinned.clone()))
}
