//! Sources of values: a TOML file, environment variables, flags.
//!
//! - [`sources`]: the list of sources. [`Sources::open`](sources::Sources::open) reads them.
//! - [`document`]: a parsed TOML text, with the line of each key.
//! - [`environment`]: recognizes the variables that Kubernetes and Docker inject for services.
//! - [`merged`]: the values of all sources, merged by figment, and the source of each value.

pub(super) mod document;
pub(super) mod environment;
pub(super) mod merged;
pub(super) mod sources;
