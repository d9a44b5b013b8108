//! TODO

pub(super) mod address;
pub(super) mod admin;
pub(super) mod field;
pub(super) mod masking;
pub(super) mod overlap;
pub(super) mod page;
pub(super) mod preset;
pub(super) mod route;
pub(super) mod routes;
pub(super) mod server;
pub(super) mod tls;
