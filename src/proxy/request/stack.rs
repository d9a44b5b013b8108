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

/// Composes the stack, the outermost service first: a request passes the lines from top to bottom,
/// and its answer from bottom to top.
///
/// Every service is always ready (`poll_ready`): what a request may have to wait for depends on the
/// request, so it waits in the response future.
///
/// # Why so little of tower's own middleware
/// `ConcurrencyLimit` gives its permit back when the response *head* is there, but an upstream is
/// busy until the last byte of the body, so our permits live in bodies. It also knows no fair
/// shares. `Timeout` has one clock for everything; here the connect, the head and each byte of a
/// body have their own limits. `LoadShed` and `Buffer` solve what does not occur in an always ready
/// stack.
pub(crate) fn compose(
    context: &Arc<ConnectionContext>,
    mask: &MaskLayer,
    admission: &CountLimit,
    upstream: &UpstreamClient,
) -> Stack {
    ServiceBuilder::new()
        // Outermost, so that every answer is counted and logged, also those that the services below
        // give in last4's own name.
        .layer(RecordLayer::new(context))
        // Before masking: a route must be looked up in the request that the upstream will see,
        // without what could re-route it.
        .layer(PrepareLayer::new(context))
        // Decides from the path whether the answer is masked. What it refuses needs no place at the
        // upstream.
        .layer(mask.clone())
        // Below masking, so that a request that is turned away is counted on its route.
        .layer(AdmissionLayer::new(admission, context))
        .service(upstream.clone())
}
