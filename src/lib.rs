//! last4 makes a legacy API reveal each secret once: the call that creates a key shows it, every
//! list shows prefix + last 4.
//!
//! This crate is a reverse proxy and the parts it is made of. Data goes one way, and the modules
//! follow it: [`route`] finds out whether a request is on a masked route, [`codec`] removes a
//! body's content coding, [`mask`] rewrites the secrets in its JSON, [`body`] does both while the
//! body streams, [`page`] rewrites HTML pages off the masked routes, [`layer`] is the tower layer
//! around any service, and `proxy` is the server around the layer. A part imports only parts before
//! it, and `mask` does not know HTTP.
//!
//! A library needs mostly what stands at the root:
//!
#![cfg_attr(feature = "layer", doc = "```")]
#![cfg_attr(not(feature = "layer"), doc = "```ignore")]
//! use last4::{MaskLayer, MaskRule, Pattern, Reveal, Route, RouteSet, Rules, Selectors};
//!
//! # fn main() -> Result<(), Box<dyn std::error::Error>> {
//! let fields = Selectors::compile(["token"], false).map_err(|refused| format!("{refused:?}"))?;
//! let rule = MaskRule::new(Rules::new(fields));
//! let rule = rule.with_reveal([http::Method::POST], Reveal::TopLevel);
//! let pattern = Pattern::template("/apps/{app_id}/api-keys")?;
//! let routes = RouteSet::compile(vec![Route { name: "app-keys".to_owned(), pattern, rule }])?;
//! // For the `layer` of any tower service, such as an axum router.
//! let layer = MaskLayer::new(routes);
//! # Ok(())
//! # }
//! ```
//!
//! # Features
//! - none: [`mask`] alone, without dependencies on HTTP.
//! - `layer`: the tower layer, for your own axum or hyper service. See `examples/axum.rs`.
//! - `page`: the layer also rewrites HTML pages off the masked routes.
//! - `proxy`: the reverse proxy as a library.
//! - `cli` (default): the program with its configuration, command line and demo.
//! - `otlp`: the program sends a span for each request to an OpenTelemetry collector.

#[cfg(feature = "layer")]
pub mod body;
#[cfg(feature = "cli")]
#[doc(hidden)]
pub mod cli;
#[cfg(feature = "layer")]
pub mod codec;
#[cfg(feature = "cli")]
pub mod config;
#[cfg(feature = "proxy")]
mod excerpt;
#[cfg(feature = "layer")]
mod header;
#[cfg(feature = "layer")]
pub mod layer;
#[cfg(feature = "layer")]
pub mod manual;
pub mod mask;
#[cfg(feature = "proxy")]
pub mod metrics;
#[cfg(feature = "page")]
pub mod page;
#[cfg(all(feature = "layer", not(feature = "page")))]
#[path = "no_page.rs"]
mod page;
#[cfg(feature = "layer")]
pub mod problem;
#[cfg(feature = "proxy")]
pub mod proxy;
#[cfg(feature = "layer")]
pub mod reason;
#[cfg(feature = "layer")]
pub mod route;
#[cfg(feature = "proxy")]
pub mod tls;

#[cfg(feature = "layer")]
pub use layer::{MaskLayer, MaskRule, MaskService, Mode};
pub use mask::{Masker, Policy, PolicyParts, Program, Reveal, Rules, Selectors};
#[cfg(feature = "layer")]
pub use route::{Pattern, Route, RouteSet};
