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

/// Wraps services in [`MaskService`].
///
/// ```
/// use bytes::Bytes;
/// use http::{Request, Response};
/// use http_body_util::{BodyExt, Full};
/// use last4::layer::{InspectedBody, MaskLayer, MaskRule};
/// use last4::mask::{Rules, Selectors};
/// use last4::route::{Pattern, Route, RouteSet};
/// use tower::{Layer, ServiceExt, service_fn};
///
/// # #[tokio::main(flavor = "current_thread")]
/// # async fn main() -> Result<(), Box<dyn std::error::Error>> {
/// let rule = MaskRule::new(Rules::new(Selectors::compile(["token"], false).unwrap()));
/// let keys = Route { name: "keys".to_owned(), pattern: Pattern::template("/keys")?, rule };
/// let legacy = service_fn(async |_: Request<InspectedBody<Full<Bytes>>>| {
///     let list = r#"[{"id":1,"token":"app-8fK2mQ7vXz31LtPq0RbNcY5d"}]"#;
///     Ok::<_, std::convert::Infallible>(Response::new(Full::<Bytes>::from(list)))
/// });
/// let service = MaskLayer::new(RouteSet::compile(vec![keys])?).layer(legacy);
///
/// let answer = service.oneshot(Request::get("/keys").body(Full::default())?).await?;
/// let masked = answer.into_body().collect().await?.to_bytes();
/// assert_eq!(masked, r#"[{"id":1,"token":"app-8...cY5d"}]"#);
/// # Ok(())
/// # }
/// ```
#[derive(Clone, Debug)]
pub struct MaskLayer {
    routes: Arc<RouteTable>,
}

impl MaskLayer {
    /// Creates a layer that masks on these routes.
    pub fn new(routes: RouteSet<MaskRule>) -> Self {
        Self { routes: Arc::new(RouteTable::new(routes)) }
    }

    /// The same layer, which also rewrites pages. A request on no masked route is under the first
    /// of these rules whose route it is on.
    #[cfg(feature = "page")]
    #[must_use]
    pub fn with_pages(self, pages: RouteSet<Arc<PageRule>>) -> Self {
        let routes = Arc::try_unwrap(self.routes).unwrap_or_else(|shared| RouteTable::new(shared.set.clone()));
        Self { routes: Arc::new(routes.with_pages(pages)) }
    }

    /// The routes, in the order of the positions that [`MaskFuture::route`] returns.
    pub fn routes(&self) -> &[Route<MaskRule>] {
        self.routes.set.routes()
    }

    /// Whether any route masks. If false, every route only observes, and a proxy around the layer
    /// must be transparent.
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
        let write_back = self.routes.find_masked_target(request.uri());
        if write_back.is_some_and(|found| found.is_refused) {
            return MaskFuture::answered(answer::refused_write_back()).with_write_back(write_back);
        }
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
                let (exchange, request) = Exchange::observe(on, request);
                (Some(position), request, OnAnswer::DryRun(proof, exchange))
            }
            Lookup::Unreadable(proof, reason) => {
                (None, request.map(InspectedBody::unread), OnAnswer::Unreadable(proof, reason))
            }
            Lookup::Refused(reason) => return MaskFuture::answered(answer::refused(reason)),
        };
        MaskFuture::waiting(route, self.inner.call(request), then).with_write_back(write_back)
    }
}
