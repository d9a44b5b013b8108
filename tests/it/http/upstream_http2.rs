//! HTTP/2 to the upstream.

use super::authority::Authority;
use super::client::{Client, get, request};
use super::origin::{Origin, read_request};
use super::proxy::{Proxy, rules, settings};
use super::{KEYS, SECRET, SHOWN};
use bytes::Bytes;
use futures_util::{StreamExt, stream};
use http::{HeaderMap, HeaderValue, Request, Response, StatusCode, Version};
use http_body_util::combinators::BoxBody;
use http_body_util::{BodyExt, BodyStream, Full, StreamBody};
use hyper::body::{Frame, Incoming};
use hyper::service::service_fn;
use hyper_util::rt::{TokioExecutor, TokioIo};
use last4::layer::MaskRule;
use last4::proxy::{Settings, Transport};
use std::convert::Infallible;
use std::future::Future;
use std::sync::atomic::{AtomicUsize, Ordering};
use std::sync::{Arc, Mutex};
use std::time::Duration;
use tokio::io::AsyncWriteExt;
use tokio::net::TcpStream;
use tokio_rustls::TlsAcceptor;

type Body = BoxBody<Bytes, std::io::Error>;

fn whole(body: impl Into<Bytes>) -> Body {
    Full::new(body.into()).map_err(|never| match never {}).boxed()
}

/// Pieces of a body, and what comes after them. Each is sent before the next is known.
fn pieces(pieces: Vec<std::io::Result<Frame<Bytes>>>) -> Body {
    let pieces = stream::iter(pieces).then(|piece| async {
        tokio::time::sleep(Duration::from_millis(20)).await;
        piece
    });
    BodyExt::boxed(StreamBody::new(pieces))
}

async fn serve<F>(
    stream: impl hyper::rt::Read + hyper::rt::Write + Send + Unpin + 'static,
    answer: impl Fn(Request<Incoming>) -> F,
) where
    F: Future<Output = Response<Body>> + Send + 'static,
{
    let service = service_fn(move |request| {
        let answering = answer(request);
        async move { Ok::<_, Infallible>(answering.await) }
    });
    let _ = hyper::server::conn::http2::Builder::new(TokioExecutor::new()).serve_connection(stream, service).await;
}

/// An origin that knows nothing but HTTP/2, and counts its connections.
async fn origin<F>(
    answer: impl Fn(Request<Incoming>) -> F + Clone + Send + Sync + 'static,
) -> (Origin, Arc<AtomicUsize>)
where
    F: Future<Output = Response<Body>> + Send + 'static,
{
    let connections = Arc::new(AtomicUsize::new(0));
    let counter = Arc::clone(&connections);
    let origin = Origin::serving(move |stream| {
        counter.fetch_add(1, Ordering::Relaxed);
        serve(TokioIo::new(stream), answer.clone())
    })
    .await;
    (origin, connections)
}

async fn before(origin: &Origin) -> Proxy {
    Proxy::with(http2(settings(origin.address)), MaskRule::new(rules())).await
}

fn http2(mut settings: Settings) -> Settings {
    settings.upstream.http2 = true;
    settings
}

#[tokio::test]
async fn a_list_is_masked_and_the_upstream_is_asked_as_the_client_asked() {
    let seen = Arc::new(Mutex::new(Vec::new()));
    let log = Arc::clone(&seen);
    let (origin, connections) = origin(move |request| {
        log.lock().unwrap().push((request.version(), request.uri().to_string(), request.headers().clone()));
        async { Response::new(whole(format!("[{{\"token\":\"{SECRET}\"}}]"))) }
    })
    .await;
    let proxy = before(&origin).await;
    let mut client = Client::connect(proxy.address).await;
    for _ in 0..3 {
        client.send(request("GET", &format!("{KEYS}?a=%20//b"), "Connection: keep-alive\r\nCookie: a=1\r\n")).await;
        let reply = client.read("GET").await;
        assert_eq!((reply.status, reply.text()), (200, format!("[{{\"token\":\"{SHOWN}\"}}]")));
    }
    assert_eq!(connections.load(Ordering::Relaxed), 1);
    let (version, target, headers) = seen.lock().unwrap()[0].clone();
    assert_eq!((version, target), (Version::HTTP_2, format!("http://api.example{KEYS}?a=%20//b")));
    assert_eq!(headers["cookie"], "a=1");
    assert_eq!(headers["x-forwarded-host"], "api.example");
    assert!(!headers.contains_key("connection"));
    let page = proxy.metrics.page();
    assert!(page.contains("last4_upstream_connections_opened_total 1\n"), "{page}");
    assert!(page.contains("last4_upstream_connections_reused_total 2\n"), "{page}");
}

#[tokio::test]
async fn every_answer_on_a_masked_route_is_judged_as_ever() {
    let (origin, _) = origin(|request| async move {
        let list = format!("[{{\"token\":\"{SECRET}\"}}]");
        let json = Response::builder().header("content-type", "application/json");
        match request.uri().query().unwrap_or_default() {
            "html" => Response::new(whole(format!("<b>{SECRET}"))),
            "part" => json.status(StatusCode::PARTIAL_CONTENT).body(whole(list)).unwrap(),
            "grpc" => Response::builder().header("content-type", "application/grpc").body(whole(list)).unwrap(),
            "invalid" => json.body(whole(format!("[{{\"token\":'{SECRET}'}}]"))).unwrap(),
            "trailers" => {
                let mut trailers = HeaderMap::new();
                trailers.insert("x-token", HeaderValue::from_static(SECRET));
                json.body(pieces(vec![Ok(Frame::data(list.into())), Ok(Frame::trailers(trailers))])).unwrap()
            }
            // Reset, after a whole list and in its middle.
            "reset" => json.body(pieces(vec![Ok(Frame::data(list.into())), Err(std::io::Error::other("x"))])).unwrap(),
            _ => json
                .body(pieces(vec![Ok(Frame::data(list[..20].to_owned().into())), Err(std::io::Error::other("x"))]))
                .unwrap(),
        }
    })
    .await;
    let proxy = before(&origin).await;
    for (query, status, reason) in [
        ("html", 502, Some("not-json")),
        ("part", 502, Some("partial-content")),
        ("grpc", 200, None),
        ("invalid", 502, Some("invalid-json")),
        ("trailers", 200, None),
        ("reset", 502, Some("incomplete")),
        ("cut", 502, Some("incomplete")),
    ] {
        let reply = get(proxy.address, &format!("{KEYS}?{query}")).await;
        assert!(!format!("{reply:?} {}", reply.text()).contains(SECRET), "{query}: {reply:?}");
        assert_eq!(reply.status, status, "{query}: {}", reply.text());
        match reason {
            Some(reason) => assert_eq!(reply.reason().as_deref(), Some(reason), "{query}"),
            None => assert_eq!(reply.text(), format!("[{{\"token\":\"{SHOWN}\"}}]"), "{query}"),
        }
    }
}

/// Elsewhere a client may be silent while it is answered. Here the answer waits for the body, and so the client is waited for no longer
/// than ever.
#[tokio::test]
async fn an_early_answer_to_a_create_does_not_wait_for_ever_for_the_body() {
    let (origin, _) = origin(|request| async move {
        // Kept, so that the body is not refused.
        tokio::spawn(async move { request.into_body().collect().await });
        Response::new(whole(format!("{{\"token\":\"{SECRET}\"}}")))
    })
    .await;
    let mut settings = http2(settings(origin.address));
    settings.limits.body_timeout = Duration::from_millis(300);
    let proxy = Proxy::with(settings, MaskRule::new(rules())).await;
    let mut client = Client::connect(proxy.address).await;
    client.send(request("POST", KEYS, "Content-Length: 20\r\n") + "{\"name\":").await;
    let reply = client.read("POST").await;
    assert!(!reply.text().contains(SECRET), "{reply:?}");
}

#[tokio::test]
async fn off_the_routes_bodies_stream_both_ways_and_trailers_pass() {
    let (origin, _) = origin(|request: Request<Incoming>| async move {
        assert_eq!(request.headers()["te"], "trailers");
        let body = request.into_body().map_err(std::io::Error::other);
        let mut trailers = HeaderMap::new();
        trailers.insert("grpc-status", HeaderValue::from_static("0"));
        // Each piece comes back as it comes.
        let echo = BodyStream::new(body).chain(stream::iter([Ok(Frame::trailers(trailers))]));
        Response::new(BodyExt::boxed(StreamBody::new(echo)))
    })
    .await;
    let mut settings = http2(settings(origin.address));
    settings.limits.body_timeout = Duration::from_millis(300);
    let proxy = Proxy::with(settings, MaskRule::new(rules())).await;
    let stream = TcpStream::connect(proxy.address).await.unwrap();
    let (mut sender, connection) =
        hyper::client::conn::http2::handshake(TokioExecutor::new(), TokioIo::new(stream)).await.unwrap();
    tokio::spawn(connection);
    let (pieces, body) = tokio::sync::mpsc::channel::<Result<Frame<Bytes>, Infallible>>(1);
    let body = stream::unfold(body, |mut body| async move { Some((body.recv().await?, body)) });
    let request = Request::post("http://api.example/echo.Echo/Both")
        .header("te", "trailers")
        .body(StreamBody::new(Box::pin(body)))
        .unwrap();
    let mut body = sender.send_request(request).await.unwrap().into_body();
    for piece in ["one", "two"] {
        pieces.send(Ok(Frame::data(piece.into()))).await.unwrap();
        assert_eq!(body.frame().await.unwrap().unwrap().into_data().unwrap(), piece);
        // Once it is answered, a client may be silent.
        tokio::time::sleep(Duration::from_millis(700)).await;
    }
    drop(pieces);
    let trailers = body.frame().await.unwrap().unwrap().into_trailers().unwrap();
    assert_eq!(trailers["grpc-status"], "0");
    assert!(body.frame().await.is_none());
}

#[tokio::test]
async fn an_answer_that_is_reset_never_ends_like_a_whole_one() {
    let (origin, _) = origin(|_| async {
        Response::new(pieces(vec![Ok(Frame::data("begun".into())), Err(std::io::Error::other("x"))]))
    })
    .await;
    let proxy = before(&origin).await;
    let reply = get(proxy.address, "/other").await;
    assert!(!reply.clean, "{reply:?}");
}

/// An origin that speaks in frames: a head, a piece of a body, and a reset that says there was no error.
#[tokio::test]
async fn a_reset_without_an_error_is_an_end_only_where_all_had_come() {
    for (length, clean) in [(Some("5"), true), (Some("6"), false), (None, false)] {
        let origin = Origin::serving(move |stream| async move {
            let mut connection = h2::server::handshake(stream).await.unwrap();
            while let Some(Ok((_, mut respond))) = connection.accept().await {
                let mut response = Response::builder();
                if let Some(length) = length {
                    response = response.header("content-length", length);
                }
                let mut body = respond.send_response(response.body(()).unwrap(), false).unwrap();
                body.send_data("begun".into(), false).unwrap();
                tokio::spawn(async move {
                    tokio::time::sleep(Duration::from_millis(100)).await;
                    body.send_reset(h2::Reason::NO_ERROR);
                });
            }
        })
        .await;
        let proxy = before(&origin).await;
        let reply = get(proxy.address, "/other").await;
        assert_eq!((reply.text(), reply.clean), ("begun".to_owned(), clean), "{length:?}");
    }
}

#[tokio::test]
async fn many_requests_at_once_share_a_connection_and_get_their_own_answers() {
    let (origin, connections) = origin(|request| async move {
        tokio::time::sleep(Duration::from_millis(20)).await;
        Response::new(whole(request.uri().path().to_owned()))
    })
    .await;
    let proxy = before(&origin).await;
    let requests = (0..200).map(|number| {
        let address = proxy.address;
        async move { assert_eq!(get(address, &format!("/{number}")).await.text(), format!("/{number}")) }
    });
    futures_util::future::join_all(requests).await;
    assert_eq!(connections.load(Ordering::Relaxed), 1);
}

#[tokio::test]
async fn a_connection_that_says_goodbye_is_replaced_and_no_request_fails() {
    // Each connection takes three requests, and then no more.
    let origin = Origin::serving(|stream| async move {
        let mut connection = h2::server::handshake(stream).await.unwrap();
        let mut served = 0;
        while let Some(Ok((_, mut respond))) = connection.accept().await {
            let mut body = respond.send_response(Response::new(()), false).unwrap();
            body.send_data("fine".into(), true).unwrap();
            served += 1;
            if served == 3 {
                connection.graceful_shutdown();
            }
        }
    })
    .await;
    let proxy = before(&origin).await;
    for _ in 0..30 {
        let reply = get(proxy.address, "/x").await;
        assert_eq!((reply.status, reply.text()), (200, "fine".to_owned()));
    }
}

#[tokio::test]
async fn only_a_safe_request_is_sent_again_when_a_connection_breaks() {
    let methods = Arc::new(Mutex::new(Vec::new()));
    let log = Arc::clone(&methods);
    // Each connection answers one request, and breaks at the next.
    let origin = Origin::serving(move |stream| {
        let log = Arc::clone(&log);
        async move {
            let mut connection = h2::server::handshake(stream).await.unwrap();
            let mut served = 0;
            while let Some(Ok((request, mut respond))) = connection.accept().await {
                log.lock().unwrap().push(request.method().to_string());
                served += 1;
                if served == 2 {
                    return;
                }
                let mut body = respond.send_response(Response::new(()), false).unwrap();
                body.send_data("fine".into(), true).unwrap();
            }
        }
    })
    .await;
    let proxy = before(&origin).await;
    assert_eq!(get(proxy.address, "/x").await.text(), "fine");
    assert_eq!(get(proxy.address, "/x").await.text(), "fine", "sent again, on a new connection");
    let post = super::client::ask(proxy.address, request("POST", "/x", "Content-Length: 0\r\n")).await;
    assert_eq!((post.status, post.reason().as_deref()), (502, Some("upstream-closed")));
    assert_eq!(*methods.lock().unwrap(), ["GET", "GET", "GET", "POST"]);
}

#[tokio::test]
async fn a_client_that_leaves_takes_its_stream_with_it_and_no_other() {
    let (told, mut resets) = tokio::sync::mpsc::unbounded_channel();
    let origin = Origin::serving(move |stream| {
        let told = told.clone();
        async move {
            let mut connection = h2::server::handshake(stream).await.unwrap();
            while let Some(Ok((request, mut respond))) = connection.accept().await {
                let mut body = respond.send_response(Response::new(()), false).unwrap();
                if request.uri().path() == "/whole" {
                    body.send_data("fine".into(), true).unwrap();
                    continue;
                }
                body.send_data("begun".into(), false).unwrap();
                let told = told.clone();
                tokio::spawn(async move {
                    let reset = std::future::poll_fn(|cx| body.poll_reset(cx)).await;
                    told.send(reset.unwrap()).unwrap();
                });
            }
        }
    })
    .await;
    let proxy = before(&origin).await;
    let mut client = Client::connect(proxy.address).await;
    client.send(request("GET", "/begun", "")).await;
    client.read_until("begun").await;
    drop(client);
    let reset = tokio::time::timeout(super::client::PATIENCE, resets.recv()).await.unwrap().unwrap();
    assert_eq!(reset, h2::Reason::CANCEL);
    assert_eq!(get(proxy.address, "/whole").await.text(), "fine");
    assert!(proxy.metrics.page().contains("last4_upstream_connections_opened_total 1\n"));
}

#[tokio::test]
async fn an_upstream_that_is_gone_is_told_of_and_one_that_is_back_is_used() {
    let (first, _) = origin(|_| async { Response::new(whole("1")) }).await;
    let proxy = before(&first).await;
    assert_eq!(get(proxy.address, "/x").await.status, 200);
    let address = first.address;
    drop(first);
    let listener = loop {
        // A task still serves the open connection; a new connection is refused.
        match tokio::net::TcpListener::bind(address).await {
            Ok(listener) => break listener,
            Err(_) => tokio::time::sleep(Duration::from_millis(20)).await,
        }
    };
    tokio::spawn(async move {
        while let Ok((stream, _)) = listener.accept().await {
            tokio::spawn(serve(TokioIo::new(stream), |_| async { Response::new(whole("2")) }));
        }
    });
    assert_eq!(get(proxy.address, "/x").await.status, 200);
}

#[tokio::test]
async fn an_upstream_that_speaks_another_http_is_not_understood() {
    let origin = Origin::serving(|mut stream| async move {
        let _ = stream.write_all(b"HTTP/1.1 400 Bad Request\r\nContent-Length: 0\r\n\r\n").await;
        tokio::time::sleep(Duration::from_secs(1)).await;
    })
    .await;
    let proxy = before(&origin).await;
    let reply = get(proxy.address, "/x").await;
    assert_eq!((reply.status, reply.reason().as_deref()), (502, Some("upstream-protocol")));
}

#[tokio::test]
async fn a_websocket_goes_over_http_1_1() {
    let origin = Origin::serving(|mut stream| async move {
        let seen = read_request(&mut stream, &mut Vec::new(), 0).await.unwrap();
        assert!(seen.head.starts_with("GET /ws HTTP/1.1"), "{}", seen.head);
        let _ = stream
            .write_all(b"HTTP/1.1 101 Switching Protocols\r\nConnection: upgrade\r\nUpgrade: websocket\r\n\r\nhello")
            .await;
        tokio::time::sleep(Duration::from_secs(1)).await;
    })
    .await;
    let proxy = before(&origin).await;
    let mut client = Client::connect(proxy.address).await;
    client.send(request("GET", "/ws", "Connection: upgrade\r\nUpgrade: websocket\r\n")).await;
    assert!(client.read_until("hello").await.starts_with(b"HTTP/1.1 101"));
}

#[tokio::test]
async fn over_tls_it_is_agreed_on_in_the_handshake_or_not_at_all() {
    let authority = Authority::new();
    for (protocols, status) in [(&["h2"][..], 200), (&["http/1.1"], 502), (&[], 502)] {
        let config = authority.for_origin(protocols, None);
        let origin = Origin::serving(move |stream| {
            let config = Arc::clone(&config);
            async move {
                let Ok(stream) = TlsAcceptor::from(config).accept(stream).await else { return };
                serve(TokioIo::new(stream), |request: Request<Incoming>| async move {
                    assert_eq!(request.uri().scheme_str(), Some("https"));
                    Response::new(whole(format!("[{{\"token\":\"{SECRET}\"}}]")))
                })
                .await;
            }
        })
        .await;
        let mut settings = http2(settings(origin.address));
        settings.upstream.transport = Transport::Tls(authority.client("localhost", None));
        let proxy = Proxy::with(settings, MaskRule::new(rules())).await;
        let reply = get(proxy.address, KEYS).await;
        assert_eq!(reply.status, status, "{protocols:?}: {}", reply.text());
        match status {
            200 => assert_eq!(reply.text(), format!("[{{\"token\":\"{SHOWN}\"}}]")),
            _ => assert_eq!(reply.reason().as_deref(), Some("upstream-tls")),
        }
    }
}

#[tokio::test]
async fn a_host_that_http_2_has_no_place_for_is_refused() {
    let (origin, connections) = origin(|_| async { Response::new(whole("")) }).await;
    let proxy = before(&origin).await;
    let mut client = Client::connect(proxy.address).await;
    client.send("GET /x HTTP/1.1\r\nHost: a b\r\n\r\n").await;
    assert_eq!(client.read("GET").await.status, 400);
    assert_eq!(connections.load(Ordering::Relaxed), 0);
}

/// A head of more fields than are allowed.
#[tokio::test]
async fn the_limits_of_heads_hold() {
    let (origin, _) = origin(|request: Request<Incoming>| async move {
        let mut response = Response::builder();
        let (count, size) = if request.uri().path() == "/many" { (150, 1) } else { (20, 5_000) };
        for number in 0..count {
            response = response.header(format!("x-{number}"), "v".repeat(size));
        }
        response.body(whole("")).unwrap()
    })
    .await;
    let proxy = before(&origin).await;
    for path in ["/many", "/large"] {
        assert_eq!(get(proxy.address, path).await.status, 502, "{path}");
    }
}

#[tokio::test]
async fn clients_that_take_nothing_hold_up_no_other() {
    let (origin, connections) = origin(|_| async { Response::new(whole(vec![b'x'; 140_000])) }).await;
    let proxy = before(&origin).await;
    let stream = TcpStream::connect(proxy.address).await.unwrap();
    let mut builder = h2::client::Builder::new();
    let (mut sender, connection) = builder.initial_window_size(0).handshake::<_, Bytes>(stream).await.unwrap();
    let connection = tokio::spawn(connection);
    let mut stalled = Vec::new();
    // Fewer than the origin takes at once.
    for _ in 0..150 {
        sender = sender.ready().await.unwrap();
        let request = Request::get("http://a/x").body(()).unwrap();
        stalled.push(sender.send_request(request, true).unwrap().0.await.unwrap());
    }
    let reply = tokio::time::timeout(Duration::from_secs(30), get(proxy.address, "/x")).await.expect("in time");
    assert_eq!((reply.status, reply.body.len()), (200, 140_000));
    assert_eq!(connections.load(Ordering::Relaxed), 1);
    connection.abort();
}
