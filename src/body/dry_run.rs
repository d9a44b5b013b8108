//! The dry run: reads a copy of an unchanged body, to report what masking would have done to it.

use super::mask::{MaskTransform, Reading};
use super::pipeline::{Pipeline, PipelineStep};
use super::transform_body::STEPS;
use crate::mask::Summary;
use crate::reason::Reason;
use bytes::{Bytes, BytesMut};

/// Masks a copy of a body and discards the output. Reports counts and a reason, never bytes.
pub(crate) struct DryRun {
    /// `None` once the reading has ended.
    pipeline: Option<Pipeline<MaskTransform>>,
    discarded: BytesMut,
    reading: Reading,
}

impl DryRun {
    /// Creates a dry run. Its caller must feed it the body.
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

    /// Adds the next piece. Call it after [`Self::read`] has returned true for the piece before.
    pub(crate) fn feed(&mut self, piece: Bytes) {
        if let Some(pipeline) = &mut self.pipeline {
            pipeline.feed(piece);
        }
    }

    /// Marks the end of the input.
    pub(crate) fn finish(&mut self) {
        if let Some(pipeline) = &mut self.pipeline {
            pipeline.finish();
        }
    }

    /// Ends the reading of a body that failed.
    pub(crate) fn fail(&mut self) {
        if self.pipeline.is_some() {
            self.end(Err(Reason::Incomplete));
        }
    }

    /// Does a bounded number of steps, and returns whether all input was read. The bound keeps a
    /// small body that decodes to many megabytes from blocking other tasks.
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
                // Also if `max_body_bytes` is exceeded. The rest of the body is then not read.
                Err(reason) => self.end(Err(reason)),
            }
        }
        self.pipeline.is_none()
    }

    /// Returns the counts so far, and how the body would have ended.
    pub(crate) fn reading(&self) -> Reading {
        self.reading
    }

    fn end(&mut self, ending: Result<(), Reason>) {
        (self.reading.ending, self.pipeline, self.discarded) = (Some(ending), None, BytesMut::new());
    }
}
