//! Serves the operator's listener: `/livez` (the process serves), `/readyz` (the upstream can be
//! reached, and the process is not about to stop) and `/metrics`.
//!
//! Its own limits keep its clients from taking the proxy's memory: at most 64 connections, for one
//! request and ten seconds each, and concurrent readers share a metrics page.

use super::hosts::Hosts;
use super::readiness::Readiness;
use super::scrape::{READ_TIMEOUT, Scrape};
use crate::excerpt::Excerpt;
use crate::metrics::Metrics;
use crate::proxy::server::control::Status;
use bytes::Bytes;
use http::header::{CONTENT_TYPE, HeaderValue};
use http::{Method, Request, Response, StatusCode};
use http_body_util::Full;
use hyper::body::Incoming;
use hyper::server::conn::http1;
use hyper::service::service_fn;
use hyper_util::rt::{TokioIo, TokioTimer};
use std::collections::VecDeque;
use std::convert::Infallible;
use std::future::Future;
use std::io;
use std::sync::Arc;
use std::time::Duration;
use tokio::net::TcpListener;
use tokio::task::AbortHandle;

/// Most connections at once. One more closes the oldest, so that clients that keep connections open
/// cannot block a probe.
const MAX_CONNECTIONS: usize = 64;

/// How long the head of a request may take.
const HEADER_TIMEOUT: Duration = Duration::from_secs(5);

/// Most bytes of the head of a request.
const MAX_HEADER_BYTES: usize = 16 * 1024;

/// Serves the operator's listener until `stop` resolves. Besides addresses and names that cannot be
/// registered, `Host` may be one of these `hosts`.
///
/// # Errors
/// The listener cannot be used.
pub async fn serve_admin(
    listener: std::net::TcpListener,
    hosts: Vec<String>,
    status: Status,
    metrics: Arc<Metrics>,
    stop: impl Future<Output = ()>,
) -> io::Result<()> {
    listener.set_nonblocking(true)?;
    let listener = TcpListener::from_std(listener)?;
    let readiness = Readiness::new(status.clone());
    let state = Arc::new(AdminState { hosts: Hosts(hosts), readiness, status, scrape: Scrape::new(metrics) });
    let mut builder = http1::Builder::new();
    builder.timer(TokioTimer::new()).header_read_timeout(HEADER_TIMEOUT);
    builder.max_buf_size(MAX_HEADER_BYTES).keep_alive(false);
    let mut connections = VecDeque::<AbortHandle>::new();
    let mut stop = std::pin::pin!(stop);
    loop {
        let stream = tokio::select! {
            accepted = listener.accept() => match accepted {
                Ok((stream, _)) => stream,
                Err(_) => {
                    tokio::time::sleep(Duration::from_millis(100)).await;
                    continue;
                }
            },
            () = &mut stop => return Ok(()),
        };
        connections.retain(|connection| !connection.is_finished());
        if connections.len() >= MAX_CONNECTIONS
            && let Some(oldest) = connections.pop_front()
        {
            oldest.abort();
        }
        let state = Arc::clone(&state);
        let service = service_fn(move |request| answer(request, Arc::clone(&state)));
        let connection = builder.serve_connection(TokioIo::new(stream), service);
        let serving = tokio::spawn(async move {
            match tokio::time::timeout(READ_TIMEOUT, connection).await {
                Ok(Ok(())) => {}
                Ok(Err(error)) => tracing::debug!(error = %Excerpt(&error), "operator's connection ended"),
                Err(_) => tracing::debug!("operator's connection closed: it took too long"),
            }
        });
        connections.push_back(serving.abort_handle());
    }
}

/// The state that requests use.
struct AdminState {
    hosts: Hosts,
    status: Status,
    readiness: Readiness,
    scrape: Scrape,
}

async fn answer(request: Request<Incoming>, state: Arc<AdminState>) -> Result<Response<Full<Bytes>>, Infallible> {
    let text = |status, text: &'static str| (status, Bytes::from_static(text.as_bytes()));
    let mut media_type = HeaderValue::from_static("text/plain; charset=utf-8");
    let (status, body) = match (request.method(), request.uri().path()) {
        _ if !state.hosts.admit(&request) => text(
            StatusCode::MISDIRECTED_REQUEST,
            "the operator's listener does not accept this host name: use an address, or add the name to admin.hosts\n",
        ),
        (&Method::GET | &Method::HEAD, "/livez") => text(StatusCode::OK, "ok\n"),
        (&Method::GET | &Method::HEAD, "/readyz") if state.status.is_stopping() => {
            text(StatusCode::SERVICE_UNAVAILABLE, "stopping\n")
        }
        (&Method::GET | &Method::HEAD, "/readyz") => match state.readiness.check().await {
            Ok(()) => text(StatusCode::OK, "ok\n"),
            Err(problem) => (StatusCode::SERVICE_UNAVAILABLE, format!("{problem}\n").into()),
        },
        (&Method::GET | &Method::HEAD, "/metrics") => {
            media_type = HeaderValue::from_static("text/plain; version=0.0.4; charset=utf-8");
            (StatusCode::OK, state.scrape.page())
        }
        (_, "/livez" | "/readyz" | "/metrics") => text(StatusCode::METHOD_NOT_ALLOWED, "GET only\n"),
        _ => text(StatusCode::NOT_FOUND, "try /livez, /readyz or /metrics\n"),
    };
    let mut response = Response::new(Full::from(body));
    *response.status_mut() = status;
    response.headers_mut().insert(CONTENT_TYPE, media_type);
    Ok(response)
}
