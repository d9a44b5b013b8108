//! Advice to the operator on creates that show no secret.
//!
//! If an API wraps the object that it creates, the secret is below the top level and is masked, so
//! that it is never seen. But a list may look the same, and must stay masked. So the log line names
//! what to check, and is written every few minutes, not for each answer.

use super::route::RouteCounts;
use std::collections::BTreeMap;
use std::time::{Duration, Instant};

/// How long until the advice on a route is logged again.
const AGAIN: Duration = Duration::from_secs(600);

/// The advice that was logged, by route.
#[derive(Debug, Default)]
pub(super) struct Advice(BTreeMap<String, LastLogged>);

#[derive(Debug)]
struct LastLogged {
    at: Instant,
    /// The number of such answers at that time.
    answers: u64,
}

impl Advice {
    /// Compares the counts, and logs advice on routes with new answers.
    pub(super) fn look(&mut self, routes: &BTreeMap<String, RouteCounts>, now: Instant) {
        for (route, counts) in routes.iter().filter(|(_, counts)| !counts.is_retired()) {
            if let Some(answers) = self.new_answers(route, counts.all_unrevealed(), now) {
                tracing::warn!(
                    route,
                    answers,
                    "objects that may reveal their secret showed none: one value below their top level was masked. If it is the secret of \
                     what was created, and lists never come by this method, name its path in `reveal_fields`"
                );
            }
        }
    }

    /// Returns the number of new answers, if advice on them is due.
    fn new_answers(&mut self, route: &str, answers: u64, now: Instant) -> Option<u64> {
        let before = self.0.get(route);
        let new = answers - before.map_or(0, |last| last.answers);
        if new == 0 || before.is_some_and(|last| now.duration_since(last.at) < AGAIN) {
            return None;
        }
        self.0.insert(route.to_owned(), LastLogged { at: now, answers });
        Some(new)
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn advice_is_given_at_once_and_then_every_ten_minutes_with_what_is_new() {
        let (mut advice, begun) = (Advice::default(), Instant::now());
        let mut new =
            |minutes: u64, answers| advice.new_answers("keys", answers, begun + Duration::from_secs(minutes * 60));
        assert_eq!(new(0, 0), None);
        assert_eq!(new(1, 1), Some(1));
        assert_eq!(new(2, 900), None);
        assert_eq!(new(11, 1000), Some(999));
        assert_eq!(new(30, 1000), None);
        assert_eq!(new(31, 1001), Some(1));
    }
}
