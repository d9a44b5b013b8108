//! What to send, and when.

use std::time::Duration;

pub(crate) enum Plan {
    /// Each connection sends as soon as it has its answer, until so many requests were sent by all.
    Requests(usize),
    /// The same until the time is over; requests in flight are then waited for, so that all that were begun count.
    Seconds(Duration),
    /// So many requests a second for so long, whether answers come in time or not.
    Rate { interval: Duration, requests: usize },
}

pub(crate) struct Order {
    pub(crate) address: String,
    pub(crate) path: String,
    pub(crate) connections: usize,
    pub(crate) plan: Plan,
}

impl Order {
    /// Reads `ADDRESS PATH CONNECTIONS requests N | seconds S | rate R S`.
    pub(crate) fn read(arguments: &[String]) -> Option<Self> {
        let [address, path, connections, plan @ ..] = arguments else { return None };
        let plan = match plan {
            [kind, number] if kind == "requests" => Plan::Requests(number.parse().ok()?),
            [kind, number] if kind == "seconds" => Plan::Seconds(seconds(number)?),
            [kind, rate, number] if kind == "rate" => {
                let interval = Duration::from_secs(1).checked_div(rate.parse().ok()?)?;
                let requests = seconds(number)?.as_nanos().checked_div(interval.as_nanos())?;
                Plan::Rate { interval, requests: requests.try_into().ok()? }
            }
            _ => return None,
        };
        Some(Self { address: address.clone(), path: path.clone(), connections: connections.parse().ok()?, plan })
    }
}

fn seconds(text: &str) -> Option<Duration> {
    Duration::try_from_secs_f64(text.parse().ok()?).ok()
}
