//! Failure policies: the output and the error that a client gets if a body cannot be transformed to
//! its end.

use crate::reason::Reason;
use bytes::BytesMut;
use std::task::{Context, Poll};
use thiserror::Error;

/// Why a body ended early.
#[derive(Debug, Error)]
#[non_exhaustive]
pub enum BodyError<E> {
    /// The upstream's body failed, on a route without masking.
    #[error("the upstream's body failed")]
    Upstream(#[source] E),
    /// last4 withheld the rest of the body.
    #[error("the rest of the answer was withheld: {0}")]
    Withheld(Reason),
}

/// Decides which output and which error a client gets if a body fails. Under every policy the body
/// ends with an error, never cleanly.
pub(crate) trait FailurePolicy: Default {
    /// Returns the reason that replaces an error of the upstream's body, or `Err` with that error
    /// to keep it.
    fn upstream_failed<E>(error: E) -> Result<Reason, E>;

    /// Clears `out`, or keeps it. `out` is the output that was ready when the body failed.
    fn fail(out: &mut BytesMut);

    /// Resolves when the error may be returned to the server. The server has taken all output
    /// before.
    fn poll_error(&mut self, cx: &mut Context<'_>) -> Poll<()>;
}

/// For masked bodies: after a failure the client gets no more bytes, and no detail of the
/// upstream's error.
#[derive(Debug, Default)]
pub(crate) struct FailClosed;

impl FailurePolicy for FailClosed {
    fn upstream_failed<E>(_: E) -> Result<Reason, E> {
        Ok(Reason::Incomplete)
    }

    /// The output before the fault is masked correctly, but the client has no use for it: it must
    /// see a failure.
    fn fail(out: &mut BytesMut) {
        out.clear();
    }

    fn poll_error(&mut self, _: &mut Context<'_>) -> Poll<()> {
        Poll::Ready(())
    }
}

/// For pages, which hold no secrets: the client gets all bytes that could be decoded, and then the
/// error.
#[derive(Debug, Default)]
pub(crate) struct FailOpen {
    /// Whether the server has had a turn to send the output from before the failure.
    has_paused: bool,
}

impl FailurePolicy for FailOpen {
    fn upstream_failed<E>(error: E) -> Result<Reason, E> {
        Err(error)
    }

    fn fail(_: &mut BytesMut) {}

    /// A server that gets output and error in one turn drops the output that it has not sent, and
    /// even the head. So the error comes one turn later.
    fn poll_error(&mut self, cx: &mut Context<'_>) -> Poll<()> {
        if !std::mem::replace(&mut self.has_paused, true) {
            cx.waker().wake_by_ref();
            return Poll::Pending;
        }
        Poll::Ready(())
    }
}
