//! The operator's listener: `/livez` (the process serves) and `/readyz` (the upstream can be reached, and the
//! process was not told to stop).

use super::settings::Upstream;
use super::status::Status;
use bytes::Bytes;
use http::{Method, Request, Response, StatusCode};
use http_body_util::Full;
use hyper::body::Incoming;
use hyper::server::conn::http1;
use hyper::service::service_fn;
use hyper_util::rt::{TokioIo, TokioTimer};
use std::convert::Infallible;
use std::future::Future;
use std::io;
use std::time::Duration;
use tokio::net::{TcpListener, TcpStream};

/// Serves the operator's listener until `stop` resolves.
///
/// # Errors
/// The listener cannot be used.
pub async fn serve_admin(
    listener: std::net::TcpListener,
    status: Status,
    stop: impl Future<Output = ()>,
) -> io::Result<()> {
    listener.set_nonblocking(true)?;
    let listener = TcpListener::from_std(listener)?;
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
        let status = status.clone();
        tokio::spawn(async move {
            let service = service_fn(move |request| answer(request, status.clone()));
            let mut builder = http1::Builder::new();
            builder.timer(TokioTimer::new()).header_read_timeout(Duration::from_secs(5)).keep_alive(false);
            if let Err(error) = builder.serve_connection(TokioIo::new(stream), service).await {
                tracing::debug!(%error, "operator's connection ended");
            }
        });
    }
}

async fn answer(request: Request<Incoming>, status: Status) -> Result<Response<Full<Bytes>>, Infallible> {
    let (status, text) = match (request.method(), request.uri().path()) {
        (&Method::GET | &Method::HEAD, "/livez") => (StatusCode::OK, "ok\n"),
        (&Method::GET | &Method::HEAD, "/readyz") if status.is_stopping() => {
            (StatusCode::SERVICE_UNAVAILABLE, "stopping\n")
        }
        (&Method::GET | &Method::HEAD, "/readyz") => match reach(&status.settings().upstream).await {
            true => (StatusCode::OK, "ok\n"),
            false => (StatusCode::SERVICE_UNAVAILABLE, "the upstream cannot be reached\n"),
        },
        (_, "/livez" | "/readyz") => (StatusCode::METHOD_NOT_ALLOWED, "GET only\n"),
        _ => (StatusCode::NOT_FOUND, "there are /livez and /readyz\n"),
    };
    let mut response = Response::new(Full::from(text));
    *response.status_mut() = status;
    Ok(response)
}

async fn reach(upstream: &Upstream) -> bool {
    let host = upstream.authority.host().trim_matches(['[', ']']);
    let connecting = TcpStream::connect((host, upstream.authority.port_u16().unwrap_or(80)));
    matches!(tokio::time::timeout(upstream.connect_timeout, connecting).await, Ok(Ok(_)))
}
