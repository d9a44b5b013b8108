//! Applies a page rule as a [`Transform`] of response bodies.

use super::charset::Markup;
use super::rewriter::Rewriter;
use super::rule::PageRule;
use crate::body::{FailOpen, Transform};
use crate::reason::Reason;
use bytes::BytesMut;
use http::header::CONTENT_TYPE;
use http::{HeaderMap, HeaderValue};
use std::sync::Arc;

/// Rewrites one page.
pub(crate) struct PageTransform(Rewriter);

impl PageTransform {
    /// Returns the transform for a response with these header fields, or `None` if the response is
    /// not a page.
    ///
    /// # Errors
    /// [`Reason::Charset`] if the page's charset cannot be read.
    pub(crate) fn new(rule: &Arc<PageRule>, headers: &HeaderMap) -> Option<Result<Self, Reason>> {
        match Markup::of(headers.get_all(CONTENT_TYPE).iter().map(HeaderValue::as_bytes)) {
            Markup::Html(charset) => Some(Ok(Self(Rewriter::new(Arc::clone(rule), charset)))),
            Markup::Unreadable => Some(Err(Reason::Charset)),
            Markup::Other => None,
        }
    }
}

impl Transform for PageTransform {
    type OnFailure = FailOpen;

    fn write(&mut self, piece: &[u8], out: &mut BytesMut) -> Result<(), Reason> {
        self.0.write(piece, out);
        Ok(())
    }

    fn finish(&mut self, out: &mut BytesMut) -> Result<(), Reason> {
        self.0.finish(out);
        Ok(())
    }

    fn fault(&self) -> Option<Reason> {
        self.0.fault()
    }
}
