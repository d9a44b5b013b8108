//! APIs that authenticate the connection, not the request: NTLM and Negotiate.

use super::client::{Client, get, request};
use super::origin::{Origin, Seen, answer, read_request};
use super::proxy::{Proxy, rules, settings};
use bytes::Bytes;
use http::Request;
use http_body_util::Empty;
use hyper::client::conn::http2;
use hyper_util::rt::{TokioExecutor, TokioIo};
use last4::layer::MaskRule;
use std::sync::Arc;
use std::sync::atomic::{AtomicUsize, Ordering};
use tokio::io::AsyncWriteExt;

/// What one connection of such an API knows.
#[derive(Default)]
struct Session {
    challenged: bool,
    user: Option<String>,
}

impl Session {
    /// Answers as an API with this scheme does: a challenge, then the name of the authenticated client for as long as the connection lasts.
    fn answer(&mut self, seen: &Seen) -> Vec<u8> {
        let field = ["authorization", "proxy-authorization"].into_iter().find_map(|name| seen.header(name));
        let said = field.and_then(|said| said.trim().split_once([' ', '\t']));
        match said {
            Some((_, "hello")) => {
                self.challenged = true;
                answer("401 Unauthorized", "WWW-Authenticate: NTLM challenge\r\n", "")
            }
            Some((_, proof)) if self.challenged && proof.starts_with("proof-of-") => {
                self.user = Some(proof.trim_start_matches("proof-of-").to_owned());
                answer("200 OK", "Persistent-Auth: true\r\n", self.user.as_deref().unwrap_or_default())
            }
            _ => match &self.user {
                Some(user) => answer("200 OK", "", user),
                None => {
                    answer("401 Unauthorized", "WWW-Authenticate: Negotiate\r\nWWW-Authenticate: NTLM\r\n", "nobody")
                }
            },
        }
    }
}

/// Such an API, and how many connections were made to it.
async fn api() -> (Origin, Arc<AtomicUsize>) {
    let connections = Arc::new(AtomicUsize::new(0));
    let counter = Arc::clone(&connections);
    let origin = Origin::serving(move |mut stream| {
        let connection = counter.fetch_add(1, Ordering::Relaxed);
        async move {
            let (mut session, mut buffer) = (Session::default(), Vec::new());
            while let Some(seen) = read_request(&mut stream, &mut buffer, connection).await {
                if seen.request_line().contains("/reset-after-reading") && session.user.is_some() {
                    stream.set_zero_linger().unwrap();
                    return;
                }
                if stream.write_all(&session.answer(&seen)).await.is_err() {
                    return;
                }
            }
        }
    })
    .await;
    (origin, connections)
}

async fn told(client: &mut Client, target: &str, fields: &str) -> (u16, String) {
    client.send(request("GET", target, fields)).await;
    let reply = client.read("GET").await;
    (reply.status, reply.text())
}

/// Goes through the three legs of a handshake.
async fn log_in(client: &mut Client, scheme: &str, user: &str) {
    assert_eq!(told(client, "/x", "").await, (401, "nobody".to_owned()), "{scheme}");
    assert_eq!(told(client, "/x", &format!("{scheme} hello\r\n")).await.0, 401, "{scheme}");
    assert_eq!(told(client, "/x", &format!("{scheme} proof-of-{user}\r\n")).await, (200, user.to_owned()), "{scheme}");
}

const SPELLINGS: [&str; 8] = [
    "Authorization: NTLM", "authorization: ntlm", "AUTHORIZATION: Negotiate", "Authorization:  nEGOTIATE",
    "Authorization:\tNTLM", "Authorization: Kerberos", "Authorization: Nego2", "Proxy-Authorization: NTLM",
];

#[tokio::test]
async fn a_handshake_goes_over_one_connection_and_only_its_client_has_the_identity() {
    for scheme in SPELLINGS {
        let (origin, _) = api().await;
        let proxy = Proxy::before(&origin).await;
        let (mut ann, mut ben) = (Client::connect(proxy.address).await, Client::connect(proxy.address).await);
        log_in(&mut ann, scheme, "ann").await;
        assert_eq!(told(&mut ben, "/x", "").await, (401, "nobody".to_owned()), "{scheme}");
        log_in(&mut ben, scheme, "ben").await;
        for _ in 0..3 {
            assert_eq!(told(&mut ann, "/x", "").await, (200, "ann".to_owned()), "{scheme}");
            assert_eq!(told(&mut ben, "/x", "").await, (200, "ben".to_owned()), "{scheme}");
            assert_eq!(get(proxy.address, "/x").await.status, 401, "{scheme}");
        }
        drop(ann);
        for _ in 0..5 {
            assert_eq!(get(proxy.address, "/x").await.status, 401, "{scheme}: nobody inherits it");
        }
    }
}

#[tokio::test]
async fn the_scheme_is_seen_in_any_of_several_fields() {
    for fields in [
        "Authorization: Basic eDp5\r\nAuthorization: NTLM hello\r\n",
        "Authorization: Basic eDp5, NTLM hello\r\n",
        "Authorization: Basic eDp5,NTLM hello\r\n",
        "Authorization: Basic eDp5\r\nProxy-Authorization: Negotiate hello\r\n",
        "Proxy_Authorization: NTLM hello\r\n",
    ] {
        let origin = Origin::answering(|_| answer("200 OK", "", "x")).await;
        let proxy = Proxy::before(&origin).await;
        assert_eq!(super::client::ask(proxy.address, request("GET", "/x", fields)).await.status, 200);
        get(proxy.address, "/x").await;
        assert_eq!(origin.seen().iter().map(|seen| seen.connection).collect::<Vec<_>>(), [0, 1], "{fields}");
    }
}

#[tokio::test]
async fn an_answer_that_speaks_of_the_connections_identity_ends_the_connection() {
    for field in [
        "WWW-Authenticate: NTLM challenge",
        "www-authenticate: Basic realm=\"x\", NEGOTIATE challenge",
        "Proxy-Authenticate: ntlm challenge",
        "Persistent-Auth: true",
        "Authentication-Info: Negotiate token",
    ] {
        let sent = answer("200 OK", &format!("{field}\r\n"), "x");
        let origin = Origin::answering(move |_| sent.clone()).await;
        let proxy = Proxy::before(&origin).await;
        for _ in 0..2 {
            assert_eq!(get(proxy.address, "/x").await.status, 200);
        }
        assert_eq!(origin.seen().iter().map(|seen| seen.connection).collect::<Vec<_>>(), [0, 1], "{field}");
    }
    // What is only on offer was not spoken; nor does another scheme say anything of the connection.
    for field in ["WWW-Authenticate: NTLM", "WWW-Authenticate: Digest nonce=\"ntlm\"", "Persistent-Auth: false"] {
        let sent = answer("401 Unauthorized", &format!("{field}\r\n"), "x");
        let origin = Origin::answering(move |_| sent.clone()).await;
        let proxy = Proxy::before(&origin).await;
        for _ in 0..2 {
            assert_eq!(get(proxy.address, "/x").await.status, 401);
        }
        assert!(origin.seen().iter().all(|seen| seen.connection == 0), "{field}");
    }
}

#[tokio::test]
async fn a_request_with_an_identity_is_not_sent_again_on_another_connection() {
    let (origin, connections) = api().await;
    let proxy = Proxy::before(&origin).await;
    let mut ann = Client::connect(proxy.address).await;
    log_in(&mut ann, "Authorization: NTLM", "ann").await;
    let before = connections.load(Ordering::Relaxed);
    assert_eq!(told(&mut ann, "/reset-after-reading", "").await.0, 502);
    assert_eq!(connections.load(Ordering::Relaxed), before);
    // The session is over, as it is without a proxy.
    assert_eq!(told(&mut ann, "/x", "").await, (401, "nobody".to_owned()));
    log_in(&mut ann, "Authorization: NTLM", "ann").await;
}

#[tokio::test]
async fn a_connection_of_the_clients_own_ends_with_the_clients() {
    let (ended, mut ends) = tokio::sync::mpsc::unbounded_channel();
    let origin = Origin::serving(move |mut stream| {
        let ended = ended.clone();
        async move {
            let mut buffer = Vec::new();
            while read_request(&mut stream, &mut buffer, 0).await.is_some() {
                stream.write_all(&answer("200 OK", "", "x")).await.unwrap();
            }
            ended.send(()).unwrap();
        }
    })
    .await;
    let proxy = Proxy::before(&origin).await;
    let mut client = Client::connect(proxy.address).await;
    assert_eq!(told(&mut client, "/x", "Authorization: NTLM hello\r\n").await.0, 200);
    assert!(ends.try_recv().is_err());
    drop(client);
    tokio::time::timeout(super::client::PATIENCE, ends.recv()).await.unwrap().unwrap();
}

#[tokio::test]
async fn before_an_upstream_of_http_2_such_requests_go_over_http_1_1_connections_of_their_own() {
    let (origin, _) = api().await;
    let mut settings = settings(origin.address);
    settings.upstream.http2 = true;
    let proxy = Proxy::with(settings, MaskRule::new(rules())).await;
    let mut ann = Client::connect(proxy.address).await;
    assert_eq!(told(&mut ann, "/x", "Authorization: NTLM hello\r\n").await.0, 401);
    assert_eq!(told(&mut ann, "/x", "Authorization: NTLM proof-of-ann\r\n").await, (200, "ann".to_owned()));
    assert_eq!(told(&mut ann, "/x", "").await, (200, "ann".to_owned()));
}

#[tokio::test]
async fn over_http_2_each_such_request_has_a_connection_for_itself() {
    let origin = Origin::answering(|_| answer("200 OK", "", "x")).await;
    let proxy = Proxy::before(&origin).await;
    let stream = tokio::net::TcpStream::connect(proxy.address).await.unwrap();
    let (mut sender, connection) = http2::handshake(TokioExecutor::new(), TokioIo::new(stream)).await.unwrap();
    tokio::spawn(connection);
    for field in ["authorization", "x-other", "authorization", "proxy-authorization", "x-other"] {
        let request = Request::get("http://api.example/x").header(field, "Negotiate token").body(Empty::<Bytes>::new());
        assert_eq!(sender.send_request(request.unwrap()).await.unwrap().status(), 200);
    }
    assert_eq!(origin.seen().iter().map(|seen| seen.connection).collect::<Vec<_>>(), [0, 1, 2, 3, 1]);
}
