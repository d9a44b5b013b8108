//! The masking layer, for any tower service that answers HTTP.
//!
//! A request goes through these files in this order. [`service`](MaskService) receives it, and
//! `lookup` finds its route. `request::exchange` removes what must not go upstream, and
//! `request::inspected_body` reads along in the body of a request that may reveal. When the service
//! answers, [`future`](MaskFuture) takes over: `response::verdict` decides from the head of the
//! answer, the [body](crate::body) is masked, and `response::answer` builds what the client gets.
//!
//! # Fail closed, by type
//! Only `response::answer` builds an [`AnswerBody`], and each function there that passes a body on
//! demands a proof. `passed` takes an `OffRoute`, which only `lookup` can create, for a request on
//! no route. `masked` takes what only the masking body can create, and `withheld` takes a
//! [`Reason`](crate::reason::Reason). Code for a masked route has no `OffRoute`, so it cannot pass
//! a body on. A route in [observe mode](Mode::Observe) passes answers through `dry_run`, which
//! takes an `ObserveOnly`. `lookup` creates one from a rule in that mode, and never for a request
//! that is on a masking route too. A rewritten page (the feature `page`) fails open, so it takes an
//! `OffRoute` as well.

mod future;
mod lookup;
mod page;
mod request;
mod response;
mod rule;
mod service;
mod target_guard;

pub use crate::body::Reading;
pub use future::MaskFuture;
pub use lookup::WriteBackFound;
pub use page::{PageOutcome, PageReport};
pub use request::{InspectedBody, RequestBodyError, body_holds_masked_value, body_overrides_method, overrides_method};
pub use response::{AnswerBody, Outcome, Report};
pub use rule::{DEFAULT_HOLD_BYTES, DEFAULT_MAX_BODY_BYTES, MaskRule, Mode, WriteBack};
pub use service::{MaskLayer, MaskService};
pub use target_guard::target_holds_masked_value;
