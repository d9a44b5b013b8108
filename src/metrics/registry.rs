//! The metrics of the process: all workers together.

use super::advice::Advice;
use super::alarm::Alarms;
use super::catalogue::{self as families, Family};
use super::instruments::Counter;
use super::page::Page;
use super::route::{Findings, RouteCounts, Values};
use super::worker::Worker;
use std::collections::BTreeMap;
use std::sync::{Arc, Mutex, MutexGuard, PoisonError};
use std::time::{Instant, SystemTime, UNIX_EPOCH};

/// The metrics of all workers. A process has one, whose counts outlast every reload.
#[derive(Debug)]
pub struct Metrics {
    workers: Mutex<Vec<Arc<Worker>>>,
    config_loaded: Mutex<SystemTime>,
    reloads_applied: Counter,
    reloads_refused: Counter,
    log_lines_dropped: Counter,
    alarms: Mutex<Alarms>,
    advice: Mutex<Advice>,
}

impl Default for Metrics {
    /// All counters at 0, and a configuration that was loaded now.
    fn default() -> Self {
        Self {
            workers: Mutex::default(),
            config_loaded: Mutex::new(SystemTime::now()),
            reloads_applied: Counter::default(),
            reloads_refused: Counter::default(),
            log_lines_dropped: Counter::default(),
            alarms: Mutex::default(),
            advice: Mutex::default(),
        }
    }
}

impl Metrics {
    /// Creates the metrics of a worker. They are kept for good: call this once for each worker.
    pub fn worker(&self) -> Arc<Worker> {
        let worker = Arc::new(Worker::new());
        self.workers.lock().unwrap_or_else(PoisonError::into_inner).push(Arc::clone(&worker));
        worker
    }

    /// Counts a reload that was applied.
    pub fn config_loaded(&self) {
        *self.config_loaded.lock().unwrap_or_else(PoisonError::into_inner) = SystemTime::now();
        self.reloads_applied.add(1);
    }

    /// Counts a reload that was refused, because the new configuration was wrong.
    pub fn config_refused(&self) {
        self.reloads_refused.add(1);
    }

    /// Counts lines of the log that were dropped.
    pub fn log_lines_dropped(&self, lines: u64) {
        self.log_lines_dropped.add(lines);
    }

    /// Logs a warning for each route with an alarm, and advice on creates that show no secret. Call
    /// this every few seconds, and before the process ends.
    pub fn check_alarms(&self) {
        let (_, routes) = self.aggregate();
        drop(self.look(&routes));
        self.advice.lock().unwrap_or_else(PoisonError::into_inner).look(&routes, Instant::now());
    }

    fn look(&self, routes: &BTreeMap<String, RouteCounts>) -> MutexGuard<'_, Alarms> {
        let mut alarms = self.alarms.lock().unwrap_or_else(PoisonError::into_inner);
        alarms.look(routes, Instant::now());
        alarms
    }

    /// Returns the page, in Prometheus's text format 0.0.4.
    pub fn page(&self) -> String {
        let (all, routes) = self.aggregate();
        let mut page = Page::default();
        page.family(&families::BUILD_INFO).add(&[env!("CARGO_PKG_VERSION")], 1);
        page.family(&families::CONFIG_LOADED).add(&[], format_args!("{:.3}", self.loaded_secs()));
        let mut reloads = page.family(&families::CONFIG_RELOADS);
        reloads.add(&["applied"], self.reloads_applied.get()).add(&["refused"], self.reloads_refused.get());
        routes_on(&mut page, &routes);
        let alarms = self.look(&routes);
        let mut alarming = page.family(&families::ALARM);
        for name in routes.keys().filter(|name| *name != families::OFF_ROUTES) {
            for (alarm, on) in alarms.of(name) {
                alarming.add(&[name, alarm.as_str()], u8::from(on));
            }
        }
        drop(alarms);
        page.family(&families::PAGES).add_each(&all.pages);
        page.family(&families::REFUSED).add_each(&all.refusals);
        let mut duration = page.family(&families::DURATION);
        for (name, counts) in &routes {
            duration.add_histogram(&[name], &counts.duration);
        }
        let mut upstream = page.family(&families::UPSTREAM_DURATION);
        for (name, counts) in &routes {
            upstream.add_histogram(&[name], &counts.upstream);
        }
        page.family(&families::IN_FLIGHT).add(&[], all.in_flight.get());
        page.family(&families::ACCEPTED).add(&[], all.accepted.get());
        page.family(&families::OPEN).add(&[], all.open.get());
        page.family(&families::HANDSHAKE_FAILURES).add_each(&all.handshake_failures);
        page.family(&families::UPSTREAM_OPENED).add(&[], all.upstream_opened.get());
        page.family(&families::UPSTREAM_REUSED).add(&[], all.upstream_reused.get());
        page.family(&families::UPSTREAM_FAILURES).add_each(&all.upstream_failures);
        page.family(&families::LOG_LINES_DROPPED).add(&[], self.log_lines_dropped.get());
        page.finish()
    }

    /// Adds all workers up: in total, and for each route.
    fn aggregate(&self) -> (Worker, BTreeMap<String, RouteCounts>) {
        let (all, mut routes) = (Worker::new(), BTreeMap::<String, RouteCounts>::new());
        for worker in self.workers.lock().unwrap_or_else(PoisonError::into_inner).iter() {
            all.merge(worker);
            for (name, counts) in worker.routes() {
                routes.entry(name).or_default().merge(&counts);
            }
        }
        (all, routes)
    }

    fn loaded_secs(&self) -> f64 {
        let loaded = *self.config_loaded.lock().unwrap_or_else(PoisonError::into_inner);
        loaded.duration_since(UNIX_EPOCH).unwrap_or_default().as_secs_f64()
    }
}

fn routes_on(page: &mut Page, routes: &BTreeMap<String, RouteCounts>) {
    let mut requests = page.family(&families::REQUESTS);
    for (name, counts) in routes {
        for (decision, class, count) in counts.requests() {
            requests.add(&[name, decision.as_str(), class], count);
        }
    }
    let observing = routes.iter().filter(|(name, _)| *name != families::OFF_ROUTES);
    let mut modes = page.family(&families::OBSERVING);
    for (name, counts) in observing {
        modes.add(&[name], u8::from(counts.observes()));
    }
    let done = [&families::VALUES, &families::WITHHELD, &families::WRITE_BACKS];
    findings_on(page, done, routes, |counts| &counts.done);
    let would_be = [&families::OBSERVED_VALUES, &families::OBSERVED_WITHHELD, &families::OBSERVED_WRITE_BACKS];
    findings_on(page, would_be, routes, |counts| &counts.would_be);
}

fn findings_on(
    page: &mut Page,
    [values, withheld, write_backs]: [&'static Family; 3],
    routes: &BTreeMap<String, RouteCounts>,
    of: fn(&RouteCounts) -> &Findings,
) {
    let is_route = |name: &str| name != families::OFF_ROUTES;
    let mut samples = page.family(values);
    for (name, counts) in routes.iter().filter(|(name, _)| is_route(name)) {
        let Values { masked, unchanged, revealed } = of(counts).all_values();
        samples.add(&[name, "masked"], masked).add(&[name, "unchanged"], unchanged).add(&[name, "revealed"], revealed);
    }
    let mut samples = page.family(withheld);
    for (name, counts) in routes {
        for (reason, count) in of(counts).all_withheld().filter(|(_, count)| is_route(name) || *count > 0) {
            samples.add(&[name, reason.as_str()], count);
        }
    }
    let mut samples = page.family(write_backs);
    for (name, counts) in routes.iter().filter(|(name, _)| is_route(name)) {
        samples.add(&[name], of(counts).all_write_backs());
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::reason::Reason;

    #[test]
    fn the_page_holds_every_metric_there_is_and_no_other() {
        let metrics = Metrics::default();
        metrics.worker().route("keys", true);
        let page = metrics.page();
        let told: Vec<_> = page.lines().filter_map(|line| line.strip_prefix("# TYPE ")).collect();
        let all: Vec<_> = families::families().map(|family| format!("{} {}", family.name, family.kind)).collect();
        assert_eq!(told, all);
    }

    #[test]
    fn workers_are_aggregate_and_a_routes_counts_outlast_its_configuration() {
        let metrics = Metrics::default();
        for worker in [metrics.worker(), metrics.worker()] {
            worker.upstream_opened();
            worker.refused(Reason::Host);
            for _ in 0..2 {
                worker.route("keys", false).done.values(Values { masked: 3, ..Values::default() });
            }
        }
        let page = metrics.page();
        for line in [
            "last4_upstream_connections_opened_total 2\n",
            "last4_refused_requests_total{reason=\"host\"} 2\n",
            "last4_values_total{route=\"keys\",treatment=\"masked\"} 12\n",
        ] {
            assert!(page.contains(line), "{line}{page}");
        }
    }
}
