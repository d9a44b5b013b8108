//! The operator's listener: `/livez` (the process serves), `/readyz` (the upstream can be reached, and the process was not told
//! to stop) and `/metrics`.

use super::readiness::Readiness;
use super::status::Status;
use crate::excerpt::Excerpt;
use crate::metrics::Metrics;
use bytes::Bytes;
use http::header::{CONTENT_TYPE, HeaderValue};
use http::{Method, Request, Response, StatusCode};
use http_body_util::Full;
use hyper::body::Incoming;
use hyper::server::conn::http1;
use hyper::service::service_fn;
use hyper_util::rt::{TokioIo, TokioTimer};
use std::convert::Infallible;
use std::future::Future;
use std::io;
use std::sync::Arc;
use std::time::Duration;
use tokio::net::TcpListener;

/// Serves the operator's listener until `stop` resolves.
///
/// # Errors
/// The listener cannot be used.
pub async fn serve_admin(
    listener: std::net::TcpListener,
    status: Status,
    metrics: Arc<Metrics>,
    stop: impl Future<Output = ()>,
) -> io::Result<()> {
    listener.set_nonblocking(true)?;
    let listener = TcpListener::from_std(listener)?;
    let operator = Arc::new(Operator { readiness: Readiness::new(status.clone()), status, metrics });
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
        let operator = Arc::clone(&operator);
        tokio::spawn(async move {
            let service = service_fn(move |request| answer(request, Arc::clone(&operator)));
            let mut builder = http1::Builder::new();
            builder.timer(TokioTimer::new()).header_read_timeout(Duration::from_secs(5)).keep_alive(false);
            if let Err(error) = builder.serve_connection(TokioIo::new(stream), service).await {
                tracing::debug!(error = %Excerpt(&error), "operator's connection ended");
            }
        });
    }
}

/// What the pages are about.
struct Operator {
    status: Status,
    readiness: Readiness,
    metrics: Arc<Metrics>,
}

async fn answer(request: Request<Incoming>, operator: Arc<Operator>) -> Result<Response<Full<Bytes>>, Infallible> {
    let text = |status, text: &'static str| (status, text.to_owned());
    let mut media_type = HeaderValue::from_static("text/plain; charset=utf-8");
    let (status, body) = match (request.method(), request.uri().path()) {
        (&Method::GET | &Method::HEAD, "/livez") => text(StatusCode::OK, "ok\n"),
        (&Method::GET | &Method::HEAD, "/readyz") if operator.status.is_stopping() => {
            text(StatusCode::SERVICE_UNAVAILABLE, "stopping\n")
        }
        (&Method::GET | &Method::HEAD, "/readyz") => match operator.readiness.check().await {
            Ok(()) => text(StatusCode::OK, "ok\n"),
            Err(problem) => (StatusCode::SERVICE_UNAVAILABLE, format!("{problem}\n")),
        },
        (&Method::GET | &Method::HEAD, "/metrics") => {
            media_type = HeaderValue::from_static("text/plain; version=0.0.4; charset=utf-8");
            (StatusCode::OK, operator.metrics.page())
        }
        (_, "/livez" | "/readyz" | "/metrics") => text(StatusCode::METHOD_NOT_ALLOWED, "GET only\n"),
        _ => text(StatusCode::NOT_FOUND, "there are /livez, /readyz and /metrics\n"),
    };
    let mut response = Response::new(Full::from(body));
    *response.status_mut() = status;
    response.headers_mut().insert(CONTENT_TYPE, media_type);
    Ok(response)
}
