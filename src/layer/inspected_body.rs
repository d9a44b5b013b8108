//! The body of a request, read along while it goes upstream: an override in it makes the request reveal nothing.

use super::override_detector::OverrideDetector;
use bytes::{Buf, Bytes};
use http::header::{CONTENT_ENCODING, CONTENT_TYPE};
use http::{HeaderMap, HeaderValue};
use http_body::{Body, Frame, SizeHint};
use std::fmt;
use std::pin::Pin;
use std::sync::Arc;
use std::sync::atomic::{AtomicBool, Ordering};
use std::task::{Context, Poll, ready};

/// The body of a request as the service inside the layer gets it. It is the client's own, frame by frame.
pub struct InspectedBody<B> {
    body: B,
    /// `None` where nothing depends on what it holds. In a box, for few requests may reveal.
    inspection: Option<Box<Inspection>>,
}

struct Inspection {
    detector: OverrideDetector,
    verdict: BodyVerdict,
}

/// What is known of a body: that it was read to its end and overrides nothing, or not yet.
#[derive(Clone, Debug, Default)]
pub(super) struct BodyVerdict(Arc<AtomicBool>);

impl BodyVerdict {
    pub(super) fn overrides_nothing(&self) -> bool {
        self.0.load(Ordering::Acquire)
    }
}

impl<B: Body> InspectedBody<B> {
    /// A body that is not looked into.
    pub fn unread(body: B) -> Self {
        Self { body, inspection: None }
    }

    /// A body that is looked into, with what becomes known of it.
    pub(super) fn read(body: B, headers: &HeaderMap) -> (Self, BodyVerdict) {
        let verdict = BodyVerdict::default();
        if body.is_end_stream() {
            verdict.0.store(true, Ordering::Release);
            return (Self::unread(body), verdict);
        }
        // One that is coded cannot be read, so that nothing becomes known of it.
        let is_coded =
            headers.get_all(CONTENT_ENCODING).iter().any(|coding| !coding.as_bytes().eq_ignore_ascii_case(b"identity"));
        if is_coded {
            return (Self::unread(body), verdict);
        }
        let is_multipart = |value: &HeaderValue| {
            value.as_bytes().trim_ascii_start().get(..9).is_some_and(|begin| begin.eq_ignore_ascii_case(b"multipart"))
        };
        let detector = OverrideDetector::new(headers.get_all(CONTENT_TYPE).iter().any(is_multipart));
        let inspection = Inspection { detector, verdict: verdict.clone() };
        (Self { body, inspection: Some(Box::new(inspection)) }, verdict)
    }

    /// The client's body, for a service that takes it as it came.
    pub fn into_inner(self) -> B {
        self.body
    }

    /// The body has ended.
    fn conclude(&mut self) {
        if let Some(inspection) = self.inspection.take() {
            let Inspection { detector, verdict } = *inspection;
            verdict.0.store(!detector.finish(), Ordering::Release);
        }
    }
}

impl<B: Body + Unpin> Body for InspectedBody<B> {
    type Data = Bytes;
    type Error = B::Error;

    fn poll_frame(mut self: Pin<&mut Self>, cx: &mut Context<'_>) -> Poll<Option<Result<Frame<Bytes>, B::Error>>> {
        let frame = ready!(Pin::new(&mut self.body).poll_frame(cx));
        let Some(frame) = frame.transpose()? else {
            self.conclude();
            return Poll::Ready(None);
        };
        let frame = frame.map_data(|mut data| data.copy_to_bytes(data.remaining()));
        if let (Some(inspection), Some(data)) = (&mut self.inspection, frame.data_ref()) {
            inspection.detector.read(data);
        }
        if self.body.is_end_stream() {
            self.conclude();
        }
        Poll::Ready(Some(Ok(frame)))
    }

    fn is_end_stream(&self) -> bool {
        self.body.is_end_stream()
    }

    fn size_hint(&self) -> SizeHint {
        self.body.size_hint()
    }
}

impl<B> fmt::Debug for InspectedBody<B> {
    /// Nothing of the body.
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str("InspectedBody")
    }
}
