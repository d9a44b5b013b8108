//! Sends requests to a proxy on one thread, over connections that are kept.
//!
//!     client ADDRESS PATH CONNECTIONS requests N      N requests, each connection as fast as it can
//!     client ADDRESS PATH CONNECTIONS seconds S       for S seconds, and until what was begun is answered
//!     client ADDRESS PATH CONNECTIONS rate R S        R a second for S seconds, late or not
//!
//! Each connection first makes one request that does not count. Then the client prints `ready` and waits for a line, so that a
//! caller can look at clocks when only the requests that count are ahead. At the end it prints one JSON object.

mod answer;
mod clock;
mod connection;
mod plan;
mod sender;

use plan::Order;
use std::process::ExitCode;

fn main() -> ExitCode {
    let arguments: Vec<String> = std::env::args().skip(1).collect();
    let Some(order) = Order::read(&arguments) else {
        eprintln!("usage: client ADDRESS PATH CONNECTIONS requests N | seconds S | rate R S");
        return ExitCode::from(64);
    };
    match sender::run(&order) {
        Ok(report) => {
            println!("{report}");
            ExitCode::SUCCESS
        }
        Err(error) => {
            eprintln!("client: {error}");
            ExitCode::FAILURE
        }
    }
}
