//! The layer and its service.

use super::answer::{self, AnswerBody};
use super::exchange::Exchange;
use super::future::MaskFuture;
use super::inspected_body::InspectedBody;
use super::lookup::{Lookup, Routes};
use super::page::PageExchange;
use super::rule::MaskRule;
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
    routes: Arc<Routes>,
}

impl MaskLayer {
    /// A layer that masks on these routes.
    pub fn new(routes: RouteSet<MaskRule>) -> Self {
        Self { routes: Arc::new(Routes::new(routes)) }
    }

    /// The same layer, which rewrites pages too: on each request that is on no masked route, by the first of these that it is on.
    #[must_use]
    pub fn with_pages(self, pages: RouteSet<Arc<PageRule>>) -> Self {
        let routes = Arc::try_unwrap(self.routes).unwrap_or_else(|shared| Routes::new(shared.set.clone()));
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
    routes: Arc<Routes>,
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
        match self.routes.look_up(request.uri()) {
            Lookup::Off(proof) => MaskFuture::passing(proof, self.inner.call(request.map(InspectedBody::unread))),
            Lookup::On(on) => {
                let position = on.position;
                let (exchange, request) = Exchange::begin(on, request);
                MaskFuture::masking(position, exchange, self.inner.call(request))
            }
            Lookup::Page(proof, page) => {
                let exchange = PageExchange::begin(proof, page, &mut request);
                MaskFuture::page(exchange, self.inner.call(request.map(InspectedBody::unread)))
            }
            Lookup::Observed(proof, on) => {
                let position = on.position;
                let exchange = Exchange::observe(on, &request);
                MaskFuture::observing(position, proof, exchange, self.inner.call(request.map(InspectedBody::unread)))
            }
            Lookup::Unreadable(proof, reason) => {
                MaskFuture::unreadable(proof, reason, self.inner.call(request.map(InspectedBody::unread)))
            }
            Lookup::Refused(reason) => MaskFuture::answered(answer::refused(reason)),
        }
    }
}
