//! TODO

pub(super) mod expression;
pub(super) mod form_control;
pub(super) mod language;
pub(super) mod notation;
pub(super) mod path;
pub(super) mod plain;
