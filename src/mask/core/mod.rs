//! What both readers share: where a text has been read to, what happens to a value, how a secret is
//! shown, and the output.

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
pub use sink::Sink;
pub(crate) use state::{EscapeState, ParseState, TextState};
pub use summary::Summary;
pub(crate) use treatment::Treatment;
pub(crate) use unit::UnitReader;
