//! Reads the body of a request while it goes upstream, in search of a method override, with which a
//! request reveals nothing, and of a masked value, with which it is refused.

use super::override_detector::OverrideDetector;
use super::write_back::WriteBackDetector;
use bytes::{Buf, Bytes};
use http::header::CONTENT_ENCODING;
use http::{HeaderMap, HeaderValue};
use http_body::{Body, Frame, SizeHint};
use std::collections::VecDeque;
use std::fmt;
use std::pin::Pin;
use std::sync::{Arc, Mutex, MutexGuard, PoisonError};
use std::task::{Context, Poll, Waker, ready};

/// The body of a request as the service inside the layer gets it: the client's own, frame by frame.
///
/// A guarded body ends with [`RequestBodyError::MaskedValue`] if it holds a masked value. The
/// service must then not take what it has received for the whole request.
pub struct InspectedBody<B> {
    body: B,
    /// `None` if no decision depends on the body.
    inspection: Option<BodyVerdict>,
    /// Present while a masked value may be found.
    guard: Option<Box<Guard>>,
}

/// Why the body of a request ended too early.
#[derive(Debug, thiserror::Error)]
pub enum RequestBodyError<E> {
    /// The client's body failed.
    #[error(transparent)]
    Client(E),
    /// The request would store a masked value.
    #[error("the request holds a masked value")]
    MaskedValue,
}

/// Whether a body overrides the method, when that is known, and whether it holds a masked value.
/// Clones share the verdict.
#[derive(Clone, Default)]
pub(super) struct BodyVerdict(Option<Arc<Mutex<Inspection>>>);

struct Inspection {
    /// `None` if no decision depends on an override.
    overrides: Option<OverrideDetector>,
    has_masked_value: bool,
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

    fn of(overrides: Option<OverrideDetector>, is_over: bool) -> Self {
        let inspection = Inspection { overrides, has_masked_value: false, is_over, waiting: None };
        Self(Some(Arc::new(Mutex::new(inspection))))
    }

    /// Whether a masked value was found so far.
    pub(super) fn has_masked_value(&self) -> bool {
        self.inspection().is_some_and(|inspection| inspection.has_masked_value)
    }

    /// Resolves when it is known whether the body may override the method. The upstream may answer
    /// before it has received the whole body, but all of the body counts that it will receive.
    pub(super) fn poll_overrides(&self, cx: &mut Context<'_>) -> Poll<bool> {
        let Some(mut inspection) = self.inspection() else { return Poll::Ready(true) };
        if inspection.is_over {
            let overrides = inspection.overrides.as_mut();
            return Poll::Ready(overrides.is_none_or(OverrideDetector::overrides_at_end));
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
        Self { body, inspection: None, guard: None }
    }

    /// Wraps a body, and returns the verdict on it. A masked value is searched for if there is a
    /// guard.
    pub(super) fn read(
        body: B,
        headers: &HeaderMap,
        searches_override: bool,
        guard: Option<Guard>,
    ) -> (Self, BodyVerdict) {
        let is_over = is_over(&body);
        if !searches_override && guard.is_none() {
            return (Self::unread(body), BodyVerdict::unknown());
        }
        // A body in a content coding cannot be searched.
        let is_plain = |coding: &HeaderValue| coding.as_bytes().eq_ignore_ascii_case(b"identity");
        if !is_over && !headers.get_all(CONTENT_ENCODING).iter().all(is_plain) {
            return (Self::unread(body), BodyVerdict::unknown());
        }
        let overrides = searches_override.then(|| OverrideDetector::new(may_be_multipart(headers)));
        let verdict = BodyVerdict::of(overrides, is_over);
        (Self { body, inspection: Some(verdict.clone()), guard: guard.map(Box::new) }, verdict)
    }
}

/// Holds the end of a body back until the whole body was read in search of a masked value. So a
/// body of up to `hold_bytes` is read before any of it goes upstream, and a longer one that holds a
/// masked value is cut before its end, so that the upstream never has a complete request.
pub(super) struct Guard {
    detector: WriteBackDetector,
    frames: VecDeque<Frame<Bytes>>,
    /// The bytes in `frames`.
    held: usize,
    /// The bytes to hold back.
    hold_bytes: usize,
    /// Whether a masked value is only reported.
    is_dry_run: bool,
    has_ended: bool,
    is_refused: bool,
}

impl Guard {
    /// Creates a guard that refuses the body.
    pub(super) fn new(detector: WriteBackDetector, hold_bytes: usize) -> Self {
        Self {
            detector,
            frames: VecDeque::new(),
            held: 0,
            hold_bytes,
            is_dry_run: false,
            has_ended: false,
            is_refused: false,
        }
    }

    /// Creates a guard that holds nothing back, and only reports.
    pub(super) fn dry_run(detector: WriteBackDetector) -> Self {
        Self { is_dry_run: true, ..Self::new(detector, 0) }
    }

    /// Whether the first frame, or the end of the body, may go upstream.
    fn releases(&self) -> bool {
        if self.is_refused {
            return false;
        }
        if self.has_ended || self.is_dry_run || !self.detector.is_reading() {
            return self.has_ended || !self.frames.is_empty();
        }
        let first = self.frames.front().and_then(Frame::data_ref).map_or(0, Bytes::len);
        self.frames.len() > 1 && self.held - first >= self.hold_bytes && !self.detector.is_inside_value()
    }

    /// Takes a frame, or the end, and returns whether it completes a masked value.
    fn take(&mut self, frame: Option<Frame<Bytes>>, is_last: bool) -> bool {
        let mut found = false;
        if let Some(frame) = frame {
            if let Some(data) = frame.data_ref() {
                found = self.detector.read(data);
                self.held += data.len();
            }
            self.frames.push_back(frame);
        }
        self.has_ended |= is_last;
        found || (is_last && self.detector.finish())
    }

    fn release(&mut self) -> Option<Frame<Bytes>> {
        let frame = self.frames.pop_front()?;
        self.held -= frame.data_ref().map_or(0, Bytes::len);
        Some(frame)
    }
}

impl<B> InspectedBody<B> {
    /// Whether the answer waits for the verdict on the body.
    #[cfg(feature = "proxy")]
    pub(crate) fn is_waited_for(&self) -> bool {
        let inspection = self.inspection.as_ref().and_then(BodyVerdict::inspection);
        inspection.is_some_and(|inspection| inspection.overrides.is_some())
    }

    /// The bytes that are held back.
    #[cfg(feature = "proxy")]
    pub(crate) fn held(&self) -> usize {
        self.guard.as_ref().map_or(0, |guard| guard.held)
    }

    /// Returns the client's body, without the part that was read of it. For reading on from a
    /// client whose request was refused.
    #[cfg(feature = "proxy")]
    pub(crate) fn client_body(&mut self) -> &mut B {
        &mut self.body
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
pub(super) fn is_over(body: &impl Body) -> bool {
    body.is_end_stream() || body.size_hint().exact() == Some(0)
}

impl<B: Body + Unpin> InspectedBody<B> {
    /// Resolves when a part of the body, or its end, may go upstream: at once, unless a guard holds
    /// it back. A service that connects for each request can wait for this first, so that a request
    /// that is refused needs no connection.
    ///
    /// # Errors
    /// The body holds a masked value, or the client's body failed.
    pub fn poll_hold(&mut self, cx: &mut Context<'_>) -> Poll<Result<(), RequestBodyError<B::Error>>> {
        while let Some(guard) = self.guard.as_ref().filter(|guard| !guard.releases()) {
            if guard.is_refused {
                return Poll::Ready(Err(RequestBodyError::MaskedValue));
            }
            let frame = ready!(self.poll_client(cx)).transpose().map_err(RequestBodyError::Client)?;
            let is_last = frame.is_none() || is_over(&self.body);
            let Some(guard) = &mut self.guard else { break };
            if guard.take(frame, is_last) {
                if let Some(mut inspection) = self.inspection.as_ref().and_then(BodyVerdict::inspection) {
                    inspection.has_masked_value = true;
                }
                if !guard.is_dry_run {
                    guard.is_refused = true;
                    guard.frames.clear();
                }
            }
        }
        Poll::Ready(Ok(()))
    }

    /// Reads the next frame of the client's body.
    fn poll_client(&mut self, cx: &mut Context<'_>) -> Poll<Option<Result<Frame<Bytes>, B::Error>>> {
        let frame = ready!(Pin::new(&mut self.body).poll_frame(cx)).transpose()?;
        let frame = frame.map(|frame| frame.map_data(|mut data| data.copy_to_bytes(data.remaining())));
        let ended = frame.is_none() || is_over(&self.body);
        if let Some(data) = frame.as_ref().and_then(Frame::data_ref)
            && let Some(mut inspection) = self.inspection.as_ref().and_then(BodyVerdict::inspection)
            && let Some(overrides) = &mut inspection.overrides
        {
            overrides.read(data);
        }
        if ended {
            self.conclude();
        }
        Poll::Ready(frame.map(Ok))
    }
}

impl<B: Body + Unpin> Body for InspectedBody<B> {
    type Data = Bytes;
    type Error = RequestBodyError<B::Error>;

    fn poll_frame(mut self: Pin<&mut Self>, cx: &mut Context<'_>) -> Poll<Option<Result<Frame<Bytes>, Self::Error>>> {
        if self.guard.is_none() {
            return self.poll_client(cx).map_err(RequestBodyError::Client);
        }
        ready!(self.poll_hold(cx))?;
        Poll::Ready(self.guard.as_mut().and_then(|guard| guard.release()).map(Ok))
    }

    /// Returning true here ends the body as well: the caller need not poll it again.
    fn is_end_stream(&self) -> bool {
        if let Some(guard) = &self.guard {
            return !guard.is_refused && guard.has_ended && guard.frames.is_empty();
        }
        let ended = self.body.is_end_stream();
        if ended {
            self.conclude();
        }
        ended
    }

    fn size_hint(&self) -> SizeHint {
        let rest = self.body.size_hint();
        let held = self.guard.as_ref().map_or(0, |guard| guard.held as u64);
        if held == 0 {
            return rest;
        }
        let mut hint = SizeHint::new();
        hint.set_lower(rest.lower().saturating_add(held));
        if let Some(upper) = rest.upper() {
            hint.set_upper(upper.saturating_add(held));
        }
        hint
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
