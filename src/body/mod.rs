//! The body that masks: decode, mask, encode, frame by frame.

mod mask_body;
mod pipeline;
mod watch;

pub(crate) use mask_body::Head;
pub use mask_body::{BodyError, MaskBody};
pub(crate) use pipeline::Pipeline;
pub(crate) use watch::Watch;
