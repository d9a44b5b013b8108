//! The layer and its service: finds a request's route.

use super::answer::{self, AnswerBody, OffRoute};
use super::exchange::Exchange;
use super::future::MaskFuture;
use super::rule::MaskRule;
use crate::reason::Reason;
use crate::route::{CanonicalPath, RouteSet};
use http::{Request, Response, Uri};
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
        let rules = routes.routes().iter().map(|route| (route.name.as_str().into(), Arc::new(route.rule.clone())));
        Self { routes: Arc::new(Routes { rules: rules.collect(), set: routes }) }
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

#[derive(Debug)]
struct Routes {
    set: RouteSet<MaskRule>,
    /// Name and rule of each route, shared with the exchanges on it.
    rules: Vec<(Arc<str>, Arc<MaskRule>)>,
}

enum Lookup {
    Off(OffRoute),
    On(Arc<str>, Arc<MaskRule>),
    Refused(Reason),
}

impl Routes {
    fn look_up(&self, uri: &Uri) -> Lookup {
        let Ok(path) = CanonicalPath::new(uri.path().as_bytes()) else {
            return Lookup::Refused(Reason::AmbiguousPath);
        };
        let mut on: Option<(Arc<str>, Arc<MaskRule>)> = None;
        for (name, rule) in self.set.find(&path).filter_map(|found| self.rules.get(found.position)) {
            on = Some(match on {
                None => (Arc::clone(name), Arc::clone(rule)),
                Some((first, so_far)) => match so_far.union(rule) {
                    Ok(union) => (first, Arc::new(union)),
                    Err(_) => return Lookup::Refused(Reason::AmbiguousPath),
                },
            });
        }
        match on {
            Some((name, rule)) => Lookup::On(name, rule),
            None => Lookup::Off(OffRoute::no_route_was_found()),
        }
    }
}

impl<S, RequestBody, ResponseBody> Service<Request<RequestBody>> for MaskService<S>
where
    S: Service<Request<RequestBody>, Response = Response<ResponseBody>>,
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
            Lookup::Off(proof) => MaskFuture::passing(proof, self.inner.call(request)),
            Lookup::On(route, rule) => {
                let exchange = Exchange::begin(route, rule, &mut request);
                MaskFuture::masking(exchange, self.inner.call(request))
            }
            Lookup::Refused(reason) => MaskFuture::answered(answer::refused(reason)),
        }
    }
}
