//! Matches request targets with routes.
//!
//! The matcher takes only a [`CanonicalPath`], which has one constructor. So no caller can match a
//! raw path by mistake. That would miss spellings that some server before or inside the upstream
//! understands.
//!
//! ```
//! use last4::route::{CanonicalPath, Pattern, Route, RouteSet};
//!
//! let pattern = Pattern::template("/apps/{app_id}/api-keys")?;
//! let routes = RouteSet::compile(vec![Route { name: "app-keys".into(), pattern, rule: () }])?;
//!
//! let path = CanonicalPath::new(b"/apps/7/x/..;a=b/%61pi-keys/?page=2")?;
//! assert_eq!(routes.find(&path).next().map(|found| &*found.route.name), Some("app-keys"));
//! # Ok::<(), Box<dyn std::error::Error>>(())
//! ```

mod ambiguous;
mod canonical;
mod fold;
mod index;
mod pattern;
mod query;
mod reading;
mod set;
mod template;
mod unicode;

pub use ambiguous::{AmbiguousPath, MAX_READINGS, MAX_UNUSUAL_PATH};
pub use canonical::CanonicalPath;
pub use pattern::{Pattern, PatternError};
pub(crate) use reading::{decode as percent_decode, decode_unicode as percent_decode_unicode};
pub use set::{Route, RouteMatch, RouteSet, RouteSetError};
