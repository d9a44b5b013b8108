//! One kind of request, sent many times over a few connections.

use crate::Result;
use bytes::Bytes;
use http_body_util::{BodyExt, Full};
use hyper::client::conn::http1;
use hyper::header::{ACCEPT_ENCODING, HOST};
use hyper::{Method, Request, StatusCode};
use hyper_util::rt::TokioIo;
use std::net::SocketAddr;
use tokio::net::TcpStream;
use tokio::task::JoinSet;

const CONNECTIONS: usize = 8;

#[derive(Clone)]
pub(crate) struct Load {
    pub(crate) method: Method,
    pub(crate) path: String,
    /// What the client accepts, and the API then answers in; plain if it is empty.
    pub(crate) coding: &'static str,
    /// Bytes of the request's body.
    pub(crate) upload: usize,
    pub(crate) expected: StatusCode,
    /// How often.
    pub(crate) times: usize,
}

impl Load {
    /// Sends one of `share` parts of it, but each connection once at least.
    pub(crate) async fn send(&self, address: SocketAddr, share: usize) -> Result<()> {
        let mut connections = JoinSet::new();
        for _ in 0..CONNECTIONS {
            let (load, times) = (self.clone(), (self.times / share / CONNECTIONS).max(1));
            connections
                .spawn_local(async move { load.over_one(address, times).await.map_err(|error| error.to_string()) });
        }
        for sent in connections.join_all().await {
            sent?;
        }
        Ok(())
    }

    async fn over_one(&self, address: SocketAddr, times: usize) -> Result<()> {
        let stream = TcpStream::connect(address).await?;
        stream.set_nodelay(true)?;
        let (mut sender, connection) = http1::handshake(TokioIo::new(stream)).await?;
        tokio::task::spawn_local(async move { drop(connection.await) });
        for _ in 0..times {
            let mut request = Request::builder().method(&self.method).uri(&self.path).header(HOST, "localhost");
            if !self.coding.is_empty() {
                request = request.header(ACCEPT_ENCODING, self.coding);
            }
            let answer = sender.send_request(request.body(Full::new(Bytes::from(vec![b'x'; self.upload])))?).await?;
            if answer.status() != self.expected {
                return Err(format!("{} {}: {}", self.method, self.path, answer.status()).into());
            }
            answer.into_body().collect().await?;
        }
        Ok(())
    }
}
