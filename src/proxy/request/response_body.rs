//! What the operator is told about answers on masked routes.

use super::record::RequestRecord;
use crate::body::BodyError;
use crate::excerpt::Excerpt;
use crate::layer::{AnswerBody, Outcome, PageOutcome, PageReport, Report};
use bytes::Bytes;
use http::{Method, Response};
use http_body::{Body, Frame, SizeHint};
use std::pin::Pin;
use std::task::{Context, Poll};

/// An answer's body that counts, and logs when it is cut: its head was sent, and the client can be told no reason.
#[derive(Debug)]
pub struct RecordedBody<B: Body + Unpin> {
    body: AnswerBody<B>,
    /// In a box: a response is moved a dozen times until it is sent.
    record: Box<RequestRecord>,
}

impl<B: Body + Unpin> RecordedBody<B> {
    /// Records the head of an answer; its body records the rest.
    pub(crate) fn begin(
        method: &Method,
        response: Response<AnswerBody<B>>,
        mut record: Box<RequestRecord>,
    ) -> Response<Self> {
        let report = response.extensions().get();
        record.answers(response.status(), report);
        if let Some(Report { route, outcome: Outcome::Withheld(reason), .. }) = report {
            let status = response.status().as_u16();
            let method = Excerpt(method);
            if route.is_empty() {
                tracing::warn!(%method, path = record.path(), status, %reason, "request refused");
            } else {
                tracing::warn!(%route, %method, status, %reason, "answer withheld");
            }
        }
        if let Some(PageReport { path, outcome }) = response.extensions().get() {
            record.is_page(*outcome);
            if let PageOutcome::Untouched(reason) = outcome {
                tracing::warn!(%path, %reason, "page not rewritten: it passes as it came");
            }
        }
        response.map(|body| {
            // No body of an answer to HEAD is asked for its end.
            if method == Method::HEAD || body.is_end_stream() {
                record.complete();
            }
            record.offers();
            Self { body, record }
        })
    }
}

impl<B: Body + Unpin> Body for RecordedBody<B> {
    type Data = Bytes;
    type Error = BodyError<B::Error>;

    fn poll_frame(mut self: Pin<&mut Self>, cx: &mut Context<'_>) -> Poll<Option<Result<Frame<Bytes>, Self::Error>>> {
        self.record.takes();
        let frame = Pin::new(&mut self.body).poll_frame(cx);
        match &frame {
            Poll::Ready(Some(Ok(frame))) => {
                self.record.add_bytes(frame.data_ref().map_or(0, Bytes::len));
                self.record.offers();
                if self.body.is_end_stream() {
                    self.record.complete();
                }
            }
            Poll::Ready(Some(Err(BodyError::Withheld(reason)))) => {
                tracing::warn!(route = self.record.route(), %reason, "answer cut");
            }
            Poll::Ready(None) => self.record.complete(),
            Poll::Ready(Some(Err(BodyError::Upstream(_)))) | Poll::Pending => {}
        }
        frame
    }

    fn is_end_stream(&self) -> bool {
        self.body.is_end_stream()
    }

    fn size_hint(&self) -> SizeHint {
        self.body.size_hint()
    }
}

impl<B: Body + Unpin> Drop for RecordedBody<B> {
    fn drop(&mut self) {
        if self.record.rewrites() {
            let fault = self.body.page_fault();
            if let Some(reason) = fault {
                tracing::warn!(%reason, "page not rewritten to its end: the rest passed as it came");
            }
            self.record.page_ends(fault);
        }
        let Some(reading) = self.body.reading() else { return };
        if let (true, Some(Err(reason))) = (self.record.observes(), reading.ending) {
            tracing::warn!(route = self.record.route(), %reason, "answer would have been withheld, in observe mode");
        }
        self.record.read(reading);
    }
}
