//! Bodies that are transformed while they stream: decoded, masked or rewritten, and encoded again.
//!
//! Masked bodies and pages share one `Pipeline` and one `TransformBody`, but have different
//! `Transform`s. Each `Transform` has a failure policy as an associated type: `FailClosed` for
//! masks, `FailOpen` for pages.

mod dry_run;
mod failure;
mod held;
mod mask;
mod pipeline;
mod transform;
mod transform_body;

pub(crate) use dry_run::DryRun;
pub use failure::BodyError;
pub(crate) use failure::FailOpen;
pub(crate) use held::{HeldBody, MaskBody};
pub(crate) use mask::MaskTransform;
pub use mask::Reading;
pub(crate) use pipeline::Pipeline;
pub(crate) use transform::Transform;
pub(crate) use transform_body::TransformBody;
