//! The body of a response on its way to the client. It updates the [record](super::record) of its
//! request.

use super::record::RequestRecord;
use crate::body::BodyError;
use crate::layer::AnswerBody;
use bytes::Bytes;
use http::{Method, Response};
use http_body::{Body, Frame, SizeHint};
use std::pin::Pin;
use std::task::{Context, Poll};

/// A body that reports its frames and its end to the record.
#[derive(Debug)]
pub struct RecordedBody<B: Body + Unpin> {
    body: AnswerBody<B>,
    /// Boxed, because hyper moves a response a dozen times until it is sent.
    record: Box<RequestRecord>,
}

impl<B: Body + Unpin> RecordedBody<B> {
    /// Records the head of a response, and wraps its body, which records the rest.
    pub(crate) fn begin(
        method: &Method,
        response: Response<AnswerBody<B>>,
        mut record: Box<RequestRecord>,
    ) -> Response<Self> {
        record.answered(method, &response);
        response.map(|body| {
            // hyper never polls the body of a response to HEAD.
            if method == Method::HEAD || body.is_end_stream() {
                record.complete();
            }
            record.offered(0);
            Self { body, record }
        })
    }
}

impl<B: Body + Unpin> Body for RecordedBody<B> {
    type Data = Bytes;
    type Error = BodyError<B::Error>;

    fn poll_frame(mut self: Pin<&mut Self>, cx: &mut Context<'_>) -> Poll<Option<Result<Frame<Bytes>, Self::Error>>> {
        self.record.taken();
        let frame = Pin::new(&mut self.body).poll_frame(cx);
        match &frame {
            Poll::Ready(Some(Ok(frame))) => {
                self.record.offered(frame.data_ref().map_or(0, Bytes::len));
                if self.body.is_end_stream() {
                    self.record.complete();
                }
            }
            Poll::Ready(Some(Err(BodyError::Withheld(reason)))) => self.record.cut(*reason),
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
        self.record.body_ended(self.body.reading(), self.body.page_fault());
    }
}
