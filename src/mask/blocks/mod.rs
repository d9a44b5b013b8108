//! The block scanner.

mod filter;
mod follow;
mod grammar;
mod handover;
mod kernel;
mod program;
mod scan;
mod shape_cache;
mod shape_tree;
mod text;

pub(crate) use handover::{Backoff, can_scan};
pub use kernel::Instructions;
pub use program::Program;
pub(crate) use scan::Scan;
pub(crate) use shape_tree::ShapeTree;
