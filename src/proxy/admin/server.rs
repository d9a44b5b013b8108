//! The operator's listener: `/livez` (the process serves), `/readyz` (the upstream can be reached, and the process was not told
//! to stop) and `/metrics`.
//!
//! It has limits of its own, so that nobody who reaches it can take the proxy's memory: a connection is for one request and lives for
//! ten seconds at most, there are 64 of them, and who reads the metrics at the same time is given the same page.

use super::hosts::Hosts;
use super::readiness::Readiness;
use super::scrape::Scrape;
use crate::excerpt::Excerpt;
use crate::metrics::Metrics;
use crate::proxy::server::status::Status;
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

/// Most connections at once. For the next one the oldest is closed: a probe takes milliseconds, and must be answered while others
/// hold on to theirs.
const MAX_CONNECTIONS: usize = 64;

/// How long the head of a request may take.
const HEAD: Duration = Duration::from_secs(5);

/// How long a connection may live: as long as Prometheus waits for a page.
pub(super) const CONNECTION: Duration = Duration::from_secs(10);

/// Most bytes of the head of a request.
const MAX_HEAD: usize = 16 * 1024;

/// Serves the operator's listener until `stop` resolves. It answers by addresses, by names that nobody can register, and by these
/// `hosts`.
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
    let operator = Arc::new(Operator { hosts: Hosts(hosts), readiness, status, scrape: Scrape::new(metrics) });
    let mut builder = http1::Builder::new();
    builder.timer(TokioTimer::new()).header_read_timeout(HEAD).max_buf_size(MAX_HEAD).keep_alive(false);
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
        let operator = Arc::clone(&operator);
        let service = service_fn(move |request| answer(request, Arc::clone(&operator)));
        let connection = builder.serve_connection(TokioIo::new(stream), service);
        let serving = tokio::spawn(async move {
            match tokio::time::timeout(CONNECTION, connection).await {
                Ok(Ok(())) => {}
                Ok(Err(error)) => tracing::debug!(error = %Excerpt(&error), "operator's connection ended"),
                Err(_) => tracing::debug!("operator's connection cut: it took too long"),
            }
        });
        connections.push_back(serving.abort_handle());
    }
}

/// What the pages are about.
struct Operator {
    hosts: Hosts,
    status: Status,
    readiness: Readiness,
    scrape: Scrape,
}

async fn answer(request: Request<Incoming>, operator: Arc<Operator>) -> Result<Response<Full<Bytes>>, Infallible> {
    let text = |status, text: &'static str| (status, Bytes::from_static(text.as_bytes()));
    let mut media_type = HeaderValue::from_static("text/plain; charset=utf-8");
    let (status, body) = match (request.method(), request.uri().path()) {
        _ if !operator.hosts.admit(&request) => text(
            StatusCode::MISDIRECTED_REQUEST,
            "the operator's listener does not answer by this name: ask by an address, or add the name to admin.hosts\n",
        ),
        (&Method::GET | &Method::HEAD, "/livez") => text(StatusCode::OK, "ok\n"),
        (&Method::GET | &Method::HEAD, "/readyz") if operator.status.is_stopping() => {
            text(StatusCode::SERVICE_UNAVAILABLE, "stopping\n")
        }
        (&Method::GET | &Method::HEAD, "/readyz") => match operator.readiness.check().await {
            Ok(()) => text(StatusCode::OK, "ok\n"),
            Err(problem) => (StatusCode::SERVICE_UNAVAILABLE, format!("{problem}\n").into()),
        },
        (&Method::GET | &Method::HEAD, "/metrics") => {
            media_type = HeaderValue::from_static("text/plain; version=0.0.4; charset=utf-8");
            (StatusCode::OK, operator.scrape.page())
        }
        (_, "/livez" | "/readyz" | "/metrics") => text(StatusCode::METHOD_NOT_ALLOWED, "GET only\n"),
        _ => text(StatusCode::NOT_FOUND, "there are /livez, /readyz and /metrics\n"),
    };
    let mut response = Response::new(Full::from(body));
    *response.status_mut() = status;
    response.headers_mut().insert(CONTENT_TYPE, media_type);
    Ok(response)
}
