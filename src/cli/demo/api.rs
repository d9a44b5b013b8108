//! The legacy API of the demo: a small model of the Dify console API, with its shortcomings.
//!
//! Its lists show every key in full, as the real API does. The JSON documents, the status codes and
//! the other routes (server-sent events, uploads, downloads) also follow the real API, so that the
//! demo shows what last4 does in front of Dify. `/` serves a small console with a button to copy
//! each key.

use super::store::{Owner, Refusal, Store, token};
use crate::codec::{AcceptEncoding, Coding, Codings};
use crate::route::percent_decode;
use bytes::Bytes;
use flate2::Compression;
use flate2::write::GzEncoder;
use futures_util::stream;
use http::header::{self, HeaderMap, HeaderValue};
use http::{Method, Request, Response, StatusCode};
use http_body_util::combinators::UnsyncBoxBody;
use http_body_util::{BodyExt, Full, StreamBody};
use hyper::body::{Frame, Incoming};
use hyper::server::conn::http1;
use hyper::service::service_fn;
use hyper_util::rt::{TokioIo, TokioTimer};
use serde::Serialize;
use serde_json::json;
use std::convert::Infallible;
use std::future;
use std::io::{self, Write};
use std::sync::{Arc, Mutex, MutexGuard, PoisonError};
use std::time::Duration;
use tokio::net::{TcpListener, TcpStream};
use tokio::task::JoinSet;
use tokio::time::sleep;

const ACCEPT_PAUSE: Duration = Duration::from_millis(50);
const DEFAULT_EVENTS: u32 = 5;
const HEADER_READ_TIMEOUT: Duration = Duration::from_secs(30);
const MAX_CONNECTIONS: usize = 1024;
const MAX_DOWNLOAD: u64 = 1 << 30;
const MAX_EVENTS: u32 = 3600;

/// Bytes per block of a download. A multiple of 251, so that each block starts with byte 0 of the
/// pattern.
const DOWNLOAD_BLOCK: usize = 251 * 256;

/// The console's content security policy. It is strict, as real ones may be: it allows no inline
/// scripts or styles.
const CONTENT_SECURITY_POLICY: HeaderValue =
    HeaderValue::from_static("default-src 'self'; frame-ancestors 'none'; base-uri 'none'; form-action 'none'");

/// The files of the console: path, media type, text.
const ASSETS: [Asset; 4] = [
    ("/", "text/html; charset=utf-8", include_str!("console/index.html")),
    ("/assets/console.css", "text/css; charset=utf-8", include_str!("console/console.css")),
    ("/assets/console.js", "text/javascript; charset=utf-8", include_str!("console/console.js")),
    ("/assets/icon.svg", "image/svg+xml", include_str!("console/icon.svg")),
];

const NO_ROUTE: Refusal = (StatusCode::NOT_FOUND, "not_found", "The requested URL was not found on the server.");
const NO_METHOD: Refusal =
    (StatusCode::METHOD_NOT_ALLOWED, "method_not_allowed", "The method is not allowed for the requested URL.");
const DOWNLOAD_TOO_LARGE: Refusal = (StatusCode::BAD_REQUEST, "too_large", "At most 1 GiB in one download.");
const UPLOAD_INCOMPLETE: Refusal = (StatusCode::BAD_REQUEST, "bad_request", "The upload ended early.");

type Asset = (&'static str, &'static str, &'static str);
type DemoBody = UnsyncBoxBody<Bytes, Infallible>;

/// The legacy API. Its keys are in memory, and clones share them.
#[derive(Clone)]
pub(super) struct LegacyApi {
    store: Arc<Mutex<Store>>,
    session: HeaderValue,
    pub(super) event_interval: Duration,
}

impl LegacyApi {
    /// Returns an API with a few apps and datasets. Their keys are different in each run.
    pub(super) fn new() -> Self {
        let session = format!("session={}; Path=/; HttpOnly; SameSite=Lax", token(""));
        Self {
            store: Arc::new(Mutex::new(Store::seeded())),
            session: HeaderValue::try_from(session).unwrap_or(HeaderValue::from_static("session=demo; Path=/")),
            event_interval: Duration::from_secs(1),
        }
    }

    pub(super) fn store(&self) -> MutexGuard<'_, Store> {
        self.store.lock().unwrap_or_else(PoisonError::into_inner)
    }

    /// Serves connections from `listener` until the future is dropped, which closes all
    /// connections.
    pub(super) async fn serve(self, listener: TcpListener) {
        let mut connections = JoinSet::new();
        loop {
            tokio::select! {
                accepted = listener.accept(), if connections.len() < MAX_CONNECTIONS => match accepted {
                    Ok((socket, _)) => {
                        connections.spawn(self.clone().serve_connection(socket));
                    }
                    // The peer has disconnected, or there are no free file descriptors. Both are
                    // temporary.
                    Err(_) => sleep(ACCEPT_PAUSE).await,
                },
                Some(_) = connections.join_next() => {}
            }
        }
    }

    async fn serve_connection(self, socket: TcpStream) {
        let service = service_fn(|request| async { Ok::<_, Infallible>(self.answer(request).await) });
        let connection = http1::Builder::new()
            .timer(TokioTimer::new())
            .header_read_timeout(HEADER_READ_TIMEOUT)
            .serve_connection(TokioIo::new(socket), service);
        // An error means that the client has disconnected or sent invalid HTTP.
        let _ = connection.await;
    }

    /// Answers a request. Adds the headers that gunicorn and Flask add: the server's name, a
    /// session cookie for requests without one, and CORS for the console on another subdomain.
    async fn answer(&self, request: Request<Incoming>) -> Response<DemoBody> {
        let asked = request.headers().clone();
        let mut answer = match Resource::parse(request.uri().path()) {
            Some(resource) => self.answer_resource(&resource, request).await,
            None => refusal(NO_ROUTE),
        };
        let headers = answer.headers_mut();
        headers.insert(header::SERVER, HeaderValue::from_static("gunicorn"));
        if !asked.contains_key(header::COOKIE) {
            headers.append(header::SET_COOKIE, self.session.clone());
        }
        if let Some(origin) = asked.get(header::ORIGIN) {
            headers.insert(header::ACCESS_CONTROL_ALLOW_ORIGIN, origin.clone());
            headers.insert(header::ACCESS_CONTROL_ALLOW_CREDENTIALS, HeaderValue::from_static("true"));
            headers.append(header::VARY, HeaderValue::from_static("Origin"));
        }
        answer
    }

    async fn answer_resource(&self, resource: &Resource, request: Request<Incoming>) -> Response<DemoBody> {
        // HEAD is answered like GET, as in Flask. hyper removes the body.
        let method = if request.method() == Method::HEAD { &Method::GET } else { request.method() };
        let answered = match (resource, method.as_str()) {
            (Resource::Apps, "GET") => Ok(list(&request, self.store().apps())),
            (Resource::Datasets, "GET") => Ok(list(&request, self.store().datasets())),
            (Resource::Asset(asset), "GET") => Ok(console(&request, *asset)),
            (Resource::Keys(owner), "GET") => self.store().list(owner).map(|keys| list(&request, keys)),
            (Resource::Keys(owner), "POST") => self.store().create(owner).map(|key| json(owner.created(), &key)),
            (Resource::Key(owner, id), "DELETE") => self.store().delete(owner, id).map(|()| no_content()),
            (Resource::Events(owner), "GET") => self.events(owner, request.uri().query()),
            (Resource::Download(bytes), "GET") => download(*bytes),
            (Resource::Ping, "GET") => Ok(json(StatusCode::OK, &json!({ "result": "pong" }))),
            (Resource::Upload, "POST") => upload(request.into_body()).await,
            (_, method) => {
                let mut answer = if method == "OPTIONS" { empty() } else { refusal(NO_METHOD) };
                answer.headers_mut().insert(header::ALLOW, HeaderValue::from_static(resource.allow()));
                Ok(answer)
            }
        };
        answered.unwrap_or_else(refusal)
    }

    /// Answers with server-sent events, as a language model does: the first at once, the others at
    /// intervals.
    fn events(&self, owner: &Owner, query: Option<&str>) -> Result<Response<DemoBody>, Refusal> {
        self.store().list(owner)?;
        let mut pairs = query.unwrap_or_default().split('&').filter_map(|pair| pair.split_once('='));
        let count = pairs.find(|(name, _)| *name == "n").and_then(|(_, n)| n.parse().ok());
        let (count, interval) = (count.unwrap_or(DEFAULT_EVENTS).min(MAX_EVENTS), self.event_interval);
        let events = stream::unfold(1, move |number| async move {
            if number > count {
                return None;
            }
            if number > 1 {
                sleep(interval).await;
            }
            let event = format!("data: {{\"event\": \"message\", \"answer\": \"word {number}\"}}\n\n");
            Some((Ok(Frame::data(Bytes::from(event))), number + 1))
        });
        let mut answer = with_type("text/event-stream", StreamBody::new(events).boxed_unsync());
        answer.headers_mut().insert(header::CACHE_CONTROL, HeaderValue::from_static("no-cache"));
        Ok(answer)
    }
}

/// The resource that a path names.
#[derive(Debug, PartialEq, Eq)]
enum Resource {
    Apps,
    Asset(Asset),
    Datasets,
    Download(u64),
    Events(Owner),
    Key(Owner, String),
    Keys(Owner),
    Ping,
    Upload,
}

impl Resource {
    /// Parses a path as WSGI servers do: first decodes the whole path, then splits it into
    /// segments.
    fn parse(path: &str) -> Option<Self> {
        let decoded = percent_decode(path.as_bytes());
        let path = String::from_utf8_lossy(decoded.as_deref().unwrap_or(path.as_bytes()));
        if let Some(asset) = ASSETS.into_iter().find(|(asset, ..)| *asset == path) {
            return Some(Self::Asset(asset));
        }
        let segments: Vec<&str> = path.strip_prefix("/console/api/")?.split('/').collect();
        let (owner, rest) = match segments.as_slice() {
            ["apps"] => return Some(Self::Apps),
            ["datasets"] => return Some(Self::Datasets),
            ["files", "upload"] => return Some(Self::Upload),
            ["files", bytes, "download"] => return bytes.parse().ok().map(Self::Download),
            ["ping"] => return Some(Self::Ping),
            ["apps", id, rest @ ..] => (Owner::App((*id).to_owned()), rest),
            ["datasets", rest @ ..] if matches!(rest, ["api-keys"] | ["api-keys", _]) => (Owner::Workspace, rest),
            ["datasets", id, rest @ ..] => (Owner::Dataset((*id).to_owned()), rest),
            _ => return None,
        };
        match (rest, &owner) {
            (["api-keys"], _) => Some(Self::Keys(owner)),
            (["api-keys", id], _) => Some(Self::Key(owner, (*id).to_owned())),
            (["chat-messages", "stream"], Owner::App(_)) => Some(Self::Events(owner)),
            _ => None,
        }
    }

    /// Returns the value of the resource's `Allow` header.
    fn allow(&self) -> &'static str {
        match self {
            Self::Key(..) => "DELETE, OPTIONS",
            Self::Keys(_) => "GET, HEAD, OPTIONS, POST",
            Self::Upload => "OPTIONS, POST",
            _ => "GET, HEAD, OPTIONS",
        }
    }
}

/// Answers with a pattern of `length` bytes: byte *i* is *i* modulo 251.
fn download(length: u64) -> Result<Response<DemoBody>, Refusal> {
    if length > MAX_DOWNLOAD {
        return Err(DOWNLOAD_TOO_LARGE);
    }
    let block: Bytes = (0..=250).cycle().take(DOWNLOAD_BLOCK).collect();
    let blocks = stream::unfold(length, move |left| {
        let size = usize::try_from(left).map_or(DOWNLOAD_BLOCK, |left| left.min(DOWNLOAD_BLOCK));
        future::ready((size > 0).then(|| (Ok(Frame::data(block.slice(..size))), left - size as u64)))
    });
    let mut answer = with_type("application/octet-stream", StreamBody::new(blocks).boxed_unsync());
    answer.headers_mut().insert(header::CONTENT_LENGTH, HeaderValue::from(length));
    Ok(answer)
}

async fn upload(mut body: Incoming) -> Result<Response<DemoBody>, Refusal> {
    let mut size = 0;
    while let Some(frame) = body.frame().await {
        size += frame.map_err(|_| UPLOAD_INCOMPLETE)?.data_ref().map_or(0, Bytes::len);
    }
    Ok(json(StatusCode::CREATED, &json!({ "size": size })))
}

fn console(request: &Request<Incoming>, (_, media_type, text): Asset) -> Response<DemoBody> {
    let mut answer = compressible(request.headers(), media_type, text.as_bytes());
    answer.headers_mut().insert(header::CONTENT_SECURITY_POLICY, CONTENT_SECURITY_POLICY);
    answer.headers_mut().insert(header::CACHE_CONTROL, HeaderValue::from_static("no-cache"));
    answer
}

fn list(request: &Request<Incoming>, data: &[impl Serialize]) -> Response<DemoBody> {
    #[derive(Serialize)]
    struct List<'a, T> {
        data: &'a [T],
    }
    let plain = serde_json::to_vec(&List { data }).unwrap_or_default();
    compressible(request.headers(), "application/json", plain)
}

/// Answers with a text, compressed if the client accepts gzip.
fn compressible(
    asked: &HeaderMap,
    media_type: &'static str,
    plain: impl AsRef<[u8]> + Into<Bytes>,
) -> Response<DemoBody> {
    let accepted = AcceptEncoding::parse(asked.get_all(header::ACCEPT_ENCODING).iter().map(HeaderValue::as_bytes));
    let is_accepted = Codings::parse([Coding::Gzip.token().as_bytes()]).is_ok_and(|gzip| accepted.accepts(&gzip));
    let Some(Ok(compressed)) = is_accepted.then(|| gzip(plain.as_ref())) else {
        return with_type(media_type, full(plain));
    };
    let mut answer = with_type(media_type, full(compressed));
    answer.headers_mut().insert(header::CONTENT_ENCODING, HeaderValue::from_static("gzip"));
    answer.headers_mut().append(header::VARY, HeaderValue::from_static("Accept-Encoding"));
    answer
}

fn gzip(plain: &[u8]) -> io::Result<Vec<u8>> {
    let mut encoder = GzEncoder::new(Vec::new(), Compression::default());
    encoder.write_all(plain)?;
    encoder.finish()
}

fn json(status: StatusCode, document: &impl Serialize) -> Response<DemoBody> {
    let mut answer = with_type("application/json", full(serde_json::to_vec(document).unwrap_or_default()));
    *answer.status_mut() = status;
    answer
}

/// Answers with an error document of the console API.
fn refusal((status, code, message): Refusal) -> Response<DemoBody> {
    json(status, &json!({ "code": code, "message": message, "status": status.as_u16() }))
}

fn empty() -> Response<DemoBody> {
    Response::new(full(Bytes::new()))
}

fn no_content() -> Response<DemoBody> {
    let mut answer = empty();
    *answer.status_mut() = StatusCode::NO_CONTENT;
    answer
}

fn with_type(media_type: &'static str, body: DemoBody) -> Response<DemoBody> {
    let mut answer = Response::new(body);
    answer.headers_mut().insert(header::CONTENT_TYPE, HeaderValue::from_static(media_type));
    answer
}

fn full(bytes: impl Into<Bytes>) -> DemoBody {
    Full::new(bytes.into()).boxed_unsync()
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn the_workspace_list_is_not_a_dataset() {
        assert_eq!(Resource::parse("/console/api/datasets/api-keys"), Some(Resource::Keys(Owner::Workspace)));
        let dataset = Resource::Keys(Owner::Dataset("d1".into()));
        assert_eq!(Resource::parse("/console/api/datasets/d1/api-keys"), Some(dataset));
    }

    #[test]
    fn escapes_are_decoded_once_and_before_the_path_is_split() {
        let list = Some(Resource::Keys(Owner::App("a1".into())));
        assert_eq!(Resource::parse("/console/api/apps/a1/%61pi%2Dkeys"), list);
        assert_eq!(Resource::parse("/console/api/apps%2fa1%2Fapi-keys"), list);
        assert_eq!(Resource::parse("/console/api/apps/a1/%2561pi-keys"), None);
    }

    #[test]
    fn incomplete_escapes_stay_as_they_are() {
        let key = Some(Resource::Key(Owner::Workspace, "100%%zz%4".into()));
        assert_eq!(Resource::parse("/console/api/datasets/api-keys/100%%zz%4"), key);
    }

    #[test]
    fn gzip_is_used_only_where_it_is_accepted() {
        let is_gzipped = |accepted: &'static str| {
            let asked = HeaderMap::from_iter([(header::ACCEPT_ENCODING, HeaderValue::from_static(accepted))]);
            compressible(&asked, "text/plain", "a").headers().contains_key(header::CONTENT_ENCODING)
        };
        assert!(is_gzipped("gzip") && is_gzipped("br, GZIP;q=0.5"));
        assert!(!["br", "gzip;q=0", "gzip; q=0.000, br", ""].into_iter().any(is_gzipped));
    }

    #[test]
    fn the_page_has_nothing_inline_and_names_only_files_that_are_here() {
        let page = ASSETS[0].2;
        assert!(!page.contains("style=") && !page.contains("<style") && !page.contains("onclick="));
        let attributes = ["href=\"", "src=\""].iter().flat_map(|attribute| page.split(attribute).skip(1));
        let named: Vec<_> = attributes.map(|rest| rest.split('"').next().unwrap()).collect();
        assert!(named.len() >= 4);
        assert!(named.iter().all(|path| ASSETS.iter().any(|(asset, ..)| asset == path)), "{named:?}");
    }
}
