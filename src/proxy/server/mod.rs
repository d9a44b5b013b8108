//! The listeners and the threads that serve them.
//!
//! `workers` binds the address and starts the threads. Each runs `accept`: it accepts connections,
//! gives them to [`downstream`](super::downstream), and drains them at the end. `control` takes
//! reloads and the phases of a shutdown from the program to the workers.

pub(super) mod accept;
pub(super) mod control;
pub(super) mod workers;
