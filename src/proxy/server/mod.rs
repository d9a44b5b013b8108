//! The listeners and the threads that serve them.
//!
//! `workers` binds the address and starts the threads. Each thread runs `accept`, which accepts
//! connections, passes them to [`downstream`](super::downstream), and drains them at shutdown.
//! `control` sends reloads and shutdown phases to the workers.

pub(super) mod accept;
pub(super) mod control;
pub(super) mod workers;
