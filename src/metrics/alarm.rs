//! The alarm for routes that leak, or need no masks any more, in silence.
//!
//! An upgrade of the API that renames a field takes its mask away, and nothing else changes: such a route answers as ever, and what is
//! counted shows that nothing in its answers is selected. It is found from the counts, off the path of requests.

use super::route::RouteCounts;
use std::collections::BTreeMap;
use std::time::{Duration, Instant};

/// So many answers in a row make an alarm. Fewer may be lists that happen to be empty; many more would take a quiet route days.
const ANSWERS: u64 = 50;

/// An alarm that goes on is told again after this long.
const AGAIN: Duration = Duration::from_secs(3600);

/// What is wrong with a route.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(super) enum Alarm {
    /// All selected values arrive masked.
    AlreadyMasked,
    /// No answer holds a selected value.
    NothingSelected,
}

impl Alarm {
    pub(super) const ALL: [Self; 2] = [Self::AlreadyMasked, Self::NothingSelected];

    /// The word in labels.
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

/// What is known of all routes, from one look to the next.
#[derive(Debug, Default)]
pub(super) struct Alarms(BTreeMap<String, [Streak; 2]>);

/// Answers in a row that speak for an alarm.
#[derive(Debug, Default)]
struct Streak {
    /// What of all that was counted speaks against it; changed, it begins anew.
    against: u64,
    /// How many answers there had been when it began.
    since: u64,
    length: u64,
    told: Option<Instant>,
}

impl Alarms {
    /// Looks at what was counted, and warns of what is wrong: at once, and then once an hour.
    pub(super) fn look(&mut self, routes: &BTreeMap<String, RouteCounts>, now: Instant) {
        for (name, counts) in routes {
            if counts.is_left_out() {
                self.0.remove(name);
                continue;
            }
            let [answers, selecting, masked] = counts.for_alarms();
            let [already_masked, nothing_selected] = self.0.entry(name.clone()).or_default();
            already_masked.follow(selecting, masked);
            nothing_selected.follow(answers, selecting);
            for (streak, alarm) in [already_masked, nothing_selected].into_iter().zip(Alarm::ALL) {
                if streak.is_alarming() && streak.told.is_none_or(|told| now.duration_since(told) >= AGAIN) {
                    streak.told = Some(now);
                    alarm.warn(name, streak.length);
                }
            }
        }
    }

    /// The alarms of a route, and whether each is on.
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
    fn a_route_that_is_left_out_raises_no_alarm() {
        let routes = BTreeMap::from([("keys".to_owned(), RouteCounts::default())]);
        let (mut alarms, now) = (Alarms::default(), Instant::now());
        answer(&routes, ANSWERS, Values::default());
        alarms.look(&routes, now);
        assert_eq!(on(&alarms), ["nothing-selected"]);
        routes["keys"].leave_out();
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
            alarms.0["keys"][1].told.map(|told| (told - begun).as_secs() / 60)
        };
        assert_eq!([0, 59, 60, 100].map(&mut told), [Some(0), Some(0), Some(60), Some(60)]);
    }
}
