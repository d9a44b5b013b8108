//! TODO

pub(super) mod client;
pub(super) mod connect;
pub(super) mod http1;
pub(super) mod http2;
pub(super) mod pinned;
pub(super) mod pool;
pub(super) mod request_body;
pub(super) mod response_body;
pub(super) mod retry;
pub(super) mod sender;
pub(super) mod tunnel;
