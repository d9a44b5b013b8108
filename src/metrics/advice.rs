//! What an operator is told about creates that show no secret.
//!
//! An API may wrap what it creates, so that its secret stands below the top level and is masked: nobody ever sees it. A list may look the
//! same from the outside, and must stay masked. So the line says what to make sure of, and is written now and then, not with each answer.

use super::route::RouteCounts;
use std::collections::BTreeMap;
use std::time::{Duration, Instant};

/// What goes on is told again after this long.
const AGAIN: Duration = Duration::from_secs(600);

/// What was told of each route.
#[derive(Debug, Default)]
pub(super) struct Advice(BTreeMap<String, Told>);

#[derive(Debug)]
struct Told {
    at: Instant,
    /// How many such answers there had been.
    answers: u64,
}

impl Advice {
    /// Looks at what was counted, and gives advice on what is new.
    pub(super) fn look(&mut self, routes: &BTreeMap<String, RouteCounts>, now: Instant) {
        for (route, counts) in routes.iter().filter(|(_, counts)| !counts.is_left_out()) {
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

    /// How many answers there are to tell of, if it is time to.
    fn new_answers(&mut self, route: &str, answers: u64, now: Instant) -> Option<u64> {
        let before = self.0.get(route);
        let new = answers - before.map_or(0, |told| told.answers);
        if new == 0 || before.is_some_and(|told| now.duration_since(told.at) < AGAIN) {
            return None;
        }
        self.0.insert(route.to_owned(), Told { at: now, answers });
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
