//! Checks that find paths, fields and selectors with valid syntax that would not mask what the
//! author meant.
//!
//! A path or field that certainly masks nothing is an error. One that only likely masks too little
//! is a warning (the `suspicion` functions). Both messages contain a replacement.
//!
//! - [`path`]: path templates. [`notation`] interprets segments in the syntax of other frameworks.
//! - [`expression`]: regular expressions for paths. [`language`] and [`plain`] analyse which paths
//!   an expression can match.
//! - [`field`]: names and JSONPaths of fields.
//! - [`form_control`]: CSS selectors of form controls.

pub(super) mod expression;
pub(super) mod field;
pub(super) mod form_control;
pub(super) mod language;
pub(super) mod notation;
pub(super) mod path;
pub(super) mod plain;
