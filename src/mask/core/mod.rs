//! Shared by both readers: the position and state in a text, the treatment of values, the short
//! form of secrets, and the output.

mod cursor;
mod error;
mod nesting;
mod secret;
mod sink;
mod state;
mod summary;
mod treatment;
mod unit;

pub(crate) use cursor::Cursor;
pub use error::{Error, ErrorKind};
pub(crate) use nesting::KindStack;
pub(crate) use secret::Secret;
#[cfg(feature = "layer")]
pub(crate) use sink::Discard;
pub use sink::Sink;
pub(crate) use state::{EscapeState, ParseState, TextState};
pub use summary::Summary;
pub(crate) use treatment::Treatment;
pub(crate) use unit::UnitReader;
