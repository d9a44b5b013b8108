//! The outermost service: counts and logs each request, and turns errors into responses.

use super::activity::Activity;
use super::context::ConnectionContext;
use super::record::RequestRecord;
use super::response_body::RecordedBody;
use crate::layer::{AnswerBody, MaskFuture, WriteBackFound};
use crate::proxy::error::{ForwardError, response};
use crate::proxy::upstream::tunnel::Tunnel;
use bytes::Bytes;
use http::{Method, Request, Response};
use http_body::Body;
use http_body_util::{Either, Full};
use pin_project_lite::pin_project;
use std::convert::Infallible;
use std::future::Future;
use std::pin::Pin;
use std::sync::Arc;
use std::task::{Context, Poll, ready};
use std::time::Instant;
use tower::{Layer, Service};

/// Wraps services in [`RecordService`].
#[derive(Clone, Debug)]
pub(crate) struct RecordLayer {
    context: Arc<ConnectionContext>,
}

impl RecordLayer {
    pub(crate) fn new(context: &Arc<ConnectionContext>) -> Self {
        Self { context: Arc::clone(context) }
    }
}

impl<S> Layer<S> for RecordLayer {
    type Service = RecordService<S>;

    fn layer(&self, inner: S) -> RecordService<S> {
        RecordService { inner, context: Arc::clone(&self.context) }
    }
}

/// Keeps a [`RequestRecord`] of each request, from its head to the last byte of its response.
#[derive(Clone, Debug)]
pub struct RecordService<S> {
    inner: S,
    context: Arc<ConnectionContext>,
}

impl<S, R, B> Service<Request<R>> for RecordService<S>
where
    S: Service<Request<R>, Response = Response<AnswerBody<B>>, Error = ForwardError>,
    S::Future: InProgress,
    B: Body + Unpin,
{
    type Response = Response<Either<RecordedBody<B>, Full<Bytes>>>;
    type Error = Infallible;
    type Future = RecordFuture<S::Future>;

    fn poll_ready(&mut self, _: &mut Context<'_>) -> Poll<Result<(), Infallible>> {
        Poll::Ready(Ok(()))
    }

    fn call(&mut self, request: Request<R>) -> Self::Future {
        let active = self.context.activity.as_ref().map(Activity::begin);
        let mut record = Box::new(RequestRecord::begin(&self.context, &request, active));
        let method = request.method().clone();
        let inner = self.inner.call(request);
        record.set_route(inner.route());
        RecordFuture { method, record: Some(record), inner }
    }
}

/// What the future of the inner service reports about a request.
pub(crate) trait InProgress {
    /// Returns the index of the request's route among the layer's routes, or `None` off all routes.
    fn route(&self) -> Option<usize>;

    /// Returns when the head of the upstream's response arrived. `None` if it has not.
    fn answered_at(&self) -> Option<Instant>;

    /// The masked value that was found in the request.
    fn write_back(&self) -> Option<WriteBackFound>;
}

impl<F, B> InProgress for MaskFuture<F, B> {
    fn route(&self) -> Option<usize> {
        self.route()
    }

    fn answered_at(&self) -> Option<Instant> {
        self.answered_at()
    }

    fn write_back(&self) -> Option<WriteBackFound> {
        self.write_back()
    }
}

pin_project! {
    /// The future of [`RecordService`].
    pub struct RecordFuture<F> {
        method: Method,
        record: Option<Box<RequestRecord>>,
        #[pin]
        inner: F,
    }
}

impl<F, B> Future for RecordFuture<F>
where
    F: Future<Output = Result<Response<AnswerBody<B>>, ForwardError>> + InProgress,
    B: Body + Unpin,
{
    type Output = Result<Response<Either<RecordedBody<B>, Full<Bytes>>>, Infallible>;

    fn poll(self: Pin<&mut Self>, cx: &mut Context<'_>) -> Poll<Self::Output> {
        let mut this = self.project();
        let answer = ready!(this.inner.as_mut().poll(cx));
        let Some(mut record) = this.record.take() else { return Poll::Pending };
        if let Some(at) = this.inner.answered_at() {
            record.upstream_answered(at);
        }
        if let Some(found) = this.inner.write_back() {
            record.write_back(this.method, found);
        }
        let response = match answer {
            Ok(mut response) => match Tunnel::take(&mut response) {
                None => RecordedBody::begin(this.method, response, record).map(Either::Left),
                Some(tunnel) => {
                    record.answered(this.method, &response);
                    // The request is in flight until the tunnel ends. Only then is the record
                    // dropped, which counts and logs it.
                    tokio::spawn(async move { record.tunnel_ended(tunnel.run().await) });
                    response.map(|_| Either::Right(Full::default()))
                }
            },
            Err(error) => {
                record.failed(this.method, &error);
                let response = response(error.reason());
                record.offered(response.body().len());
                record.complete();
                response.map(|document| Either::Right(Full::new(document)))
            }
        };
        Poll::Ready(Ok(response))
    }
}
