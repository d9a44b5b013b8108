//! What the client gets of a body that cannot be transformed to its end.

use crate::reason::Reason;
use bytes::BytesMut;
use std::task::{Context, Poll};
use thiserror::Error;

/// Why a body ended early.
#[derive(Debug, Error)]
#[non_exhaustive]
pub enum BodyError<E> {
    /// The upstream's body failed, on a route that is not masked.
    #[error("the upstream's body failed")]
    Upstream(#[source] E),
    /// The rest was withheld.
    #[error("the rest of the answer was withheld: {0}")]
    Withheld(Reason),
}

/// Decides what the client gets of a body that fails. Both policies end the body with an error,
/// never cleanly.
pub(crate) trait FailurePolicy: Default {
    /// Turns an error of the upstream's body into a reason, or passes it on.
    fn upstream_failed<E>(error: E) -> Result<Reason, E>;

    /// Drops or keeps the output that was ready when the body failed.
    fn fail(out: &mut BytesMut);

    /// Resolves when the client may see the error. All output was taken before.
    fn poll_error(&mut self, cx: &mut Context<'_>) -> Poll<()>;
}

/// For secrets: the client gets nothing more, and no detail of the upstream's error.
#[derive(Debug, Default)]
pub(crate) struct FailClosed;

impl FailurePolicy for FailClosed {
    fn upstream_failed<E>(_: E) -> Result<Reason, E> {
        Ok(Reason::Incomplete)
    }

    /// The output that was masked before the fault is sound, but useless to a client that must see
    /// a failure.
    fn fail(out: &mut BytesMut) {
        out.clear();
    }

    fn poll_error(&mut self, _: &mut Context<'_>) -> Poll<()> {
        Poll::Ready(())
    }
}

/// For pages, which hold no secrets: the client gets all that could be decoded, and then the error.
#[derive(Debug, Default)]
pub(crate) struct FailOpen {
    /// Whether the server was given time to send the output from before the failure.
    has_paused: bool,
}

impl FailurePolicy for FailOpen {
    fn upstream_failed<E>(error: E) -> Result<Reason, E> {
        Err(error)
    }

    fn fail(_: &mut BytesMut) {}

    /// A server that sees output and error in one turn drops the output it has not sent, and even
    /// the head. So the error comes one turn later.
    fn poll_error(&mut self, cx: &mut Context<'_>) -> Poll<()> {
        if !std::mem::replace(&mut self.has_paused, true) {
            cx.waker().wake_by_ref();
            return Poll::Pending;
        }
        Poll::Ready(())
    }
}
