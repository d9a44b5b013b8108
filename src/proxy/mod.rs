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
mod head_timer;
mod headers;
mod last_words;
mod listener;
mod load;
mod observed;
mod orders;
mod pool;
mod readiness;
mod record;
mod request_body;
mod server;
mod settings;
mod setup;
mod socket;
mod status;
mod timer;
mod tunnel;
mod workers;

pub use access::ACCESS_LOG;
pub use admin::serve_admin;
pub use error::{ForwardError, UpstreamError};
pub use forward::Forward;
pub use front::{Front, FrontFuture, PeerService, ResponseBody};
pub use listener::{Port, bind};
pub use observed::ObservedBody;
pub use pool::UpstreamBody;
pub use request_body::RequestBody;
pub use server::serve;
pub use settings::{DEFAULT_MAX_HEADERS, Forwarded, Limits, Settings, Upstream};
pub use setup::Setup;
pub use status::Status;
pub use workers::Workers;
