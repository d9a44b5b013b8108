//! The reverse proxy: HTTP/1.1 and HTTP/2 on both sides, with TLS or without, and the masking layer
//! in between.
//!
//! Requests pass `server` (listeners, workers), `downstream` (one client connection), `request`
//! (the stack of services), the [layer](crate::layer) and `upstream` (connections to the API).
//! Responses take the same way back. `admin` is a separate listener for the operator, with health
//! checks and metrics.

mod admin;
mod downstream;
mod error;
mod headers;
mod net;
mod peer;
mod request;
mod server;
mod settings;
mod snapshot;
mod upstream;

pub use admin::server::serve_admin;
pub use error::{ForwardError, UpstreamError};
pub use net::listener::{ListenAddress, Listener, PortSharing, bind};
pub use net::shared_port::SharedPort;
pub use net::unix_socket::MAX_SOCKET_PATH;
pub use peer::PeerAddress;
pub use request::access_log::ACCESS_LOG;
pub use request::response_body::RecordedBody;
pub use request::service::{ConnectionService, ProxyService, ResponseBody};
pub use server::accept::serve;
pub use server::control::Status;
pub use server::workers::Workers;
pub use settings::{DEFAULT_MAX_HEADERS, Forwarded, Limits, Settings, Transport, Upstream};
pub use snapshot::Snapshot;
pub use upstream::client::UpstreamClient;
pub use upstream::response_body::UpstreamBody;
