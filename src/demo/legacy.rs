//! The server: connections in, answers out.

use std::convert::Infallible;
use std::sync::{Arc, Mutex, MutexGuard, PoisonError};
use std::time::Duration;

use http_body_util::BodyExt;
use hyper::body::Incoming;
use hyper::header::{self, HeaderValue};
use hyper::server::conn::http1;
use hyper::service::service_fn;
use hyper::{Method, Request, Response, StatusCode};
use hyper_util::rt::{TokioIo, TokioTimer};
use serde_json::json;
use tokio::net::{TcpListener, TcpStream};
use tokio::task::JoinSet;
use tokio::time::sleep;

use super::answer::{self, Body};
use super::route::Route;
use super::store::{MAX_KEYS, Owner, Store, StoreError};
use super::{random, stream};

/// A legacy API with its keys in memory. Clones share the keys.
#[derive(Clone)]
pub struct LegacyApi {
    store: Arc<Mutex<Store>>,
    session: HeaderValue,
    event_interval: Duration,
}

impl LegacyApi {
    /// An API with a few apps and datasets, and keys that differ from run to run.
    #[must_use]
    pub fn new() -> Self {
        let session = format!("session={}; Path=/; HttpOnly; SameSite=Lax", random::token(""));
        Self {
            store: Arc::new(Mutex::new(Store::seeded())),
            session: HeaderValue::try_from(session)
                .unwrap_or_else(|_| HeaderValue::from_static("session=demo; Path=/")),
            event_interval: Duration::from_secs(1),
        }
    }

    /// An app that has keys.
    #[must_use]
    pub fn app_id(&self) -> String {
        self.store().app_id.clone()
    }

    /// A dataset that has keys.
    #[must_use]
    pub fn dataset_id(&self) -> String {
        self.store().dataset_id.clone()
    }

    /// Answers on `listener` until the future is dropped, which closes its connections too.
    pub async fn serve(self, listener: TcpListener) {
        let mut connections = JoinSet::new();
        loop {
            tokio::select! {
                accepted = listener.accept(), if connections.len() < MAX_CONNECTIONS => match accepted {
                    Ok((socket, _)) => {
                        connections.spawn(self.clone().converse(socket));
                    }
                    // Most often a peer that left or a lack of descriptors, and both pass.
                    Err(_) => sleep(ACCEPT_PAUSE).await,
                },
                Some(_) = connections.join_next() => {}
            }
        }
    }

    async fn converse(self, socket: TcpStream) {
        let service = service_fn(|request| async { Ok::<_, Infallible>(self.answer(request).await) });
        let connection = http1::Builder::new()
            .timer(TokioTimer::new())
            .header_read_timeout(HEADER_READ_TIMEOUT)
            .serve_connection(TokioIo::new(socket), service);
        // The client is gone or spoke something else than HTTP: nobody is left to tell.
        let _ = connection.await;
    }

    async fn answer(&self, request: Request<Incoming>) -> Response<Body> {
        let headers = request.headers().clone();
        let mut answer = match Route::parse(request.uri().path()) {
            Some(route) => self.answer_route(&route, request).await,
            None => answer::error(StatusCode::NOT_FOUND, "not_found", "The requested URL was not found on the server."),
        };
        answer::decorate(&mut answer, &headers, &self.session);
        answer
    }

    async fn answer_route(&self, route: &Route, request: Request<Incoming>) -> Response<Body> {
        // Flask gives the answer to HEAD from the GET view; hyper leaves the body out.
        let method = if request.method() == Method::HEAD { Method::GET } else { request.method().clone() };
        match (route, method) {
            (route, Method::OPTIONS) => allowing(answer::empty(StatusCode::OK), route),
            (Route::Apps, Method::GET) => answer::json_list(&request, &self.store().apps()),
            (Route::Datasets, Method::GET) => answer::json_list(&request, &self.store().datasets()),
            (Route::Asset(asset), Method::GET) => answer::asset(&request, asset),
            (Route::Keys(owner), Method::GET) => match self.store().list(owner) {
                Ok(list) => answer::json_list(&request, &list),
                Err(error) => refusal(&error),
            },
            (Route::Keys(owner), Method::POST) => match self.store().create(owner) {
                Ok(key) => answer::json(owner.created(), &key),
                Err(error) => refusal(&error),
            },
            (Route::Key { owner, id }, Method::DELETE) => match self.store().delete(owner, id) {
                Ok(()) => answer::empty(StatusCode::NO_CONTENT),
                Err(error) => refusal(&error),
            },
            (Route::ChatStream { app_id }, Method::GET) => self.chat(app_id, request.uri().query()),
            (Route::Download { bytes }, Method::GET) => download(*bytes),
            (Route::Ping, Method::GET) => answer::json(StatusCode::OK, &json!({ "result": "pong" })),
            (Route::Upload, Method::POST) => upload(request.into_body()).await,
            (route, _) => allowing(
                answer::error(
                    StatusCode::METHOD_NOT_ALLOWED,
                    "method_not_allowed",
                    "The method is not allowed for the requested URL.",
                ),
                route,
            ),
        }
    }

    fn chat(&self, app_id: &str, query: Option<&str>) -> Response<Body> {
        let owner = Owner::App(app_id.to_owned());
        if let Err(error) = self.store().list(&owner) {
            return refusal(&error);
        }
        let mut pairs = query.unwrap_or_default().split('&').filter_map(|pair| pair.split_once('='));
        let count = pairs.find(|(name, _)| *name == "n").and_then(|(_, n)| n.parse().ok()).unwrap_or(DEFAULT_EVENTS);
        let events = stream::events(count.min(MAX_EVENTS), self.event_interval);
        let mut answer = answer::with_body(StatusCode::OK, "text/event-stream", events);
        answer.headers_mut().insert(header::CACHE_CONTROL, HeaderValue::from_static("no-cache"));
        answer
    }

    fn store(&self) -> MutexGuard<'_, Store> {
        self.store.lock().unwrap_or_else(PoisonError::into_inner)
    }
}

impl Default for LegacyApi {
    fn default() -> Self {
        Self::new()
    }
}

fn download(bytes: u64) -> Response<Body> {
    if bytes > MAX_DOWNLOAD {
        return answer::error(StatusCode::BAD_REQUEST, "too_large", "At most 1 GiB in one download.");
    }
    let mut answer = answer::with_body(StatusCode::OK, "application/octet-stream", stream::pattern(bytes));
    answer.headers_mut().insert(header::CONTENT_LENGTH, HeaderValue::from(bytes));
    answer
}

async fn upload(mut body: Incoming) -> Response<Body> {
    let mut size = 0;
    while let Some(frame) = body.frame().await {
        match frame {
            Ok(frame) => size += frame.data_ref().map_or(0, bytes::Bytes::len),
            Err(_) => return answer::error(StatusCode::BAD_REQUEST, "bad_request", "The upload ended early."),
        }
    }
    answer::json(StatusCode::CREATED, &json!({ "size": size }))
}

fn refusal(error: &StoreError) -> Response<Body> {
    match error {
        StoreError::Full => answer::error(
            StatusCode::BAD_REQUEST,
            "max_keys_exceeded",
            &format!("Cannot create more than {MAX_KEYS} API keys for this resource type."),
        ),
        StoreError::UnknownKey => answer::error(StatusCode::NOT_FOUND, "not_found", "API key not found"),
        StoreError::UnknownOwner => answer::error(StatusCode::NOT_FOUND, "not_found", "Resource not found."),
    }
}

fn allowing(mut answer: Response<Body>, route: &Route) -> Response<Body> {
    answer.headers_mut().insert(header::ALLOW, HeaderValue::from_static(route.allow()));
    answer
}

const ACCEPT_PAUSE: Duration = Duration::from_millis(50);
const DEFAULT_EVENTS: u32 = 5;
const HEADER_READ_TIMEOUT: Duration = Duration::from_secs(30);
const MAX_CONNECTIONS: usize = 1024;
const MAX_DOWNLOAD: u64 = 1 << 30;
const MAX_EVENTS: u32 = 3600;

#[cfg(test)]
mod tests;
