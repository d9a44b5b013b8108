//! The API behind it all.

use crate::Result;
use bytes::{Bytes, BytesMut};
use http_body_util::{BodyExt, Full};
use hyper::body::Incoming;
use hyper::header::{ACCEPT_ENCODING, CONTENT_ENCODING, CONTENT_TYPE, HeaderValue};
use hyper::service::service_fn;
use hyper::{Method, Request, Response, StatusCode};
use hyper_util::rt::TokioIo;
use last4::codec::{Codings, Encoder};
use std::cell::RefCell;
use std::collections::HashMap;
use std::net::SocketAddr;
use std::rc::Rc;
use tokio::net::TcpListener;

/// Bodies by path and coding, made once.
type Bodies = Rc<RefCell<HashMap<(String, String), Bytes>>>;

pub(crate) struct Api {
    pub(crate) address: SocketAddr,
}

const JSON: &str = "application/json";

const HTML: &str = "text/html; charset=utf-8";

const CREATED: &str =
    r#"{"id":"2d3c91f8","type":"app","token":"app-8WF0rIPRZZP7QcYsfTUw0Jag","created_at":1795431760}"#;

const UNKNOWN: &str = r#"{"code":"not_found","message":"No such app.","status":404}"#;

/// Where a list should be and is none.
pub(crate) const NO_LIST: &str = "/console/api/datasets/api-keys";

impl Api {
    /// Serves on this thread, from a free port.
    pub(crate) async fn start() -> Result<Self> {
        let listener = TcpListener::bind("127.0.0.1:0").await?;
        let address = listener.local_addr()?;
        tokio::task::spawn_local(async move {
            let bodies = Bodies::default();
            while let Ok((stream, _)) = listener.accept().await {
                let bodies = Rc::clone(&bodies);
                let service = service_fn(move |request| answer(Rc::clone(&bodies), request));
                let connection =
                    hyper::server::conn::http1::Builder::new().serve_connection(TokioIo::new(stream), service);
                // A proxy that ends cuts its connections: nothing to tell.
                tokio::task::spawn_local(async move { drop(connection.await) });
            }
        });
        Ok(Self { address })
    }
}

async fn answer(bodies: Bodies, request: Request<Incoming>) -> hyper::Result<Response<Full<Bytes>>> {
    let (parts, body) = request.into_parts();
    body.collect().await?;
    let coding = parts.headers.get(ACCEPT_ENCODING).and_then(|value| value.to_str().ok()).unwrap_or_default();
    let path = parts.uri.path();
    let is_create = parts.method == Method::POST && path.starts_with("/console/");
    let (status, kind, coding, body) = if is_create {
        (StatusCode::CREATED, JSON, "", CREATED.into())
    } else if path == NO_LIST {
        (StatusCode::OK, HTML, "", "<html>a page where a list should be</html>".into())
    } else if path.starts_with("/apps/") {
        (StatusCode::OK, HTML, "", cached(&bodies, path, "", || page(200).into()))
    } else if let Some(size) = path.strip_prefix("/plain/").and_then(|size| size.parse().ok()) {
        (StatusCode::OK, "application/octet-stream", "", cached(&bodies, path, "", || vec![b'x'; size]))
    } else if let Some(keys) = keys(path) {
        (StatusCode::OK, JSON, coding, cached(&bodies, path, coding, || bodies::dense(keys).text))
    } else {
        (StatusCode::NOT_FOUND, JSON, "", UNKNOWN.into())
    };
    let mut response = Response::new(Full::new(body));
    *response.status_mut() = status;
    response.headers_mut().insert(CONTENT_TYPE, HeaderValue::from_static(kind));
    if !coding.is_empty() {
        response.headers_mut().insert(CONTENT_ENCODING, HeaderValue::from_str(coding).expect("it came in a field"));
    }
    Ok(response)
}

/// An old console's page with so many keys.
fn page(keys: usize) -> String {
    let row = "<tr><td>app-8...cY5d<td><button class=\"copy\" onclick=\"copy(this)\">Copy</button></tr>\n";
    let table = row.repeat(keys);
    format!(
        "<!doctype html><html><head><title>Keys</title></head><body><table id=\"keys\">{table}</table></body></html>"
    )
}

/// How many keys are listed there.
fn keys(path: &str) -> Option<usize> {
    path.strip_suffix("/api-keys")?.rsplit('/').next()?.parse().ok()
}

fn cached(bodies: &Bodies, path: &str, coding: &str, make: impl FnOnce() -> Vec<u8>) -> Bytes {
    let mut bodies = bodies.borrow_mut();
    bodies.entry((path.to_owned(), coding.to_owned())).or_insert_with(|| encoded(coding, make())).clone()
}

fn encoded(coding: &str, body: Vec<u8>) -> Bytes {
    if coding.is_empty() {
        return body.into();
    }
    let codings = Codings::parse([coding.as_bytes()]).expect("a known coding");
    let (mut encoder, mut encoded) = (Encoder::new(&codings).expect("a known coding"), BytesMut::new());
    encoder.write(&body, &mut encoded).expect("room");
    encoder.finish(&mut encoded).expect("room");
    encoded.freeze()
}
