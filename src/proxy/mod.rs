//! The reverse proxy: HTTP/1.1 and HTTP/2 in and out, with TLS or without, the masking layer between.
//!
//! A request goes through `server` (connections), `front` (what is refused, header fields), the [layer](crate::layer), and
//! `forward` (the upstream); its answer comes back the same way.

mod access;
mod activity;
mod admin;
mod books;
mod connect;
mod connection;
mod error;
mod forward;
mod front;
mod gather;
mod head_timer;
mod headers;
mod last_words;
mod listener;
mod load;
mod multiplex;
mod observed;
mod opening;
mod orders;
mod peer;
mod pool;
mod prefix;
mod readiness;
mod record;
mod request_body;
mod sender;
mod server;
mod settings;
mod setup;
mod shared_port;
mod socket;
mod socket_file;
mod status;
mod stream;
mod timer;
mod tunnel;
mod workers;

pub use access::ACCESS_LOG;
pub use admin::serve_admin;
pub use error::{ForwardError, UpstreamError};
pub use forward::Forward;
pub use front::{Front, FrontFuture, PeerService, ResponseBody};
pub use listener::{ListenAddress, Listener, Port, bind};
pub use observed::ObservedBody;
pub use peer::PeerAddress;
pub use pool::UpstreamBody;
pub use request_body::RequestBody;
pub use server::serve;
pub use settings::{DEFAULT_MAX_HEADERS, Forwarded, Limits, Settings, Transport, Upstream};
pub use setup::Setup;
pub use shared_port::SharedPort;
pub use socket_file::MAX_SOCKET_PATH;
pub use status::Status;
pub use workers::Workers;
