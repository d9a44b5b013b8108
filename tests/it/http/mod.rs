//! last4 over real sockets, in front of upstreams that answer byte for byte what a test says.

mod authority;
mod client;
mod connection_auth;
mod floods;
mod forwarding;
mod gzip;
mod http2;
mod kept_connections;
mod limits;
mod log;
mod masked_responses;
mod metrics;
mod observe;
mod odd_answers;
mod old_clients;
mod origin;
mod pages;
mod proxy;
mod request_bodies;
mod requests;
mod shares;
mod streaming;
mod targets;
mod tls;
mod unix_sockets;
mod upgrades;
mod upstream_http2;
mod write_backs;

/// A secret of the reference case, and how it is shown.
const SECRET: &str = "app-Zk8QwN3xRv7LmP2sTy9BcD4f";
const SHOWN: &str = "app-Z...cD4f";

/// A path on a masked route.
const KEYS: &str = "/console/api/apps/7f3c1a52-9d1e-4b6a-8c2f-0a1b2c3d4e5f/api-keys";
