//! The reference pages hold what there is: every metric, and every key of the configuration.

use last4::config::{self, Sources};
use last4::metrics::{Metrics, families};
use last4::reason::{Reason, Stage};
use std::collections::{BTreeMap, BTreeSet};

const METRICS: &str = include_str!("../../src/manual/metrics.md");
const CONFIGURATION: &str = include_str!("../../src/manual/configuration.md");
const REFUSALS: &str = include_str!("../../src/manual/refusals.md");
const README: &str = include_str!("../../README.md");
const EXAMPLE: &str = include_str!("../../config/last4.toml");

/// The cells of a page's table rows whose first cell is code.
fn rows(page: &str) -> Vec<Vec<&str>> {
    let rows = page.lines().filter(|line| line.starts_with("| `"));
    rows.map(|row| row.trim_matches('|').split(" | ").map(str::trim).collect()).collect()
}

fn code(cell: &str) -> &str {
    cell.trim_matches('`')
}

#[test]
fn the_metrics_page_holds_every_metric_as_the_proxy_tells_it() {
    let of_code: Vec<_> = families()
        .map(|family| {
            let labels: Vec<_> = family.labels.iter().map(|label| format!("`{label}`")).collect();
            let labels = if labels.is_empty() { "none".to_owned() } else { labels.join(", ") };
            format!("| `{}` | {} | {labels} | {} |", family.name, family.kind, family.help)
        })
        .collect();
    let of_page: Vec<_> = METRICS.lines().filter(|line| line.starts_with("| `last4_")).collect();
    assert_eq!(of_page, of_code, "the table should be\n{}", of_code.join("\n"));
}

#[test]
fn the_page_of_a_running_proxy_holds_no_metric_that_is_not_declared() {
    let page = Metrics::default().page();
    let told: Vec<_> = page.lines().filter_map(|line| line.strip_prefix("# TYPE ")?.split(' ').next()).collect();
    assert_eq!(told, families().map(|family| family.name).collect::<Vec<_>>());
}

#[test]
fn the_page_of_refusals_holds_every_reason() {
    let row = |reason: Reason| {
        let (side, stage) = (format!("{:?}", reason.side()), format!("{:?}", reason.stage()));
        let (side, stage) = (side.to_lowercase(), stage.to_lowercase());
        format!("| `{reason}` | {} | {side} | {stage} | {} |", reason.status().as_str(), reason.detail())
    };
    let of_code: Vec<_> = Reason::ALL.into_iter().map(row).collect();
    let of_page: Vec<_> = REFUSALS.lines().filter(|line| line.starts_with("| `")).collect();
    assert_eq!(of_page, of_code, "the table should be\n{}", of_code.join("\n"));
}

#[test]
fn the_readme_names_every_reason_and_no_other() {
    let (_, listed) = README.split_once("with a stable `reason`:").unwrap();
    let (listed, _) = listed.split_once("No refusal, log line").unwrap();
    let of_readme: BTreeSet<_> = listed.split('`').skip(1).step_by(2).collect();
    assert_eq!(of_readme, Reason::ALL.map(Reason::as_str).into_iter().collect::<BTreeSet<_>>());
}

/// A label that is a reason is one of those that the metric's stage has, and each is there from the start.
#[test]
fn metrics_count_each_reason_where_the_request_ended() {
    let page = Metrics::default();
    let _worker = page.worker();
    let page = page.page();
    for (metric, stage) in
        [("last4_refused_requests_total", Stage::Request), ("last4_upstream_failures_total", Stage::Upstream)]
    {
        let start = format!("{metric}{{reason=\"");
        let labels = page.lines().filter_map(|line| line.strip_prefix(&*start)?.split('"').next());
        let of_code = Reason::ALL
            .into_iter()
            .filter(|reason| reason.stage() == stage || (stage == Stage::Upstream && *reason == Reason::Upgrade));
        assert_eq!(labels.collect::<Vec<_>>(), of_code.map(Reason::as_str).collect::<Vec<_>>(), "{metric}");
    }
}

/// The keys that the program knows in a table, which it lists where it is given one that it does not know.
fn known(table: &str) -> Option<Vec<String>> {
    let (text, key) = match table {
        "" => ("unheard_of = 1".to_owned(), "unheard_of".to_owned()),
        "page" | "route" => (format!("[[{table}]]\nunheard_of = 1"), format!("{table}[0].unheard_of")),
        table => (format!("[{table}]\nunheard_of = 1"), format!("{table}.unheard_of")),
    };
    let problems = config::load(&Sources::default().with_text("last4.toml", text)).unwrap_err();
    let problem = problems.iter().find(|problem| problem.key() == key)?;
    let (_, keys) = problem.message().split_once("known here are ").unwrap();
    Some(keys.split(", ").map(str::to_owned).collect())
}

/// Every key there is. Those by which a route overrides `[masking]` stand there once.
fn keys() -> BTreeSet<String> {
    let masking: BTreeSet<_> = known("masking").unwrap().into_iter().collect();
    let mut keys = BTreeSet::new();
    for key in known("").unwrap() {
        match known(&key) {
            None => assert!(keys.insert(key)),
            Some(inner) => {
                let own = inner.into_iter().filter(|inner| key != "route" || !masking.contains(inner));
                keys.extend(own.map(|inner| format!("{key}.{inner}")));
            }
        }
    }
    keys
}

#[test]
fn the_configuration_page_holds_every_key_and_no_other() {
    let of_page: Vec<_> = rows(CONFIGURATION).iter().map(|row| code(row[0]).to_owned()).collect();
    let once: BTreeSet<_> = of_page.iter().cloned().collect();
    assert_eq!(once.len(), of_page.len(), "a key stands twice");
    let of_code = keys();
    assert!(of_code.contains("upstream.url") && of_code.contains("route.name"), "{of_code:?}");
    let missing: Vec<_> = of_code.difference(&once).collect();
    assert!(missing.is_empty(), "not on the page: {missing:?}");
    let gone: Vec<_> = once.difference(&of_code).collect();
    assert!(gone.is_empty(), "there are no such keys: {gone:?}");
}

/// What the annotated file, whose values are checked against the code's defaults, says of each key.
fn written() -> BTreeMap<String, &'static str> {
    let mut table = String::new();
    let mut written = BTreeMap::new();
    for line in EXAMPLE.lines() {
        if let Some(name) = line.strip_prefix('[') {
            table = format!("{}.", name.trim_matches(['[', ']']));
        } else if let Some((key, value)) = line.trim_start_matches('#').split_once(" = ")
            && !line.starts_with("# ")
        {
            written.insert(format!("{table}{key}"), value);
        }
    }
    written
}

#[test]
fn every_key_has_its_default_its_unit_an_example_and_a_meaning() {
    let written = written();
    for row in rows(CONFIGURATION) {
        let [key, default, unit, example, meaning] = *row else { panic!("five cells, not {row:?}") };
        let key = code(key);
        assert!(!unit.is_empty() && meaning.ends_with('.'), "{row:?}");
        match default {
            "required" | "none" => {}
            default => assert_eq!(written.get(key), Some(&code(default)), "default of {key}"),
        }
        // An example is what could stand in a file, on its own.
        let (table, name) = key.rsplit_once('.').unwrap_or_default();
        let name = if table.is_empty() { key } else { name };
        let head = match table {
            "" => String::new(),
            "page" | "route" => format!("[[{table}]]\n"),
            table => format!("[{table}]\n"),
        };
        let text = format!("{head}{name} = {}", code(example));
        let problems = config::load(&Sources::default().with_text("last4.toml", text)).unwrap_err();
        let at = if head.starts_with("[[") { format!("{table}[0].{name}") } else { key.to_owned() };
        // Some keys need another beside them, and a file that is not here; none may be refused for its value.
        let is_needed =
            |message: &str| message.starts_with("has no effect without") || message.contains("cannot be read");
        let refused = problems.iter().find(|problem| problem.key().starts_with(&at) && !is_needed(problem.message()));
        assert!(refused.is_none(), "{refused:?}");
    }
}
