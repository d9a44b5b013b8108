//! The outermost service: refuses what no server should be sent, prepares the rest, and turns failures into answers.

use super::books::Books;
use super::forward::Forward;
use super::headers::{Peer, Rerouting, keep_only_trailers, remove_hop_by_hop, remove_unwanted, set_forwarded};
use super::observed::{ObservedBody, failed, observe};
use super::pool::UpstreamBody;
use super::record::Record;
use super::request_body::RequestBody;
use super::settings::Settings;
use crate::layer::{MaskFuture, MaskLayer, MaskService};
use crate::metrics::{OpenConnection, Worker};
use crate::problem;
use bytes::Bytes;
use http::header::{CONNECTION, COOKIE, HOST, HeaderValue, UPGRADE};
use http::{HeaderMap, Method, Request, Response, StatusCode, Uri, Version};
use http_body_util::{Either, Full};
use hyper::body::Incoming;
use pin_project_lite::pin_project;
use std::convert::Infallible;
use std::future::Future;
use std::net::SocketAddr;
use std::pin::Pin;
use std::sync::Arc;
use std::task::{Context, Poll, ready};
use tower_layer::Layer;
use tower_service::Service;

type Inner = MaskService<Forward>;
type InnerFuture = MaskFuture<<Forward as Service<Request<Incoming>>>::Future, UpstreamBody<RequestBody>>;
/// The body of every response that leaves the proxy.
pub type ResponseBody = Either<ObservedBody<UpstreamBody<RequestBody>>, Full<Bytes>>;

/// The proxy as a service. One for each worker; [`Front::for_peer`] gives one for each connection.
#[derive(Clone, Debug)]
pub struct Front {
    inner: Inner,
    settings: Arc<Settings>,
    books: Arc<Books>,
    /// Whether any route masks.
    enforces: bool,
}

impl Front {
    /// The proxy with connections of its own to the upstream, which counts as this worker.
    pub fn new(settings: Arc<Settings>, layer: &MaskLayer, worker: Arc<Worker>) -> Self {
        let inner = layer.layer(Forward::new(&settings, Arc::clone(&worker)));
        Self { inner, settings, books: Arc::new(Books::new(worker, layer)), enforces: layer.enforces() }
    }

    /// The service for one client connection.
    pub fn for_peer(&self, peer: SocketAddr) -> PeerService {
        PeerService {
            front: self.clone(),
            peer: Peer::new(peer.ip(), &self.settings.forwarded),
            _open: Arc::new(OpenConnection::begin(&self.books.worker)),
        }
    }
}

/// The proxy for one client connection.
#[derive(Clone, Debug)]
pub struct PeerService {
    front: Front,
    peer: Peer,
    _open: Arc<OpenConnection>,
}

impl hyper::service::Service<Request<Incoming>> for PeerService {
    type Response = Response<ResponseBody>;
    type Error = Infallible;
    type Future = FrontFuture;

    fn call(&self, mut request: Request<Incoming>) -> FrontFuture {
        let mut record = Record::begin(&self.front.books, &request, &self.peer, self.front.settings.log_paths);
        match prepare(&mut request, &self.front, &self.peer) {
            Ok(()) => {
                let method = request.method().clone();
                let inner = self.front.inner.clone().call(request);
                record.on(inner.route());
                FrontFuture::Forwarding { method, record: Some(record), inner }
            }
            Err(refusal) => FrontFuture::Refused { refusal, record: Some(record) },
        }
    }
}

/// Why a request goes nowhere.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
enum Refusal {
    Connect,
    Host,
}

/// Makes a request ready for the upstream, which is spoken to in HTTP/1.1.
fn prepare(request: &mut Request<Incoming>, front: &Front, peer: &Peer) -> Result<(), Refusal> {
    let settings = &*front.settings;
    if request.method() == Method::CONNECT {
        return Err(Refusal::Connect);
    }
    let version = request.version();
    set_host_and_target(request, version, settings)?;
    let headers = request.headers_mut();
    let protocol = remove_hop_by_hop(headers);
    let trailers = keep_only_trailers(headers);
    // Where all routes only observe, there is no mask that another path could get around.
    let rerouting =
        if front.enforces { Rerouting::AllBut(&settings.allowed_rerouting_headers) } else { Rerouting::None };
    remove_unwanted(headers, peer, rerouting);
    set_forwarded(headers, peer, "http");
    match (protocol, trailers) {
        (Some(protocol), trailers) if version == Version::HTTP_11 => {
            headers.insert(UPGRADE, protocol);
            headers.insert(CONNECTION, HeaderValue::from_static(if trailers { "upgrade, te" } else { "upgrade" }));
        }
        (_, true) => {
            headers.insert(CONNECTION, HeaderValue::from_static("te"));
        }
        _ => {}
    }
    if version == Version::HTTP_2 {
        join_cookies(headers);
    }
    *request.version_mut() = Version::HTTP_11;
    Ok(())
}

/// One `Host` (RFC 9112 3.2): the client's, or the upstream's own where the settings say so or an old client said nothing.
fn set_host_and_target(request: &mut Request<Incoming>, version: Version, settings: &Settings) -> Result<(), Refusal> {
    let hosts = request.headers().get_all(HOST).iter().count();
    let host = match (request.uri().authority(), hosts) {
        // RFC 9112 3.2.2, RFC 9113 8.3.1: an authority in the target is what counts.
        (Some(authority), 0 | 1) => HeaderValue::from_str(authority.as_str()).map(Some).map_err(|_| Refusal::Host)?,
        (None, 1) => None,
        (None, 0) if version <= Version::HTTP_10 => {
            Some(HeaderValue::from_str(settings.upstream.authority.as_str()).map_err(|_| Refusal::Host)?)
        }
        _ => return Err(Refusal::Host),
    };
    let host = if settings.forwarded.preserve_host {
        host
    } else {
        Some(HeaderValue::from_str(settings.upstream.authority.as_str()).map_err(|_| Refusal::Host)?)
    };
    if let Some(host) = host {
        request.headers_mut().insert(HOST, host);
    }
    if version == Version::HTTP_2 {
        let target = request.uri().path_and_query().cloned();
        *request.uri_mut() = target.map_or_else(|| Uri::from_static("/"), Uri::from);
    }
    Ok(())
}

/// RFC 9113 8.2.3: HTTP/2 may split cookies into fields, HTTP/1.1 knows one.
fn join_cookies(headers: &mut HeaderMap) {
    let crumbs: Vec<&[u8]> = headers.get_all(COOKIE).iter().map(HeaderValue::as_bytes).collect();
    if crumbs.len() > 1
        && let Ok(cookie) = HeaderValue::from_bytes(&crumbs.join(&b"; "[..]))
    {
        headers.insert(COOKIE, cookie);
    }
}

pin_project! {
    /// The future of [`PeerService`].
    #[project = FrontFutureProj]
    pub enum FrontFuture {
        /// The request is on its way.
        #[doc(hidden)]
        Forwarding { method: Method, record: Option<Record>, #[pin] inner: InnerFuture },
        /// The request goes nowhere.
        #[doc(hidden)]
        Refused { refusal: Refusal, record: Option<Record> },
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
                    Ok(response) => observe(method, response, record).map(Either::Left),
                    Err(error) => {
                        failed(method, &error);
                        record.failed(&error);
                        document(error.to_response(), record)
                    }
                }
            }
            FrontFutureProj::Refused { refusal, record } => {
                let Some(record) = record.take() else { return Poll::Pending };
                refuse(*refusal, record)
            }
        };
        Poll::Ready(Ok(response))
    }
}

/// An answer in last4's own name, which is over for the record once it begins.
fn document(response: Response<Bytes>, mut record: Record) -> Response<ResponseBody> {
    record.sent(response.body().len());
    record.whole();
    response.map(|document| Either::Right(Full::new(document)))
}

fn refuse(refusal: Refusal, mut record: Record) -> Response<ResponseBody> {
    let (status, reason, detail) = match refusal {
        Refusal::Connect => (StatusCode::METHOD_NOT_ALLOWED, "connect", "This is not a forward proxy."),
        Refusal::Host => (StatusCode::BAD_REQUEST, "host", "A request names exactly one host."),
    };
    record.refused(status, reason);
    let mut response = problem::response(status, reason, detail);
    response.headers_mut().insert(CONNECTION, HeaderValue::from_static("close"));
    document(response, record)
}
