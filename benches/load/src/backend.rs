//! The API behind the proxies: `backend ADDRESS`.
//!
//! `/console/api/apps/N/api-keys` is a list of N keys, `/plain/N` is N bytes that are no JSON. Bodies are made once and answered from memory with their
//! length, on one thread, so that a proxy waits for as little as possible.

use bytes::Bytes;
use http_body_util::Full;
use hyper::header::CONTENT_TYPE;
use hyper::service::service_fn;
use hyper::{Request, Response, StatusCode};
use hyper_util::rt::TokioIo;
use std::cell::RefCell;
use std::collections::HashMap;
use std::convert::Infallible;
use std::rc::Rc;
use tokio::net::TcpListener;

/// By path: the media type and the body.
type Bodies = Rc<RefCell<HashMap<String, Option<(&'static str, Bytes)>>>>;

fn main() -> std::io::Result<()> {
    let address = std::env::args().nth(1).expect("an address to listen on");
    let runtime = tokio::runtime::Builder::new_current_thread().enable_io().build()?;
    tokio::task::LocalSet::new().block_on(&runtime, serve(&address))
}

async fn serve(address: &str) -> std::io::Result<()> {
    let listener = TcpListener::bind(address).await?;
    let bodies = Bodies::default();
    loop {
        let (stream, _) = listener.accept().await?;
        stream.set_nodelay(true)?;
        let bodies = Rc::clone(&bodies);
        tokio::task::spawn_local(async move {
            let service = service_fn(move |request| {
                let answer = answer(&bodies, &request);
                async move { Ok::<_, Infallible>(answer) }
            });
            // A proxy that is ended cuts its connections: nothing to tell.
            let _ = hyper::server::conn::http1::Builder::new().serve_connection(TokioIo::new(stream), service).await;
        });
    }
}

fn answer<B>(bodies: &Bodies, request: &Request<B>) -> Response<Full<Bytes>> {
    let path = request.uri().path();
    let mut bodies = bodies.borrow_mut();
    if !bodies.contains_key(path) {
        bodies.insert(path.to_owned(), make(path));
    }
    match &bodies[path] {
        Some((kind, body)) => {
            let mut response = Response::new(Full::new(body.clone()));
            response.headers_mut().insert(CONTENT_TYPE, kind.parse().expect("a media type"));
            response
        }
        None => {
            let mut response = Response::default();
            *response.status_mut() = StatusCode::NOT_FOUND;
            response
        }
    }
}

fn make(path: &str) -> Option<(&'static str, Bytes)> {
    if let Some(bytes) = path.strip_prefix("/plain/") {
        let bytes = bytes.parse().ok()?;
        // Not all the same, so that a byte lost shows.
        return Some(("application/octet-stream", (0..bytes).map(|at: usize| (at % 251) as u8).collect()));
    }
    let keys = path.strip_prefix("/console/api/apps/")?.strip_suffix("/api-keys")?;
    Some(("application/json", bodies::dense(keys.parse().ok()?).text.into()))
}
