//! The reverse proxy: HTTP/1.1 and HTTP/2 in, HTTP/1.1 out, the masking layer between.
//!
//! A request goes through `server` (connections), `front` (what is refused, header fields), the [layer](crate::layer), and
//! `forward` (the upstream); its answer comes back the same way.

mod access;
mod admin;
mod books;
mod connection;
mod error;
mod forward;
mod front;
mod headers;
mod observed;
mod pool;
mod readiness;
mod record;
mod request_body;
mod server;
mod settings;
mod socket;
mod timer;
mod tunnel;
mod workers;

pub use access::ACCESS_LOG;
pub use admin::serve_admin;
pub use error::ForwardError;
pub use forward::Forward;
pub use front::{Front, FrontFuture, PeerService, ResponseBody};
pub use observed::ObservedBody;
pub use pool::UpstreamBody;
pub use request_body::RequestBody;
pub use server::{bind, serve};
pub use settings::{DEFAULT_MAX_HEADERS, Forwarded, Limits, Settings, Upstream};
pub use workers::Workers;
