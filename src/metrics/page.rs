//! Writes the page in Prometheus's text format, version 0.0.4.

use super::catalogue::Family;
use super::instruments::{BOUNDS_MICROS, CounterVec, Histogram};
use std::fmt::{Display, Write};

/// A page that is being written: one family after another, each with all its samples.
#[derive(Default)]
pub(super) struct Page {
    text: String,
}

impl Page {
    pub(super) fn family(&mut self, family: &'static Family) -> Samples<'_> {
        let Family { name, kind, help, .. } = family;
        // No help text has a backslash or a line feed, which would have to be escaped.
        self.line(format_args!("# HELP {name} {help}\n# TYPE {name} {kind}\n"));
        Samples { page: self, family }
    }

    pub(super) fn finish(self) -> String {
        self.text
    }

    fn line(&mut self, line: std::fmt::Arguments<'_>) {
        // Writing to a string never fails.
        let _ = self.text.write_fmt(line);
    }
}

/// Writes the samples of one family.
pub(super) struct Samples<'a> {
    page: &'a mut Page,
    family: &'static Family,
}

impl Samples<'_> {
    /// Writes one sample, with the values of the family's labels.
    pub(super) fn add(&mut self, values: &[&str], number: impl Display) -> &mut Self {
        self.sample("", values, None, number);
        self
    }

    /// Writes one sample for each value of the family's only label.
    pub(super) fn add_each(&mut self, counters: &CounterVec) {
        for (value, count) in counters.counts() {
            self.add(&[value], count);
        }
    }

    /// Writes all samples of a histogram.
    pub(super) fn add_histogram(&mut self, values: &[&str], histogram: &Histogram) {
        let bounds = BOUNDS_MICROS.iter().map(|&bound| seconds(bound)).chain(["+Inf".to_owned()]);
        let mut count = 0;
        for (bound, so_far) in bounds.zip(histogram.cumulative()) {
            self.sample("_bucket", values, Some(&bound), so_far);
            count = so_far;
        }
        self.sample("_sum", values, None, seconds(histogram.sum_micros()));
        self.sample("_count", values, None, count);
    }

    fn sample(&mut self, suffix: &str, values: &[&str], le: Option<&str>, number: impl Display) {
        let named = self.family.labels.iter().copied().zip(values.iter().copied());
        let labels: Vec<_> = named
            .chain(le.map(|bound| ("le", bound)))
            .map(|(name, value)| format!("{name}=\"{}\"", escaped(value)))
            .collect();
        let (open, close) = if labels.is_empty() { ("", "") } else { ("{", "}") };
        let (name, labels) = (self.family.name, labels.join(","));
        self.page.line(format_args!("{name}{suffix}{open}{labels}{close} {number}\n"));
    }
}

fn escaped(value: &str) -> String {
    value.replace('\\', "\\\\").replace('"', "\\\"").replace('\n', "\\n")
}

/// Formats microseconds as seconds.
fn seconds(micros: u64) -> String {
    let (whole, part) = (micros / 1_000_000, micros % 1_000_000);
    if part == 0 { whole.to_string() } else { format!("{whole}.{part:06}").trim_end_matches('0').to_owned() }
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::metrics::catalogue::{DURATION, IN_FLIGHT};
    use std::time::Duration;

    #[test]
    fn a_sample_reads_as_the_format_says() {
        let mut page = Page::default();
        page.family(&IN_FLIGHT).add(&[], 3);
        let histogram = Histogram::default();
        histogram.observe(Duration::from_micros(1_500_000));
        page.family(&DURATION).add_histogram(&["a\"b\\"], &histogram);
        let text = page.finish();
        for line in [
            "# TYPE last4_requests_in_flight gauge\nlast4_requests_in_flight 3\n",
            "# TYPE last4_request_duration_seconds histogram\n",
            "last4_request_duration_seconds_bucket{route=\"a\\\"b\\\\\",le=\"0.0005\"} 0\n",
            "last4_request_duration_seconds_bucket{route=\"a\\\"b\\\\\",le=\"2.5\"} 1\n",
            "last4_request_duration_seconds_bucket{route=\"a\\\"b\\\\\",le=\"+Inf\"} 1\n",
            "last4_request_duration_seconds_sum{route=\"a\\\"b\\\\\"} 1.5\n",
            "last4_request_duration_seconds_count{route=\"a\\\"b\\\\\"} 1\n",
        ] {
            assert!(text.contains(line), "{line}{text}");
        }
    }
}
