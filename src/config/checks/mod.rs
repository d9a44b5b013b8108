//! Checks of paths, fields and selectors that parse, but would not mask what the author meant.
//!
//! A pattern that certainly masks nothing is an error. A pattern that is only likely to miss is a
//! warning (the `suspicion` functions). Both name a replacement.
//!
//! - [`path`]: templates. [`notation`] reads the segments of other frameworks' templates.
//! - [`expression`]: regular expressions, judged by the paths that they match. [`language`] and
//!   [`plain`] analyse the parsed expression.
//! - [`field`]: names and JSONPaths of fields.
//! - [`form_control`]: CSS selectors of form controls.

pub(super) mod expression;
pub(super) mod field;
pub(super) mod form_control;
pub(super) mod language;
pub(super) mod notation;
pub(super) mod path;
pub(super) mod plain;
