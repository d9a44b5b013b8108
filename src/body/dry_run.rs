//! Reads a copy of a body that passes, to report what masking would have done to it.

use super::mask::{MaskTransform, Reading};
use super::pipeline::{Pipeline, PipelineStep};
use super::transform_body::STEPS;
use crate::mask::Summary;
use crate::reason::Reason;
use bytes::{Bytes, BytesMut};

/// Masks a copy of a body and discards the output. It reports numbers and a reason, never bytes.
pub(crate) struct DryRun {
    /// `None` when nothing is left to read.
    pipeline: Option<Pipeline<MaskTransform>>,
    discarded: BytesMut,
    reading: Reading,
}

impl DryRun {
    /// Creates a dry run that must be fed the body.
    pub(crate) fn new(pipeline: Pipeline<MaskTransform>) -> Self {
        Self { pipeline: Some(pipeline), ..Self::ended(None) }
    }

    /// Creates the dry run of a body that would be withheld because of its head.
    pub(crate) fn withheld(reason: Reason) -> Self {
        Self::ended(Some(Err(reason)))
    }

    fn ended(ending: Option<Result<(), Reason>>) -> Self {
        let reading = Reading { summary: Summary::default(), ending };
        Self { pipeline: None, discarded: BytesMut::new(), reading }
    }

    /// Takes the next piece. Call it after [`Self::read`] has returned true for the piece before.
    pub(crate) fn feed(&mut self, piece: Bytes) {
        if let Some(pipeline) = &mut self.pipeline {
            pipeline.feed(piece);
        }
    }

    /// Ends the input.
    pub(crate) fn finish(&mut self) {
        if let Some(pipeline) = &mut self.pipeline {
            pipeline.finish();
        }
    }

    /// Ends the input of a body that failed.
    pub(crate) fn fail(&mut self) {
        if self.pipeline.is_some() {
            self.end(Err(Reason::Incomplete));
        }
    }

    /// Does a bounded amount of work, and returns whether all input was read. A small body that
    /// decodes to many megabytes must not block other tasks.
    pub(crate) fn read(&mut self) -> bool {
        for _ in 0..STEPS {
            let Some(pipeline) = &mut self.pipeline else { return true };
            let step = pipeline.step(&mut self.discarded);
            self.discarded.clear();
            self.reading.summary = pipeline.transform().summary();
            match step {
                Ok(PipelineStep::Working) => {}
                Ok(PipelineStep::NeedInput) => return true,
                Ok(PipelineStep::End) => self.end(Ok(())),
                // This includes `max_body_bytes`: the rest of the body costs nothing.
                Err(reason) => self.end(Err(reason)),
            }
        }
        self.pipeline.is_none()
    }

    /// What masking would have done so far, and how the body would have ended.
    pub(crate) fn reading(&self) -> Reading {
        self.reading
    }

    fn end(&mut self, ending: Result<(), Reason>) {
        (self.reading.ending, self.pipeline, self.discarded) = (Some(ending), None, BytesMut::new());
    }
}
