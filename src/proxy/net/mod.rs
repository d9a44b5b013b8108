//! TODO

pub(super) mod coalesce;
pub(super) mod limit;
pub(super) mod listener;
pub(super) mod shared_port;
pub(super) mod shutdown;
pub(super) mod stream;
pub(super) mod timer;
pub(super) mod unix_socket;
pub(super) mod version;
