//! Bounds how many requests are at the upstream at once, with a fair share for each client.

use super::context::ConnectionContext;
use crate::proxy::error::ForwardError;
use crate::proxy::net::limit::{CountLimit, Permit};
use crate::proxy::upstream::tunnel::Tunnel;
use http::{Request, Response};
use http_body::{Body, Frame, SizeHint};
use pin_project_lite::pin_project;
use std::future::Future;
use std::pin::Pin;
use std::sync::Arc;
use std::task::{Context, Poll, ready};
use tower::{Layer, Service};

/// Wraps services in [`AdmissionService`].
#[derive(Clone, Debug)]
pub(crate) struct AdmissionLayer {
    limit: CountLimit,
    context: Arc<ConnectionContext>,
}

impl AdmissionLayer {
    pub(crate) fn new(limit: &CountLimit, context: &Arc<ConnectionContext>) -> Self {
        Self { limit: limit.clone(), context: Arc::clone(context) }
    }
}

impl<S> Layer<S> for AdmissionLayer {
    type Service = AdmissionService<S>;

    fn layer(&self, inner: S) -> AdmissionService<S> {
        AdmissionService { inner, limit: self.limit.clone(), context: Arc::clone(&self.context) }
    }
}

/// Gives each request a permit, or turns it away.
#[derive(Clone, Debug)]
pub struct AdmissionService<S> {
    inner: S,
    limit: CountLimit,
    context: Arc<ConnectionContext>,
}

impl<S, R, B> Service<Request<R>> for AdmissionService<S>
where
    S: Service<Request<R>, Response = Response<B>, Error = ForwardError>,
{
    type Response = Response<AdmittedBody<B>>;
    type Error = ForwardError;
    type Future = AdmissionFuture<S::Future>;

    fn poll_ready(&mut self, cx: &mut Context<'_>) -> Poll<Result<(), ForwardError>> {
        self.inner.poll_ready(cx)
    }

    fn call(&mut self, request: Request<R>) -> Self::Future {
        let others = self.context.activity.as_ref().map_or(0, |activity| activity.others());
        match self.limit.try_acquire(others) {
            Some(permit) => AdmissionFuture::Admitted { permit: Some(permit), inner: self.inner.call(request) },
            None => AdmissionFuture::TurnedAway,
        }
    }
}

pin_project! {
    /// The future of [`AdmissionService`].
    #[project = AdmissionFutureProj]
    pub enum AdmissionFuture<F> {
        /// The request has a permit.
        #[doc(hidden)]
        Admitted { permit: Option<Permit>, #[pin] inner: F },
        /// There are too many requests.
        #[doc(hidden)]
        TurnedAway,
    }
}

impl<F, B> Future for AdmissionFuture<F>
where
    F: Future<Output = Result<Response<B>, ForwardError>>,
{
    type Output = Result<Response<AdmittedBody<B>>, ForwardError>;

    fn poll(self: Pin<&mut Self>, cx: &mut Context<'_>) -> Poll<Self::Output> {
        match self.project() {
            AdmissionFutureProj::Admitted { permit, inner } => {
                let mut response = ready!(inner.poll(cx))?;
                // If the response opens a tunnel, the tunnel takes the permit: the body is dropped
                // at once, but the upstream is busy until the tunnel ends.
                Tunnel::hold(&mut response, permit);
                Poll::Ready(Ok(response.map(|body| AdmittedBody { body, _permit: permit.take() })))
            }
            AdmissionFutureProj::TurnedAway => Poll::Ready(Err(ForwardError::TooManyRequests)),
        }
    }
}

/// The body of a response, with the permit of its request: the upstream is busy until the last
/// byte.
#[derive(Debug)]
pub struct AdmittedBody<B> {
    body: B,
    _permit: Option<Permit>,
}

impl<B: Body + Unpin> Body for AdmittedBody<B> {
    type Data = B::Data;
    type Error = B::Error;

    fn poll_frame(mut self: Pin<&mut Self>, cx: &mut Context<'_>) -> Poll<Option<Result<Frame<B::Data>, B::Error>>> {
        Pin::new(&mut self.body).poll_frame(cx)
    }

    fn is_end_stream(&self) -> bool {
        self.body.is_end_stream()
    }

    fn size_hint(&self) -> SizeHint {
        self.body.size_hint()
    }
}
