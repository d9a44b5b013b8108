//! Reads along in a body that passes, to say what masking it would have come to.

use super::pipeline::{Pipeline, Step};
use crate::mask::Summary;
use crate::reason::Reason;
use bytes::{Bytes, BytesMut};

/// Steps of work at a time, as for a body that is masked.
const STEPS: usize = 16;

/// Reads a copy of a body. It gives out numbers and a reason, and no byte.
pub(crate) struct Watch {
    /// `None` once there is nothing more to read.
    pipeline: Option<Pipeline>,
    /// What masking gives, which nobody gets.
    discarded: BytesMut,
    summary: Summary,
    ending: Option<Result<(), Reason>>,
}

impl Watch {
    /// One that is to be fed the body.
    pub(crate) fn new(pipeline: Pipeline) -> Self {
        Self { pipeline: Some(pipeline), discarded: BytesMut::new(), summary: Summary::default(), ending: None }
    }

    /// One of a body that would be withheld for what its head says.
    pub(crate) fn refused(reason: Reason) -> Self {
        Self { pipeline: None, discarded: BytesMut::new(), summary: Summary::default(), ending: Some(Err(reason)) }
    }

    /// Takes the next piece, once [`Self::read`] has said that the piece before is through.
    pub(crate) fn feed(&mut self, piece: Bytes) {
        if let Some(pipeline) = &mut self.pipeline {
            pipeline.feed(piece);
        }
    }

    /// No piece follows.
    pub(crate) fn finish(&mut self) {
        if let Some(pipeline) = &mut self.pipeline {
            pipeline.finish();
        }
    }

    /// The body failed on its way.
    pub(crate) fn fail(&mut self) {
        if self.pipeline.is_some() {
            self.end(Err(Reason::Incomplete));
        }
    }

    /// Does a bounded amount of work, and says whether all that was fed is through: a body that unfolds to millions of bytes must
    /// not keep others waiting.
    pub(crate) fn read(&mut self) -> bool {
        for _ in 0..STEPS {
            let Some(pipeline) = &mut self.pipeline else { return true };
            let step = pipeline.step(&mut self.discarded);
            self.discarded.clear();
            self.summary = pipeline.summary();
            match step {
                Ok(Step::Working) => {}
                Ok(Step::NeedInput) => return true,
                Ok(Step::End) => self.end(Ok(())),
                // Beyond `max_body_bytes` too: from here on the body costs nothing.
                Err(reason) => self.end(Err(reason)),
            }
        }
        self.pipeline.is_none()
    }

    /// What was found so far.
    pub(crate) fn summary(&self) -> Summary {
        self.summary
    }

    /// Whether the body could be masked to its end, or why it would have been withheld; `None` while it goes on.
    pub(crate) fn ending(&self) -> Option<Result<(), Reason>> {
        self.ending
    }

    fn end(&mut self, ending: Result<(), Reason>) {
        (self.ending, self.pipeline, self.discarded) = (Some(ending), None, BytesMut::new());
    }
}
