//! last4 makes a legacy API reveal each secret only once: the request that creates a key shows it,
//! and every list shows prefix + last 4.
//!
//! This crate is a reverse proxy and the parts that it is made of:
//!
//! - [`route`] finds out whether a request is on a masked route.
//! - [`codec`] decodes and encodes a body's content codings.
//! - [`mask`] rewrites the secrets in JSON, without any knowledge of HTTP.
//! - [`body`] joins `codec` and `mask` into a body that is masked while it streams.
//! - [`page`] rewrites HTML pages that are on no masked route.
//! - [`layer`] is the tower layer, for any service.
//! - `proxy` is the reverse proxy around the layer.
//!
//! The most used types are exported at the root of the crate:
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
//! // Add it to any tower service, such as an axum router with `Router::layer`.
//! let layer = MaskLayer::new(routes);
//! # Ok(())
//! # }
//! ```
//!
//! # Features
//! - no features: only [`mask`], without dependencies on HTTP.
//! - `layer`: the tower layer, for your own axum or hyper service. See `examples/axum.rs`.
//! - `page`: the layer also rewrites HTML pages that are on no masked route.
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
