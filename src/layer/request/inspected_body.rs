//! Searches the body of a request for a method override while it goes upstream. A request with an
//! override reveals nothing.

use super::override_detector::OverrideDetector;
use bytes::{Buf, Bytes};
use http::header::CONTENT_ENCODING;
use http::{HeaderMap, HeaderValue};
use http_body::{Body, Frame, SizeHint};
use std::fmt;
use std::pin::Pin;
use std::sync::{Arc, Mutex, MutexGuard, PoisonError};
use std::task::{Context, Poll, Waker, ready};

/// The body of a request as the service inside the layer gets it: the client's own, frame by frame.
pub struct InspectedBody<B> {
    body: B,
    /// `None` if no decision depends on the body.
    inspection: Option<BodyVerdict>,
}

/// Whether a body overrides the method, when that is known. Clones share the verdict.
#[derive(Clone, Default)]
pub(super) struct BodyVerdict(Option<Arc<Mutex<Inspection>>>);

struct Inspection {
    detector: OverrideDetector,
    /// Whether no more of the body goes upstream: it was read to its end, or dropped.
    is_over: bool,
    /// The task that waits for `is_over`.
    waiting: Option<Waker>,
}

impl BodyVerdict {
    /// The verdict on a body that cannot be read, and so may hold an override.
    pub(super) fn unknown() -> Self {
        Self::default()
    }

    fn of(detector: OverrideDetector, is_over: bool) -> Self {
        Self(Some(Arc::new(Mutex::new(Inspection { detector, is_over, waiting: None }))))
    }

    /// Resolves when it is known whether the body may override the method. The upstream may answer
    /// before it has received the whole body, but all of the body counts that it will receive.
    pub(super) fn poll_overrides(&self, cx: &mut Context<'_>) -> Poll<bool> {
        let Some(mut inspection) = self.inspection() else { return Poll::Ready(true) };
        if inspection.is_over {
            return Poll::Ready(inspection.detector.overrides_at_end());
        }
        inspection.waiting = Some(cx.waker().clone());
        Poll::Pending
    }

    /// Notes that no more of the body goes upstream. Wakes the waiting task after the lock is
    /// released, so that the task never waits for the lock.
    fn conclude(&self) {
        let waiting = self.inspection().and_then(|mut inspection| {
            inspection.is_over = true;
            inspection.waiting.take()
        });
        if let Some(waiting) = waiting {
            waiting.wake();
        }
    }

    fn inspection(&self) -> Option<MutexGuard<'_, Inspection>> {
        self.0.as_ref().map(|inspection| inspection.lock().unwrap_or_else(PoisonError::into_inner))
    }
}

impl fmt::Debug for BodyVerdict {
    /// Shows nothing of the body.
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str("BodyVerdict")
    }
}

impl<B: Body> InspectedBody<B> {
    /// Wraps a body that is not searched.
    pub fn unread(body: B) -> Self {
        Self { body, inspection: None }
    }

    /// Wraps a body that is searched, and returns the verdict on it.
    pub(super) fn read(body: B, headers: &HeaderMap) -> (Self, BodyVerdict) {
        // A body in a content coding cannot be searched.
        let is_plain = |coding: &HeaderValue| coding.as_bytes().eq_ignore_ascii_case(b"identity");
        if !is_over(&body) && !headers.get_all(CONTENT_ENCODING).iter().all(is_plain) {
            return (Self::unread(body), BodyVerdict::unknown());
        }
        let detector = OverrideDetector::new(may_be_multipart(headers));
        let verdict = BodyVerdict::of(detector, is_over(&body));
        (Self { body, inspection: Some(verdict.clone()) }, verdict)
    }
}

impl<B> InspectedBody<B> {
    /// Whether the answer waits for the verdict on the body.
    #[cfg(feature = "proxy")]
    pub(crate) fn is_waited_for(&self) -> bool {
        self.inspection.is_some()
    }

    fn conclude(&self) {
        if let Some(inspection) = &self.inspection {
            inspection.conclude();
        }
    }
}

/// Whether the body may be multipart, by any field that some server takes for `Content-Type`.
fn may_be_multipart(headers: &HeaderMap) -> bool {
    headers.iter().any(|(name, value)| {
        let letters = name.as_str().bytes().filter(u8::is_ascii_alphanumeric);
        letters.eq(*b"contenttype") && value.as_bytes().to_ascii_lowercase().windows(9).any(|part| part == b"multipart")
    })
}

/// Whether a body has no more frames. A body whose announced bytes have all arrived counts too:
/// HTTP libraries that count the bytes do not poll it for its end.
fn is_over(body: &impl Body) -> bool {
    body.is_end_stream() || body.size_hint().exact() == Some(0)
}

impl<B: Body + Unpin> Body for InspectedBody<B> {
    type Data = Bytes;
    type Error = B::Error;

    fn poll_frame(mut self: Pin<&mut Self>, cx: &mut Context<'_>) -> Poll<Option<Result<Frame<Bytes>, B::Error>>> {
        let frame = ready!(Pin::new(&mut self.body).poll_frame(cx)).transpose()?;
        let frame = frame.map(|frame| frame.map_data(|mut data| data.copy_to_bytes(data.remaining())));
        let ended = frame.is_none() || is_over(&self.body);
        if let Some(data) = frame.as_ref().and_then(Frame::data_ref)
            && let Some(mut inspection) = self.inspection.as_ref().and_then(BodyVerdict::inspection)
        {
            inspection.detector.read(data);
        }
        if ended {
            self.conclude();
        }
        Poll::Ready(frame.map(Ok))
    }

    /// Returning true here ends the body as well: the caller need not poll it again.
    fn is_end_stream(&self) -> bool {
        let ended = self.body.is_end_stream();
        if ended {
            self.conclude();
        }
        ended
    }

    fn size_hint(&self) -> SizeHint {
        self.body.size_hint()
    }
}

impl<B> Drop for InspectedBody<B> {
    /// A dropped body sends no more upstream.
    fn drop(&mut self) {
        self.conclude();
    }
}

impl<B> fmt::Debug for InspectedBody<B> {
    /// Shows nothing of the body.
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str("InspectedBody")
    }
}
