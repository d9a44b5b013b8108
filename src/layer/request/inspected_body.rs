//! The body of a request, read along while it goes upstream: an override in it makes the request reveal nothing.

use super::override_detector::OverrideDetector;
use bytes::{Buf, Bytes};
use http::header::CONTENT_ENCODING;
use http::{HeaderMap, HeaderValue};
use http_body::{Body, Frame, SizeHint};
use std::fmt;
use std::pin::Pin;
use std::sync::{Arc, Mutex, MutexGuard, PoisonError};
use std::task::{Context, Poll, Waker, ready};

/// The body of a request as the service inside the layer gets it. It is the client's own, frame by frame.
pub struct InspectedBody<B> {
    body: B,
    /// `None` where nothing depends on what it holds.
    inspection: Option<BodyVerdict>,
}

/// Whether a body overrides the method, once that is known. Clones know the same.
#[derive(Clone, Default)]
pub(super) struct BodyVerdict(Option<Arc<Mutex<Inspection>>>);

struct Inspection {
    detector: OverrideDetector,
    /// Whether no more of the body goes upstream: it was read to its end, or given up.
    over: bool,
    /// Who waits for that.
    waiting: Option<Waker>,
}

impl BodyVerdict {
    /// For a body that cannot be read, and so may override.
    pub(super) fn unknown() -> Self {
        Self::default()
    }

    fn of(detector: OverrideDetector, over: bool) -> Self {
        Self(Some(Arc::new(Mutex::new(Inspection { detector, over, waiting: None }))))
    }

    /// Whether the body may override the method. An upstream may answer before it was sent all of the body; what decides is all that
    /// it is sent.
    pub(super) fn poll_overrides(&self, cx: &mut Context<'_>) -> Poll<bool> {
        let Some(mut inspection) = self.inspection() else { return Poll::Ready(true) };
        if inspection.over {
            return Poll::Ready(inspection.detector.overrides_at_end());
        }
        inspection.waiting = Some(cx.waker().clone());
        Poll::Pending
    }

    /// Notes that no more of the body goes upstream. The waiting task is woken after the lock is
    /// released, so that it never waits for the lock.
    fn conclude(&self) {
        let waiting = self.inspection().and_then(|mut inspection| {
            inspection.over = true;
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
    /// Nothing of the body.
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str("BodyVerdict")
    }
}

impl<B: Body> InspectedBody<B> {
    /// A body that is not looked into.
    pub fn unread(body: B) -> Self {
        Self { body, inspection: None }
    }

    /// A body that is looked into, with what becomes known of it.
    pub(super) fn read(body: B, headers: &HeaderMap) -> (Self, BodyVerdict) {
        // One that is coded cannot be read.
        let is_plain = |coding: &HeaderValue| coding.as_bytes().eq_ignore_ascii_case(b"identity");
        if !is_over(&body) && !headers.get_all(CONTENT_ENCODING).iter().all(is_plain) {
            return (Self::unread(body), BodyVerdict::unknown());
        }
        let detector = OverrideDetector::new(says_multipart(headers));
        let verdict = BodyVerdict::of(detector, is_over(&body));
        (Self { body, inspection: Some(verdict.clone()) }, verdict)
    }
}

impl<B> InspectedBody<B> {
    /// Whether the answer waits for what the body says.
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

/// Whether any field that some server takes for `Content-Type` speaks of several parts.
fn says_multipart(headers: &HeaderMap) -> bool {
    headers.iter().any(|(name, value)| {
        let letters = name.as_str().bytes().filter(u8::is_ascii_alphanumeric);
        letters.eq(*b"contenttype") && value.as_bytes().to_ascii_lowercase().windows(9).any(|part| part == b"multipart")
    })
}

/// Whether nothing more comes of a body. One whose announced bytes all came is not asked for its end by those who count them.
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

    /// Whoever asks and is told that it has ended need not read on, so that this is an end too.
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
    /// Nobody reads on, so that no more goes upstream.
    fn drop(&mut self) {
        self.conclude();
    }
}

impl<B> fmt::Debug for InspectedBody<B> {
    /// Nothing of the body.
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str("InspectedBody")
    }
}
