//! What is asked of the engine, and whether it holds.

use crate::engines::{COPY, OURS, PUBLIC, STREAMED};
use crate::table::Table;

/// Returns one line for each goal: the least that is required, the goal, and the measured value.
pub(crate) fn verdicts(table: &Table) -> Vec<String> {
    // As in a proxy: masked text is written piece by piece, and the whole is never in memory.
    let against_copy = |body| table.speed(STREAMED, body) / table.speed(COPY, body);
    let (name, best) = PUBLIC
        .iter()
        .map(|name| (*name, table.speed(name, "dense")))
        .max_by(|a, b| a.1.total_cmp(&b.1))
        .expect("there are some");
    let nanoseconds = table.nanoseconds(OURS, "small");
    vec![
        at_least("dense, against memcpy of the whole", 0.28, 0.45, against_copy("dense")),
        at_least("pretty-printed, against memcpy of the whole", 0.28, 0.45, against_copy("pretty")),
        at_least("sparse, against memcpy of the whole", 0.45, 0.85, against_copy("sparse")),
        at_least(&format!("dense, against {name}"), 3.0, 5.0, table.speed(OURS, "dense") / best),
        line("one body of 1.5 kB, in ns", 400.0, 220.0, nanoseconds, nanoseconds <= 400.0, nanoseconds <= 220.0),
    ]
}

fn at_least(what: &str, must: f64, goal: f64, measured: f64) -> String {
    line(what, must, goal, measured, measured >= must, measured >= goal)
}

fn line(what: &str, must: f64, goal: f64, measured: f64, holds: bool, reaches: bool) -> String {
    let verdict = match (holds, reaches) {
        (true, true) => "goal reached",
        (true, false) => "must holds",
        _ => "MUST MISSED",
    };
    let digits = if measured >= 100.0 { 0 } else { 2 };
    format!("{verdict:12}  {what}: {measured:.digits$} (must {must}, goal {goal})")
}
