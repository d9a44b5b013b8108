//! HTTP/1.1 connections to the upstream.
//!
//! `stream` sits between the socket and hyper. It passes the heads of responses through `head`,
//! which repairs those that hyper would refuse although other readers of HTTP accept them.

pub(super) mod head;
pub(super) mod stream;

use super::request_body::RequestBody;
use crate::excerpt::Excerpt;
use crate::proxy::error::ForwardError;
use crate::proxy::net::stream::Stream;
use crate::proxy::settings::{DEFAULT_MAX_HEADERS, Limits};
use hyper::client::conn::http1::{Builder, SendRequest};
use hyper_util::rt::TokioIo;
use stream::{ResponsePhase, ResponseStream};

/// Most bytes of a response that are read at once. Measured with two long lists at a time: hyper's
/// default of 400 kB takes 1.5 MiB more memory and saves 2 % of the processor time; 128 KiB would
/// cost 10 % more time.
const BUFFER: usize = 256 * 1024;

/// Starts HTTP/1.1 on a new connection.
pub(super) async fn handshake(
    stream: Stream,
    limits: &Limits,
) -> Result<(SendRequest<RequestBody>, ResponsePhase), ForwardError> {
    let mut builder = Builder::new();
    builder.preserve_header_case(true).max_header_size(limits.max_header_bytes).max_buf_size(limits.buffer(BUFFER));
    if limits.max_headers != DEFAULT_MAX_HEADERS {
        builder.max_headers(limits.max_headers);
    }
    let (stream, phase) = ResponseStream::new(stream, limits.max_header_bytes);
    let handshake = builder.handshake(TokioIo::new(stream)).await;
    let (sender, connection) = handshake.map_err(|error| ForwardError::Protocol(Some(error)))?;
    tokio::spawn(async move {
        if let Err(error) = connection.with_upgrades().await {
            tracing::debug!(error = %Excerpt(&error), "upstream connection ended");
        }
    });
    Ok((sender, phase))
}
