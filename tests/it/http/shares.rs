//! How the places of requests are shared among clients.

use super::client::{Client, get, request};
use super::metrics::until;
use super::origin::Origin;
use super::proxy::{Proxy, rules, settings};
use bytes::Bytes;
use h2::client::SendRequest;
use http::{Method, Request, Response};
use http_body_util::Full;
use hyper::body::Incoming;
use hyper::service::service_fn;
use hyper_util::rt::{TokioExecutor, TokioIo};
use last4::layer::MaskRule;
use std::convert::Infallible;
use tokio::net::TcpStream;

/// Streams that one HTTP/2 connection may have at once.
const STREAMS: usize = 256;

const REFUSED: &str = "last4_upstream_failures_total{reason=\"too-many-requests\"}";
const IN_FLIGHT: &str = "last4_requests_in_flight";

/// Answers a GET, and nothing else before its body is over. Speaks HTTP/2, so that many requests need few descriptors.
async fn origin() -> Origin {
    Origin::serving(|stream| async {
        let answer = service_fn(|request: Request<Incoming>| async move {
            if request.method() != Method::GET {
                std::future::pending::<()>().await;
            }
            Ok::<_, Infallible>(Response::new(Full::new(Bytes::from_static(b"{}"))))
        });
        let mut http2 = hyper::server::conn::http2::Builder::new(TokioExecutor::new());
        let _ = http2.max_concurrent_streams(1_000).serve_connection(TokioIo::new(stream), answer).await;
    })
    .await
}

async fn proxy(origin: &Origin, max_requests: usize) -> Proxy {
    let mut settings = settings(origin.address);
    settings.upstream.http2 = true;
    settings.limits.max_requests = max_requests;
    Proxy::with(settings, MaskRule::new(rules())).await
}

/// A client with bodies that do not end, each on a stream of one connection.
struct Greedy {
    sender: SendRequest<Bytes>,
    /// Dropped, a stream is reset.
    _bodies: Vec<(h2::client::ResponseFuture, h2::SendStream<Bytes>)>,
    connection: tokio::task::JoinHandle<Result<(), h2::Error>>,
}

impl Greedy {
    async fn begins(proxy: &Proxy, streams: usize) -> Self {
        let stream = TcpStream::connect(proxy.address).await.unwrap();
        let (sender, connection) = h2::client::handshake(stream).await.unwrap();
        let mut greedy = Self { sender, _bodies: Vec::new(), connection: tokio::spawn(connection) };
        for _ in 0..streams {
            let sent = greedy.send(Method::POST).await;
            greedy._bodies.push(sent);
        }
        greedy
    }

    async fn send(&mut self, method: Method) -> (h2::client::ResponseFuture, h2::SendStream<Bytes>) {
        self.sender = self.sender.clone().ready().await.unwrap();
        let is_get = method == Method::GET;
        let request = Request::builder().method(method).uri("http://a/x").body(()).unwrap();
        self.sender.send_request(request, is_get).unwrap()
    }

    async fn get(&mut self) -> Response<h2::RecvStream> {
        self.send(Method::GET).await.0.await.unwrap()
    }

    fn ends(self) {
        self.connection.abort();
    }
}

#[tokio::test]
async fn two_connections_of_endless_bodies_leave_room_for_a_third_client() {
    let origin = origin().await;
    let proxy = proxy(&origin, 512).await;
    let first = Greedy::begins(&proxy, STREAMS).await;
    until(&proxy, IN_FLIGHT, 256.0).await;
    assert_eq!(get(proxy.address, "/x").await.status, 200);
    // Of 256 places that are left it has half; the other half of its requests are refused.
    let second = Greedy::begins(&proxy, STREAMS).await;
    until(&proxy, REFUSED, 128.0).await;
    until(&proxy, IN_FLIGHT, 384.0).await;
    for _ in 0..3 {
        assert_eq!(get(proxy.address, "/x").await.status, 200, "over HTTP/1.1");
    }
    let mut third = Greedy::begins(&proxy, 63).await;
    assert_eq!(third.get().await.status(), 200, "over HTTP/2, beside 63 bodies of its own");
    let mut kept = Client::connect(proxy.address).await;
    for _ in 0..3 {
        kept.send(request("GET", "/x", "")).await;
        assert_eq!(kept.read("GET").await.status, 200);
    }
    for greedy in [first, second, third] {
        greedy.ends();
    }
    until(&proxy, IN_FLIGHT, 0.0).await;
}

#[tokio::test]
async fn one_connection_has_half_of_the_places_and_is_told_of_the_rest() {
    let origin = origin().await;
    let proxy = proxy(&origin, 10).await;
    let mut only = Greedy::begins(&proxy, 5).await;
    until(&proxy, IN_FLIGHT, 5.0).await;
    let refused = only.get().await;
    assert_eq!((refused.status().as_u16(), &refused.headers()["retry-after"]), (503, &"1".parse().unwrap()));
    assert_eq!(get(proxy.address, "/x").await.status, 200);
    only.ends();
    until(&proxy, IN_FLIGHT, 0.0).await;
}
