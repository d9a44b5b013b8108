//! The masking layer: put it around any tower service that answers HTTP.
//!
//! A request goes through the files in this order: `lookup` finds its route, `exchange` cuts down what goes upstream, `inspected_body`
//! reads along in the body of one that may reveal, `verdict` decides from the head of the
//! answer, `future` has the body masked, and `answer` builds what the client gets.
//!
//! # Fail closed, by type
//! An [`AnswerBody`] is built in `answer` only, and each function there takes its licence. `passed` takes an `OffRoute`, which
//! only `lookup` can make, for a request that is on no route. `masked` takes what only the masking body can make, and `withheld` a
//! [`Reason`](crate::reason::Reason). Code for a masked route has no `OffRoute` in its hands, so there is nothing it could write
//! that would pass a body on. A route in [observe mode](Mode::Observe) passes answers by `observed`, which takes an `ObserveOnly`;
//! `lookup` makes one from a rule that says so, and for no request that is on a masking route too. A rewritten [page](crate::page)
//! fails open, and so takes an `OffRoute` too.
//!
//! ```
//! use http::Method;
//! use last4::layer::{MaskLayer, MaskRule};
//! use last4::mask::{Reveal, Rules, Selectors};
//! use last4::route::{Pattern, Route, RouteSet};
//!
//! let rules = Rules::new(Selectors::compile(["token"], false).unwrap());
//! let keys = Route {
//!     name: "app-keys".to_owned(),
//!     pattern: Pattern::template("/apps/{app_id}/api-keys")?,
//!     rule: MaskRule::new(rules).with_reveal([Method::POST], Reveal::TopLevel),
//! };
//! let layer = MaskLayer::new(RouteSet::compile(vec![keys])?);
//! # let _ = layer;
//! # Ok::<(), Box<dyn std::error::Error>>(())
//! ```

mod answer;
mod exchange;
mod future;
mod headers;
mod inspected_body;
mod lookup;
mod media_type;
mod method_override;
mod mode;
mod observed;
mod override_detector;
mod page;
mod parameter_name;
mod rule;
mod service;
mod verdict;

pub use answer::{AnswerBody, Outcome, Reading, Report};
pub use future::MaskFuture;
#[cfg(feature = "proxy")]
pub(crate) use headers::remove_where;
pub use inspected_body::InspectedBody;
pub use method_override::overrides_method;
pub use mode::Mode;
pub use page::{PageOutcome, PageReport};
pub use rule::{DEFAULT_HOLD_BYTES, DEFAULT_MAX_BODY_BYTES, MaskRule};
pub use service::{MaskLayer, MaskService};
