//! The layer and its service.

use super::future::{MaskFuture, OnAnswer};
use super::lookup::{Lookup, RouteTable};
use super::page::PageExchange;
use super::request::{Exchange, InspectedBody};
use super::response::{AnswerBody, answer};
use super::rule::MaskRule;
#[cfg(feature = "page")]
use crate::page::PageRule;
use crate::route::{Route, RouteSet};
use http::{Request, Response};
use http_body::Body;
use std::sync::Arc;
use std::task::{Context, Poll};
use tower_layer::Layer;
use tower_service::Service;

/// Wraps services in [`MaskService`]. See the [module](super) for an example.
#[derive(Clone, Debug)]
pub struct MaskLayer {
    routes: Arc<RouteTable>,
}

impl MaskLayer {
    /// A layer that masks on these routes.
    pub fn new(routes: RouteSet<MaskRule>) -> Self {
        Self { routes: Arc::new(RouteTable::new(routes)) }
    }

    /// The same layer, which also rewrites pages. A request on no masked route is under the first of
    /// these rules whose route it is on.
    #[cfg(feature = "page")]
    #[must_use]
    pub fn with_pages(self, pages: RouteSet<Arc<PageRule>>) -> Self {
        let routes = Arc::try_unwrap(self.routes).unwrap_or_else(|shared| RouteTable::new(shared.set.clone()));
        Self { routes: Arc::new(routes.with_pages(pages)) }
    }

    /// The routes, in the order by which [`MaskFuture::route`] counts them.
    pub fn routes(&self) -> &[Route<MaskRule>] {
        self.routes.set.routes()
    }

    /// Whether any route masks. Where all only observe, nothing that is done for the masks' sake is to be felt.
    pub fn enforces(&self) -> bool {
        self.routes.enforces
    }
}

impl<S> Layer<S> for MaskLayer {
    type Service = MaskService<S>;

    fn layer(&self, inner: S) -> MaskService<S> {
        MaskService { inner, routes: Arc::clone(&self.routes) }
    }
}

/// Masks the answers of the service inside it.
#[derive(Clone, Debug)]
pub struct MaskService<S> {
    inner: S,
    routes: Arc<RouteTable>,
}

impl<S, RequestBody, ResponseBody> Service<Request<RequestBody>> for MaskService<S>
where
    S: Service<Request<InspectedBody<RequestBody>>, Response = Response<ResponseBody>>,
    RequestBody: Body,
    ResponseBody: Body + Unpin,
{
    type Response = Response<AnswerBody<ResponseBody>>;
    type Error = S::Error;
    type Future = MaskFuture<S::Future, ResponseBody>;

    fn poll_ready(&mut self, cx: &mut Context<'_>) -> Poll<Result<(), S::Error>> {
        self.inner.poll_ready(cx)
    }

    fn call(&mut self, mut request: Request<RequestBody>) -> Self::Future {
        let (route, request, then) = match self.routes.look_up(request.uri()) {
            Lookup::Off(proof) => (None, request.map(InspectedBody::unread), OnAnswer::Pass(proof)),
            Lookup::On(on) => {
                let position = on.position;
                let (exchange, request) = Exchange::begin(on, request);
                (Some(position), request, OnAnswer::Mask(exchange))
            }
            Lookup::Page(proof, page) => {
                let exchange = PageExchange::begin(proof, page, &mut request);
                (None, request.map(InspectedBody::unread), OnAnswer::Page(exchange))
            }
            Lookup::DryRun(proof, on) => {
                let position = on.position;
                let exchange = Exchange::observe(on, &request);
                (Some(position), request.map(InspectedBody::unread), OnAnswer::DryRun(proof, exchange))
            }
            Lookup::Unreadable(proof, reason) => {
                (None, request.map(InspectedBody::unread), OnAnswer::Unreadable(proof, reason))
            }
            Lookup::Refused(reason) => return MaskFuture::answered(answer::refused(reason)),
        };
        MaskFuture::waiting(route, self.inner.call(request), then)
    }
}
