//! Alarms for routes whose masks have stopped working, or are no longer needed.
//!
//! If an upgrade of the API renames a field, the field is no longer masked, and nothing else
//! changes. The counts show it: the route answers as before, and its answers hold no selected
//! value. The counts are compared off the path of requests.

use super::route::RouteCounts;
use std::collections::BTreeMap;
use std::time::{Duration, Instant};

/// Lists in a row that raise an alarm. Fewer may be empty by chance. Many more would take days on a
/// quiet route.
const ANSWERS: u64 = 50;

/// How long until a lasting alarm is logged again.
const AGAIN: Duration = Duration::from_secs(3600);

/// A fault of a route.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(super) enum Alarm {
    /// All selected values came masked from the upstream.
    AlreadyMasked,
    /// No list holds a selected value.
    NothingSelected,
}

impl Alarm {
    pub(super) const ALL: [Self; 2] = [Self::AlreadyMasked, Self::NothingSelected];

    /// Returns the value of the label `alarm`.
    pub(super) fn as_str(self) -> &'static str {
        match self {
            Self::AlreadyMasked => "already-masked",
            Self::NothingSelected => "nothing-selected",
        }
    }

    fn warn(self, route: &str, answers: u64) {
        match self {
            Self::AlreadyMasked => tracing::warn!(
                route,
                answers,
                "every selected value arrives masked: does the API mask this list itself now?"
            ),
            Self::NothingSelected => tracing::warn!(
                route,
                answers,
                "no answer holds a value in a selected field: is the field called otherwise now? Then it is NOT masked"
            ),
        }
    }
}

/// The state of the alarms of all routes.
#[derive(Debug, Default)]
pub(super) struct Alarms(BTreeMap<String, [Streak; 2]>);

/// The number of lists in a row for which an alarm's condition holds.
#[derive(Debug, Default)]
struct Streak {
    /// A count that rises when the condition does not hold, which starts the streak anew.
    against: u64,
    /// The number of lists when the streak started.
    since: u64,
    length: u64,
    logged_at: Option<Instant>,
}

impl Alarms {
    /// Compares the counts, and logs a warning for each alarm: at once, and then every hour.
    pub(super) fn look(&mut self, routes: &BTreeMap<String, RouteCounts>, now: Instant) {
        for (name, counts) in routes {
            if counts.is_retired() {
                self.0.remove(name);
                continue;
            }
            let [answers, selecting, masked] = counts.for_alarms();
            let [already_masked, nothing_selected] = self.0.entry(name.clone()).or_default();
            already_masked.follow(selecting, masked);
            nothing_selected.follow(answers, selecting);
            for (streak, alarm) in [already_masked, nothing_selected].into_iter().zip(Alarm::ALL) {
                if streak.is_alarming() && streak.logged_at.is_none_or(|at| now.duration_since(at) >= AGAIN) {
                    streak.logged_at = Some(now);
                    alarm.warn(name, streak.length);
                }
            }
        }
    }

    /// Returns each alarm, and whether it is raised for the route.
    pub(super) fn of(&self, route: &str) -> impl Iterator<Item = (Alarm, bool)> {
        let streaks = self.0.get(route);
        Alarm::ALL.into_iter().enumerate().map(move |(position, alarm)| {
            (alarm, streaks.and_then(|streaks| streaks.get(position)).is_some_and(Streak::is_alarming))
        })
    }
}

impl Streak {
    fn follow(&mut self, answers: u64, against: u64) {
        if self.against != against {
            (self.against, self.since) = (against, answers);
        }
        self.length = answers.saturating_sub(self.since);
    }

    fn is_alarming(&self) -> bool {
        self.length >= ANSWERS
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::metrics::Values;

    fn on(alarms: &Alarms) -> Vec<&'static str> {
        alarms.of("keys").filter(|(_, on)| *on).map(|(alarm, _)| alarm.as_str()).collect()
    }

    fn answer(routes: &BTreeMap<String, RouteCounts>, times: u64, values: Values) {
        for _ in 0..times {
            routes["keys"].answer(values != Values::default());
            routes["keys"].done.values(values);
        }
    }

    #[test]
    fn fifty_answers_without_a_selected_value_are_an_alarm_until_there_is_one() {
        let routes = BTreeMap::from([("keys".to_owned(), RouteCounts::default())]);
        let (mut alarms, now) = (Alarms::default(), Instant::now());
        answer(&routes, ANSWERS - 1, Values::default());
        alarms.look(&routes, now);
        assert!(on(&alarms).is_empty());
        answer(&routes, 1, Values::default());
        alarms.look(&routes, now);
        assert_eq!(on(&alarms), ["nothing-selected"]);
        answer(&routes, 1, Values { masked: 2, ..Values::default() });
        alarms.look(&routes, now);
        assert!(on(&alarms).is_empty());
        // Renamed while it runs.
        answer(&routes, ANSWERS, Values::default());
        alarms.look(&routes, now);
        assert_eq!(on(&alarms), ["nothing-selected"]);
    }

    #[test]
    fn a_route_that_is_retired_raises_no_alarm() {
        let routes = BTreeMap::from([("keys".to_owned(), RouteCounts::default())]);
        let (mut alarms, now) = (Alarms::default(), Instant::now());
        answer(&routes, ANSWERS, Values::default());
        alarms.look(&routes, now);
        assert_eq!(on(&alarms), ["nothing-selected"]);
        routes["keys"].retire();
        alarms.look(&routes, now);
        assert!(on(&alarms).is_empty());
    }

    #[test]
    fn fifty_answers_whose_values_all_came_masked_are_an_alarm() {
        let routes = BTreeMap::from([("keys".to_owned(), RouteCounts::default())]);
        let mut alarms = Alarms::default();
        answer(&routes, ANSWERS, Values { unchanged: 3, ..Values::default() });
        alarms.look(&routes, Instant::now());
        assert_eq!(on(&alarms), ["already-masked"]);
        answer(&routes, 1, Values { masked: 1, unchanged: 3, ..Values::default() });
        alarms.look(&routes, Instant::now());
        assert!(on(&alarms).is_empty());
    }

    #[test]
    fn an_alarm_that_goes_on_is_told_once_an_hour() {
        let routes = BTreeMap::from([("keys".to_owned(), RouteCounts::default())]);
        let (mut alarms, begun) = (Alarms::default(), Instant::now());
        answer(&routes, ANSWERS, Values::default());
        let mut told = |minutes: u64| {
            alarms.look(&routes, begun + Duration::from_secs(minutes * 60));
            alarms.0["keys"][1].logged_at.map(|at| (at - begun).as_secs() / 60)
        };
        assert_eq!([0, 59, 60, 100].map(&mut told), [Some(0), Some(0), Some(60), Some(60)]);
    }
}
