//! The outermost service: refuses what no server should be sent, prepares the rest, and turns failures into answers.

use super::activity::{Active, Activity};
use super::books::Books;
use super::forward::Forward;
use super::forwarded::{remove_unbelieved, set_forwarded};
use super::headers::{keep_only_trailers, remove_disguised_framing, remove_hop_by_hop};
use super::host::is_host;
use super::last_words::HEADERS_TOO_LARGE;
use super::observed::{ObservedBody, failed, observe};
use super::own::Own;
use super::peer::{Peer, PeerAddress};
use super::record::Record;
use super::request_body::RequestBody;
use super::rerouting::remove_rerouting;
use super::settings::Settings;
use super::setup::Setup;
use super::tunnel::Tunnel;
use super::upstream_body::UpstreamBody;
use crate::layer::{InspectedBody, MaskFuture, MaskLayer, MaskService};
use crate::metrics::{OpenConnection, Worker};
use crate::problem;
use arc_swap::ArcSwap;
use bytes::Bytes;
use http::header::{CONNECTION, COOKIE, HOST, HeaderValue, UPGRADE};
use http::uri::Authority;
use http::{HeaderMap, Method, Request, Response, StatusCode, Uri, Version};
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
        match prepare(&mut request, &current, peer, self.proto) {
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

/// Why a request goes nowhere.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
enum Refusal {
    Connect,
    Host,
    TooManyFields,
}

/// Makes a request ready for the upstream, as HTTP/1.1 has it.
fn prepare(
    request: &mut Request<Incoming>,
    current: &Current,
    peer: &Peer,
    proto: &'static str,
) -> Result<(), Refusal> {
    let settings = &*current.settings;
    if request.method() == Method::CONNECT {
        return Err(Refusal::Connect);
    }
    let version = request.version();
    if version == Version::HTTP_2 && has_more_fields(request.headers(), settings.limits.max_headers) {
        return Err(Refusal::TooManyFields);
    }
    set_host_and_target(request, version, current)?;
    let headers = request.headers_mut();
    let protocol = remove_hop_by_hop(headers);
    let trailers = keep_only_trailers(headers);
    remove_disguised_framing(headers);
    // Where all routes only observe, there is no mask that another path could get around.
    if current.enforces {
        remove_rerouting(headers, &settings.allowed_rerouting_headers);
    }
    if current.enforces || !peer.trusted {
        remove_unbelieved(headers, peer);
    }
    set_forwarded(headers, peer, proto);
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
///
/// Where any route masks, whatever the client says of a host must be one, even where another counts: some frameworks build a URL of it
/// and route by that.
fn set_host_and_target(request: &mut Request<Incoming>, version: Version, current: &Current) -> Result<(), Refusal> {
    let settings = &*current.settings;
    let authority = request.uri().authority();
    let mut hosts = request.headers().get_all(HOST).iter();
    let (host, others) = (hosts.next(), hosts.next());
    let said = [authority.map(|authority| authority.as_str().as_bytes()), host.map(HeaderValue::as_bytes)];
    if others.is_some() || (current.enforces && !said.into_iter().flatten().all(is_host)) {
        return Err(Refusal::Host);
    }
    let own = || HeaderValue::from_str(settings.upstream.authority.as_str()).map(Some).map_err(|_| Refusal::Host);
    let host = match (authority, host) {
        _ if !settings.forwarded.preserve_host => own()?,
        // RFC 9112 3.2.2, RFC 9113 8.3.1: an authority in the target is what counts.
        (Some(authority), _) => HeaderValue::from_str(authority.as_str()).map(Some).map_err(|_| Refusal::Host)?,
        (None, Some(_)) => None,
        (None, None) if version <= Version::HTTP_10 => own()?,
        (None, None) => return Err(Refusal::Host),
    };
    if let Some(host) = host {
        request.headers_mut().insert(HOST, host);
    }
    // HTTP/2 has no place for one that is not a host and port.
    if settings.upstream.http2
        && request.headers().get(HOST).is_none_or(|host| Authority::try_from(host.as_bytes()).is_err())
    {
        return Err(Refusal::Host);
    }
    // The host in a target of the absolute form would count before `Host`.
    if version == Version::HTTP_2 || !settings.forwarded.preserve_host {
        let target = request.uri().path_and_query().cloned();
        *request.uri_mut() = target.map_or_else(|| Uri::from_static("/"), Uri::from);
    }
    Ok(())
}

/// Whether a head has more fields than it may, as HTTP/1.1 would have them. The library bounds the bytes of one over HTTP/2 alone.
fn has_more_fields(headers: &HeaderMap, most: usize) -> bool {
    headers.len() > most && headers.len() - headers.get_all(COOKIE).iter().count().saturating_sub(1) > most
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
    let (status, reason, detail) = match refusal {
        Refusal::Connect => (StatusCode::METHOD_NOT_ALLOWED, "connect", "This is not a forward proxy."),
        Refusal::TooManyFields => {
            (StatusCode::REQUEST_HEADER_FIELDS_TOO_LARGE, HEADERS_TOO_LARGE, "The request's head has too many fields.")
        }
        Refusal::Host => (
            StatusCode::BAD_REQUEST,
            "host",
            "A request names exactly one host: a name or an address, and at most a port.",
        ),
    };
    record.refused(status, reason);
    let mut response = problem::response(status, reason, detail);
    response.headers_mut().insert(CONNECTION, HeaderValue::from_static("close"));
    document(response, record)
}
