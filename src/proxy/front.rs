//! The outermost service: refuses what no server should be sent, prepares the rest, and turns failures into answers.

use super::activity::{Active, Activity};
use super::books::Books;
use super::forward::Forward;
use super::observed::{ObservedBody, failed, observe};
use super::own::Own;
use super::peer::{Peer, PeerAddress};
use super::prepare::{Preparation, Refusal, prepare};
use super::record::Record;
use super::request_body::RequestBody;
use super::settings::Settings;
use super::setup::Setup;
use super::tunnel::Tunnel;
use super::upstream_body::UpstreamBody;
use crate::layer::{InspectedBody, MaskFuture, MaskLayer, MaskService};
use crate::metrics::{OpenConnection, Worker};
use crate::problem;
use arc_swap::ArcSwap;
use bytes::Bytes;
use http::header::{CONNECTION, HeaderValue};
use http::{Method, Request, Response, StatusCode};
use http_body_util::{Either, Full};
use hyper::body::Incoming;
use pin_project_lite::pin_project;
use std::convert::Infallible;
use std::future::Future;
use std::pin::Pin;
use std::sync::Arc;
use std::task::{Context, Poll, ready};
use tower_layer::Layer;
use tower_service::Service;

type InnerFuture =
    MaskFuture<<Forward as Service<Request<InspectedBody<Incoming>>>>::Future, UpstreamBody<RequestBody>>;
/// The body of every response that leaves the proxy.
pub type ResponseBody = Either<ObservedBody<UpstreamBody<RequestBody>>, Full<Bytes>>;

/// The proxy as a service. One for each worker; [`Front::for_peer`] gives one for each connection. Clones are the same proxy.
#[derive(Clone, Debug)]
pub struct Front {
    /// What requests are served by from now on. A request takes what it finds when it comes and keeps it to its end. The cell is
    /// the worker's own, so that to look into it moves nothing between cores.
    current: Arc<ArcSwap<Current>>,
}

#[derive(Debug)]
struct Current {
    layer: MaskLayer,
    forward: Forward,
    settings: Arc<Settings>,
    books: Arc<Books>,
    /// Whether any route masks.
    enforces: bool,
}

impl Current {
    fn new(setup: &Setup, forward: Forward, worker: Arc<Worker>) -> Self {
        let Setup { settings, layer } = setup.clone();
        let books = Arc::new(Books::new(worker, &layer));
        Self { enforces: layer.enforces(), layer, forward, settings, books }
    }
}

impl Front {
    /// The proxy with connections of its own to the upstream, which counts as this worker.
    pub fn new(setup: &Setup, worker: Arc<Worker>) -> Self {
        let forward = Forward::new(&setup.settings, Arc::clone(&worker));
        Self { current: Arc::new(ArcSwap::from_pointee(Current::new(setup, forward, worker))) }
    }

    /// Serves by another setup from the next request on, on old connections and new. It goes on counting as the same worker.
    pub fn replace(&self, setup: &Setup) {
        let current = self.current.load();
        let forward = current.forward.succeeded_by(&setup.settings);
        let worker = Arc::clone(&current.books.worker);
        self.current.store(Arc::new(Current::new(setup, forward, worker)));
    }

    /// The service for one client connection.
    pub fn for_peer(&self, address: impl Into<PeerAddress>) -> PeerService {
        let current = self.current.load();
        let settings = Arc::clone(&current.settings);
        let address = address.into();
        PeerService {
            front: self.clone(),
            address,
            peer: Peer::new(address, &settings.forwarded),
            settings,
            proto: "http",
            activity: None,
            own: Own::default(),
            open: Arc::new(OpenConnection::begin(&current.books.worker)),
        }
    }
}

/// The proxy for one client connection.
#[derive(Clone, Debug)]
pub struct PeerService {
    front: Front,
    address: PeerAddress,
    /// The client by the settings below, which nearly always are the current ones.
    peer: Peer,
    settings: Arc<Settings>,
    /// What the client speaks: `https` or `http`.
    proto: &'static str,
    /// Where its requests are noted, if anybody needs to know when there is none.
    activity: Option<Arc<Activity>>,
    /// The upstream connection that is this client's alone, if it needs one.
    own: Own<RequestBody>,
    open: Arc<OpenConnection>,
}

impl PeerService {
    /// The same for a connection that is encrypted.
    #[must_use]
    pub fn over_tls(self) -> Self {
        Self { proto: "https", ..self }
    }

    /// The same with its requests noted here.
    pub(super) fn noted_in(self, activity: Arc<Activity>) -> Self {
        Self { activity: Some(activity), ..self }
    }

    /// Who the client is, for the log.
    pub(super) fn client(&self) -> &str {
        self.peer.address()
    }

    /// What counts the connection as open.
    pub(super) fn open(&self) -> Arc<OpenConnection> {
        Arc::clone(&self.open)
    }

    /// Counts a connection that ended before it was encrypted.
    pub(super) fn handshake_failed(&self, reason: &'static str) {
        self.open.worker().handshake_failed(reason);
    }

    /// Counts a request that was refused before its head was there.
    pub(super) fn refused(&self, reason: &'static str) {
        self.open.worker().refused(reason);
    }
}

impl hyper::service::Service<Request<Incoming>> for PeerService {
    type Response = Response<ResponseBody>;
    type Error = Infallible;
    type Future = FrontFuture;

    fn call(&self, mut request: Request<Incoming>) -> FrontFuture {
        let current = self.front.current.load();
        let settings = &current.settings;
        let anew;
        let peer = if Arc::ptr_eq(settings, &self.settings) {
            &self.peer
        } else {
            anew = Peer::new(self.address, &settings.forwarded);
            &anew
        };
        let active = self.activity.as_ref().map(Activity::begin);
        let others = active.as_ref().map_or(0, Active::others);
        let mut record = Box::new(Record::begin(&current.books, &request, peer, settings.log_paths, active));
        self.own.claim(&mut request);
        let rules = Preparation { settings, enforces: current.enforces, peer, proto: self.proto };
        match prepare(&mut request, &rules) {
            Ok(()) => {
                let method = request.method().clone();
                let mut service: MaskService<Forward> = current.layer.layer(current.forward.beside(others));
                let inner = service.call(request);
                record.on(inner.route());
                FrontFuture::Forwarding { method, record: Some(record), inner }
            }
            Err(refusal) => FrontFuture::Refused { refusal, record: Some(record) },
        }
    }
}

pin_project! {
    /// The future of [`PeerService`].
    #[project = FrontFutureProj]
    pub enum FrontFuture {
        /// The request is on its way.
        #[doc(hidden)]
        Forwarding { method: Method, record: Option<Box<Record>>, #[pin] inner: InnerFuture },
        /// The request goes nowhere.
        #[doc(hidden)]
        Refused { refusal: Refusal, record: Option<Box<Record>> },
    }
}

impl Future for FrontFuture {
    type Output = Result<Response<ResponseBody>, Infallible>;

    fn poll(self: Pin<&mut Self>, cx: &mut Context<'_>) -> Poll<Self::Output> {
        let response = match self.project() {
            FrontFutureProj::Forwarding { method, record, mut inner } => {
                let answer = ready!(inner.as_mut().poll(cx));
                let Some(mut record) = record.take() else { return Poll::Pending };
                if let Some(at) = inner.answered_at() {
                    record.answered(at);
                }
                match answer {
                    Ok(response) if response.status() != StatusCode::SWITCHING_PROTOCOLS => {
                        observe(method, response, record).map(Either::Left)
                    }
                    Ok(mut response) => match response.extensions_mut().remove::<Tunnel>() {
                        None => observe(method, response, record).map(Either::Left),
                        Some(tunnel) => {
                            record.answers(response.status(), response.extensions().get());
                            tunnel.begin(record);
                            response.map(|_| Either::Right(Full::default()))
                        }
                    },
                    Err(error) => {
                        failed(method, &error);
                        record.failed(&error);
                        document(error.to_response(), &mut record)
                    }
                }
            }
            FrontFutureProj::Refused { refusal, record } => {
                let Some(mut record) = record.take() else { return Poll::Pending };
                refuse(*refusal, &mut record)
            }
        };
        Poll::Ready(Ok(response))
    }
}

/// An answer in last4's own name, which is over for the record once it begins.
fn document(response: Response<Bytes>, record: &mut Record) -> Response<ResponseBody> {
    record.sent(response.body().len());
    record.whole();
    response.map(|document| Either::Right(Full::new(document)))
}

fn refuse(refusal: Refusal, record: &mut Record) -> Response<ResponseBody> {
    let (status, reason, detail) = refusal.describe();
    record.refused(status, reason);
    let mut response = problem::response(status, reason, detail);
    response.headers_mut().insert(CONNECTION, HeaderValue::from_static("close"));
    document(response, record)
}
