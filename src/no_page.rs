//! Replaces the module `page` if the feature `page` is off. Has the same names, but its types have
//! no values, so that code that uses them compiles and never runs.

use crate::body::{FailOpen, Transform};
use crate::reason::Reason;
use bytes::BytesMut;
use http::HeaderMap;
use std::sync::Arc;

#[derive(Debug)]
pub(crate) enum NoPage {}

pub(crate) use NoPage as PageRule;
pub(crate) use NoPage as PageTransform;

impl NoPage {
    pub(crate) fn new(rule: &Arc<Self>, _: &HeaderMap) -> Option<Result<Self, Reason>> {
        match **rule {}
    }

    pub(crate) fn admit_style(&self, _: &mut HeaderMap) {
        match *self {}
    }
}

impl Transform for NoPage {
    type OnFailure = FailOpen;

    fn write(&mut self, _: &[u8], _: &mut BytesMut) -> Result<(), Reason> {
        match *self {}
    }

    fn finish(&mut self, _: &mut BytesMut) -> Result<(), Reason> {
        match *self {}
    }

    fn fault(&self) -> Option<Reason> {
        match *self {}
    }
}
